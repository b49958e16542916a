/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Verified trust data as a working copy. A role's targets are borrowed from the metadata until one
 * changes: a repository with 10,000 tags is not copied to witness a delegation.
 */

#include "trust/edit.h"

#include <string.h>

#include "base/error.h"
#include "base/sorted.h"
#include "trust/edit_private.h"

static void role_free(void *data)
{
	PvEditRole *role = data;

	if (role->own_files)
		g_hash_table_unref(role->files);
	g_hash_table_unref(role->roles);
	g_ptr_array_unref(role->role_order);
	g_free(role->name);
	g_free(role);
}

static PvEditRole *role_new(PvEdit *edit, const char *name)
{
	PvEditRole *role = g_new0(PvEditRole, 1);

	role->name = g_strdup(name);
	role->roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	role->role_order = g_ptr_array_new();
	g_hash_table_insert(edit->roles, role->name, role);
	return role;
}

PvEditRole *pv_edit_role_take(PvEdit *edit, PvMetadata *metadata)
{
	PvEditRole *role = role_new(edit, metadata->role);

	g_ptr_array_add(edit->kept, pv_metadata_ref(metadata));
	role->version = metadata->version;
	role->expires = metadata->expires;
	role->files = metadata->files;
	for (guint i = 0; i < metadata->role_order->len; i++) {
		PvRole *copy = pv_role_copy(
			g_hash_table_lookup(metadata->roles, metadata->role_order->pdata[i]));

		g_hash_table_insert(role->roles, copy->name, copy);
		g_ptr_array_add(role->role_order, copy->name);
	}
	return role;
}

PvEditRole *pv_edit_role_make(PvEdit *edit, const char *name, GError **error)
{
	PvEditRole *role = pv_edit_role_mutable(edit, name);

	if (role)
		return role;
	if (g_hash_table_contains(edit->unverified, name))
		return pv_fail_null(error, PV_ERROR_ROLE,
				    "what %s says is not signed by enough of its keys: witness it "
				    "first, or remove it",
				    name);
	role = role_new(edit, name);
	role->files = g_hash_table_new(g_str_hash, g_str_equal);
	role->own_files = TRUE;
	role->dirty = TRUE;
	return role;
}

PvEditRole *pv_edit_role_mutable(PvEdit *edit, const char *name)
{
	return g_hash_table_lookup(edit->roles, name);
}

static PvEdit *edit_new(PvMetadata *root)
{
	PvEdit *edit = g_new0(PvEdit, 1);
	GHashTableIter iter;
	PvRole *role;

	edit->root = pv_metadata_ref(root);
	edit->root_roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	g_hash_table_iter_init(&iter, root->roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
		PvRole *copy = pv_role_copy(role);

		g_hash_table_insert(edit->root_roles, copy->name, copy);
	}
	edit->other_keys = g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	for (guint i = 0; root->other_keys && i < root->other_keys->len; i++)
		g_ptr_array_add(edit->other_keys, pv_public_key_ref(root->other_keys->pdata[i]));
	edit->roles = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, role_free);
	edit->unverified = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						 (GDestroyNotify)pv_metadata_unref);
	edit->kept = g_ptr_array_new_with_free_func((GDestroyNotify)pv_metadata_unref);
	edit->texts = g_ptr_array_new_with_free_func(g_free);
	edit->metas = g_ptr_array_new_with_free_func((GDestroyNotify)pv_file_meta_free);
	return edit;
}

static void take_state_role(PvEdit *edit, PvMetadata *metadata, PvTime now)
{
	PvEditRole *role = pv_edit_role_take(edit, metadata);

	role->expired = !pv_metadata_check_expiry(metadata, now, NULL);
}

