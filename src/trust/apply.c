/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Applies staged changes to trust data being edited, as Notary's client does (trust.md section 3):
 * the same change gives the same metadata, whoever publishes it.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/sorted.h"
#include "trust/edit_private.h"

#define EVERY_DELEGATION "targets/*"

/* --- targets ------------------------------------------------------------------------------- */

/* Each delegation from targets down to @role must be there, and cover @name. */
static gboolean check_delegated(const PvEdit *edit, const char *role, const char *name,
				GError **error)
{
	g_autofree char *child = g_strdup(role);

	while (strcmp(child, "targets") != 0) {
		const PvRole *keys = pv_edit_keys(edit, child);
		char *parent;

		if (!keys)
			return pv_fail(error, PV_ERROR_ROLE, "nobody delegated to %s", child);
		if (!pv_role_covers(keys, name))
			return pv_fail(error, PV_ERROR_REFUSED,
				       "\"%.128s\" is not below the paths of %s", name, child);
		parent = g_path_get_dirname(child);
		g_free(child);
		child = parent;
	}
	return TRUE;
}

/* The role's targets as a table of its own; names and metas stay borrowed. */
static GHashTable *own_files(PvEditRole *role)
{
	GHashTable *files;
	GHashTableIter iter;
	void *name, *meta;

	if (role->own_files)
		return role->files;
	files = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_iter_init(&iter, role->files);
	while (g_hash_table_iter_next(&iter, &name, &meta))
		g_hash_table_insert(files, name, meta);
	role->files = files;
	role->own_files = TRUE;
	return files;
}

static gboolean same_meta(const PvFileMeta *a, const PvFileMeta *b)
{
	gboolean same_custom = a->custom && b->custom ? g_bytes_equal(a->custom, b->custom)
						      : a->custom == b->custom;

	return a->length == b->length && same_custom && a->sha256.size == b->sha256.size &&
	       a->sha512.size == b->sha512.size &&
	       (a->sha256.size == 0 || pv_digest_equal(&a->sha256, &b->sha256)) &&
	       (a->sha512.size == 0 || pv_digest_equal(&a->sha512, &b->sha512));
}

static gboolean add_target(PvEdit *edit, const PvChange *change, GError **error)
{
	g_autoptr(PvFileMeta) meta = pv_change_target(change, error);
	const PvFileMeta *before;
	PvEditRole *role;
	char *name;

	if (!meta || !check_delegated(edit, change->role, change->path, error))
		return FALSE;
	role = pv_edit_role_make(edit, change->role, error);
	if (!role)
		return FALSE;
	before = g_hash_table_lookup(role->files, change->path);
	if (before && same_meta(before, meta))
		return TRUE;
	if (!before && g_hash_table_size(role->files) >= PV_TARGETS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s has %d targets already", change->role,
			       PV_TARGETS_MAX);
	name = g_strdup(change->path);
	g_ptr_array_add(edit->texts, name);
	g_ptr_array_add(edit->metas, meta);
	g_hash_table_replace(own_files(role), name, g_steal_pointer(&meta));
	role->dirty = TRUE;
	return TRUE;
}

static gboolean remove_target(PvEdit *edit, const PvChange *change, GError **error)
{
	PvEditRole *role = pv_edit_role_mutable(edit, change->role);

	if (!role && strcmp(change->role, "targets") != 0 && !pv_edit_keys(edit, change->role))
		return pv_fail(error, PV_ERROR_ROLE, "nobody delegated to %s", change->role);
	if (!role || !g_hash_table_contains(role->files, change->path))
		return TRUE;
	g_hash_table_remove(own_files(role), change->path);
	role->dirty = TRUE;
	return TRUE;
}

static gboolean apply_target(PvEdit *edit, const PvChange *change, GError **error)
{
	if (change->action == PV_CHANGE_DELETE)
		return remove_target(edit, change, error);
	return add_target(edit, change, error);
}

/* --- delegations --------------------------------------------------------------------------- */