PvEdit *pv_edit_new(const PvTufState *state, PvTime now)
{
	PvEdit *edit = edit_new(state->root);
	GHashTableIter iter;
	PvMetadata *metadata;

	edit->snapshot = pv_metadata_ref(state->snapshot);
	edit->snapshot_expired = !pv_metadata_check_expiry(state->snapshot, now, NULL);
	take_state_role(edit, state->targets, now);
	g_hash_table_iter_init(&iter, state->delegations);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&metadata))
		take_state_role(edit, metadata, now);
	g_hash_table_iter_init(&iter, state->unverified);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&metadata))
		g_hash_table_insert(edit->unverified, metadata->role, pv_metadata_ref(metadata));
	return edit;
}

PvEdit *pv_edit_new_first(PvMetadata *root, PvMetadata *targets, PvMetadata *snapshot)
{
	PvEdit *edit = edit_new(root);

	pv_edit_role_take(edit, targets)->dirty = TRUE;
	edit->snapshot = snapshot ? pv_metadata_ref(snapshot) : NULL;
	edit->first = TRUE;
	return edit;
}

void pv_edit_free(PvEdit *edit)
{
	if (!edit)
		return;
	pv_metadata_unref(edit->root);
	pv_metadata_unref(edit->snapshot);
	pv_role_free(edit->former_root);
	g_hash_table_unref(edit->root_roles);
	g_hash_table_unref(edit->roles);
	g_hash_table_unref(edit->unverified);
	g_ptr_array_unref(edit->other_keys);
	g_ptr_array_unref(edit->kept);
	g_ptr_array_unref(edit->texts);
	g_ptr_array_unref(edit->metas);
	g_free(edit);
}

const PvEditRole *pv_edit_role(const PvEdit *edit, const char *name)
{
	return g_hash_table_lookup(edit->roles, name);
}

GPtrArray *pv_edit_role_names(const PvEdit *edit)
{
	return pv_sorted_names(edit->roles);
}

const PvRole *pv_edit_keys(const PvEdit *edit, const char *name)
{
	g_autofree char *parent = NULL;
	const PvEditRole *role;

	if (!strchr(name, '/'))
		return g_hash_table_lookup(edit->root_roles, name);
	parent = g_path_get_dirname(name);
	role = pv_edit_role(edit, parent);
	return role ? g_hash_table_lookup(role->roles, name) : NULL;
}

static gboolean has_key(const GPtrArray *keys, const PvPublicKey *key)
{
	for (guint i = 0; i < keys->len; i++) {
		if (strcmp(pv_public_key_id(keys->pdata[i]), pv_public_key_id(key)) == 0)
			return TRUE;
	}
	return FALSE;
}

static void keep_former_root(PvEdit *edit, const PvRole *former, const GPtrArray *keys)
{
	if (!edit->former_root)
		edit->former_root = pv_role_copy(former);
	for (guint i = 0; i < former->keys->len; i++) {
		PvPublicKey *key = former->keys->pdata[i];

		if (!has_key(keys, key) && !has_key(edit->other_keys, key))
			g_ptr_array_add(edit->other_keys, pv_public_key_ref(key));
	}
}

void pv_edit_replace_keys(PvEdit *edit, const char *name, GPtrArray *keys)
{
	const PvRole *former = g_hash_table_lookup(edit->root_roles, name);
	PvRole *role = pv_role_new(name, former->threshold);
	PvEditRole *targets;

	if (strcmp(name, "root") == 0)
		keep_former_root(edit, former, keys);
	for (guint i = 0; i < keys->len; i++)
		g_ptr_array_add(role->keys, pv_public_key_ref(keys->pdata[i]));
	g_hash_table_replace(edit->root_roles, role->name, role);
	edit->root_dirty = TRUE;
	if (strcmp(name, "snapshot") == 0)
		edit->snapshot_dirty = TRUE;
	targets = pv_edit_role_mutable(edit, name);
	if (targets)
		targets->dirty = TRUE;
}

gboolean pv_edit_is_dirty(const PvEdit *edit)
{
	GHashTableIter iter;
	PvEditRole *role;

	if (edit->first || edit->root_dirty || edit->snapshot_dirty)
		return TRUE;
	g_hash_table_iter_init(&iter, edit->roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
		if (role->dirty)
			return TRUE;
	}
	return FALSE;
}