static gboolean has_text(const GPtrArray *texts, const char *text)
{
	for (guint i = 0; i < texts->len; i++) {
		if (strcmp(texts->pdata[i], text) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean remove_keys(PvRole *role, const GPtrArray *canonical_ids)
{
	gboolean removed = FALSE;

	for (guint i = role->keys->len; i > 0; i--) {
		const PvPublicKey *key = role->keys->pdata[i - 1];

		if (!has_text(canonical_ids, pv_public_key_canonical_id(key)) &&
		    !has_text(canonical_ids, pv_public_key_id(key)))
			continue;
		g_ptr_array_remove_index(role->keys, i - 1);
		removed = TRUE;
	}
	return removed;
}

static void add_keys(PvRole *role, const GPtrArray *keys)
{
	for (guint i = 0; i < keys->len; i++) {
		PvPublicKey *key = keys->pdata[i];
		gboolean there = FALSE;

		for (guint k = 0; k < role->keys->len; k++)
			there = there || strcmp(pv_public_key_id(role->keys->pdata[k]),
						pv_public_key_id(key)) == 0;
		if (!there)
			g_ptr_array_add(role->keys, pv_public_key_ref(key));
	}
}

static void change_paths(PvRole *role, const PvDelegationChange *content)
{
	if (content->clear_paths)
		g_ptr_array_set_size(role->paths, 0);
	for (guint i = 0; i < content->add_paths->len; i++) {
		if (!has_text(role->paths, content->add_paths->pdata[i]))
			g_ptr_array_add(role->paths, g_strdup(content->add_paths->pdata[i]));
	}
	for (guint i = role->paths->len; i > 0; i--) {
		if (has_text(content->remove_paths, role->paths->pdata[i - 1]))
			g_ptr_array_remove_index(role->paths, i - 1);
	}
	pv_sort_texts(role->paths);
}

static PvRole *new_delegation(PvEditRole *parent, const char *name)
{
	PvRole *role = pv_role_new(name, 1);

	role->paths = g_ptr_array_new_with_free_func(g_free);
	g_hash_table_insert(parent->roles, role->name, role);
	g_ptr_array_add(parent->role_order, role->name);
	return role;
}

static gboolean change_delegation(PvEdit *edit, PvEditRole *parent, const PvChange *change,
				  GError **error)
{
	g_autoptr(PvDelegationChange) content = pv_change_delegation_content(change, error);
	PvRole *role = g_hash_table_lookup(parent->roles, change->role);

	if (!content)
		return FALSE;
	if (!role && change->action == PV_CHANGE_UPDATE)
		return pv_fail(error, PV_ERROR_ROLE, "nobody delegated to %s", change->role);
	if (!role && content->add_keys->len == 0)
		return pv_fail(error, PV_ERROR_ROLE,
			       "nobody delegated to %s, and a new delegation needs a key",
			       change->role);
	if (!role && parent->role_order->len >= PV_DELEGATIONS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s delegates to %d roles already",
			       parent->name, PV_DELEGATIONS_MAX);
	if (!role)
		role = new_delegation(parent, change->role);
	remove_keys(role, content->remove_keys);
	add_keys(role, content->add_keys);
	if (content->threshold)
		role->threshold = content->threshold;
	change_paths(role, content);
	parent->dirty = TRUE;
	return TRUE;
}

/* With all below it: roles that nobody delegates to any more. */
static void drop_delegation(PvEdit *edit, PvEditRole *parent, const char *name)
{
	g_autofree char *below = g_strconcat(name, "/", NULL);
	PvRole *role = g_hash_table_lookup(parent->roles, name);
	GHashTableIter iter;
	void *other;

	if (!role)
		return;
	g_hash_table_iter_init(&iter, edit->roles);
	while (g_hash_table_iter_next(&iter, &other, NULL)) {
		if (strcmp(other, name) == 0 || g_str_has_prefix(other, below))
			g_hash_table_iter_remove(&iter);
	}
	g_hash_table_remove(edit->unverified, name);
	g_ptr_array_remove(parent->role_order, role->name);
	g_hash_table_remove(parent->roles, name);
	parent->dirty = TRUE;
}

static gboolean purge_keys(PvEdit *edit, const PvChange *change, GError **error)
{
	g_autoptr(PvDelegationChange) content = pv_change_delegation_content(change, error);
	GHashTableIter iter, inner;
	PvEditRole *parent;
	PvRole *role;

	if (!content)
		return FALSE;
	g_hash_table_iter_init(&iter, edit->roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&parent)) {
		g_hash_table_iter_init(&inner, parent->roles);
		while (g_hash_table_iter_next(&inner, NULL, (void **)&role)) {
			if (remove_keys(role, content->remove_keys))
				parent->dirty = TRUE;
		}
	}
	return TRUE;
}

static gboolean apply_delegation(PvEdit *edit, const PvChange *change, GError **error)
{
	g_autofree char *parent_name = NULL;
	PvEditRole *parent;
	PvRoleKind kind;

	if (strcmp(change->role, EVERY_DELEGATION) == 0)
		return purge_keys(edit, change, error);
	if (!pv_role_kind(change->role, &kind, error))
		return FALSE;
	if (kind != PV_ROLE_DELEGATION)
		return pv_fail(error, PV_ERROR_ROLE, "%s is no delegation", change->role);
	parent_name = g_path_get_dirname(change->role);
	if (strcmp(parent_name, "targets") != 0 && !pv_edit_keys(edit, parent_name))
		return pv_fail(error, PV_ERROR_ROLE, "nobody delegated to %s", parent_name);
	if (change->action == PV_CHANGE_DELETE && !pv_edit_role(edit, parent_name))
		return TRUE;
	parent = pv_edit_role_make(edit, parent_name, error);
	if (!parent)
		return FALSE;
	if (change->action != PV_CHANGE_DELETE)
		return change_delegation(edit, parent, change, error);
	drop_delegation(edit, parent, change->role);
	return TRUE;
}

/* --- witnessing ---------------------------------------------------------------------------- */

static gboolean apply_witness(PvEdit *edit, const PvChange *change, GError **error)
{
	PvEditRole *role = pv_edit_role_mutable(edit, change->role);
	const PvRole *keys = pv_edit_keys(edit, change->role);
	PvMetadata *unverified = g_hash_table_lookup(edit->unverified, change->role);

	if (!keys || (!role && !unverified))
		return pv_fail(error, PV_ERROR_ROLE, "role %.128s is not known here", change->role);
	if (keys->keys->len < keys->threshold)
		return pv_fail(error, PV_ERROR_ROLE,
			       "role %s has %u keys and needs %u signatures: give it keys first",
			       change->role, keys->keys->len, keys->threshold);
	if (!role)
		role = pv_edit_role_take(edit, unverified);
	role->dirty = TRUE;
	return TRUE;
}

gboolean pv_edit_apply(PvEdit *edit, const PvChange *change, GError **error)
{
	gboolean below_targets =
		strcmp(change->role, "targets") == 0 || g_str_has_prefix(change->role, "targets/");

	if (!below_targets || change->type == PV_CHANGE_ROLE)
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "scope not supported: %.128s",
			       change->role);
	switch (change->type) {
	case PV_CHANGE_TARGET:
		return apply_target(edit, change, error);
	case PV_CHANGE_DELEGATION:
		return apply_delegation(edit, change, error);
	default:
		return apply_witness(edit, change, error);
	}
}

gboolean pv_edit_apply_all(PvEdit *edit, const GPtrArray *changes, GError **error)
{
	for (guint i = 0; i < changes->len; i++) {
		const PvChange *change = changes->pdata[i];

		if (!pv_edit_apply(edit, change, error))
			return pv_fail_wrap(error, "change %u (%s %s)", i,
					    pv_change_action_name(change->action), change->role);
	}
	return TRUE;
}
