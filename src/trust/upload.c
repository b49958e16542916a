/* SPDX-License-Identifier: Apache-2.0 */

/* Turns an edited repository into signed files, and uploads them. */

#include <string.h>

#include "base/error.h"
#include "base/sorted.h"
#include "trust/edit_private.h"
#include "trust/repository_private.h"

typedef struct {
	PvRepository *repository;
	PvPassphrases *passphrases;
	PvEdit *edit;
	const GPtrArray *legacy;
	GHashTable *files; /* role → GBytes */
	PvTime now;
} Upload;

void pv_published_clear(PvPublished *published)
{
	g_clear_pointer(&published->roles, g_ptr_array_unref);
	g_clear_pointer(&published->unshared, g_ptr_array_unref);
	g_clear_pointer(&published->attestation_failure, g_free);
}

/* Whoever holds the key signs what ran out, or is about to, whatever else is published. */
static void mark_expiring(Upload *upload)
{
	PvEdit *edit = upload->edit;
	PvTime soon = pv_time_add_seconds(upload->now, PV_TRUST_ROOT_NEAR_S);
	GHashTableIter iter;
	PvEditRole *role;

	if (!edit->first && pv_time_compare(edit->root->expires, soon) <= 0 &&
	    pv_repository_holds_key(upload->repository, pv_edit_keys(edit, "root")))
		edit->root_dirty = TRUE;
	if (edit->snapshot_expired &&
	    pv_repository_holds_key(upload->repository, pv_edit_keys(edit, "snapshot")))
		edit->snapshot_dirty = TRUE;
	g_hash_table_iter_init(&iter, edit->roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
		const PvRole *keys = pv_edit_keys(edit, role->name);

		if (role->expired && keys && pv_repository_holds_key(upload->repository, keys))
			role->dirty = TRUE;
	}
}

/* Signed by its keys, by those that it replaces, and by older ones for who knows no better. */
static GBytes *signed_root(Upload *upload, GError **error)
{
	PvEdit *edit = upload->edit;
	const PvRole *own = pv_edit_keys(edit, "root");
	PvMetadataDraft draft = { .kind = PV_ROLE_ROOT,
				  .version = edit->root->version + 1,
				  .expires = pv_time_add_seconds(upload->now, PV_TRUST_ROOT_LIFE_S),
				  .roles = edit->root_roles,
				  .other_keys = edit->other_keys };
	g_autoptr(GBytes) body = pv_metadata_write_signed(&draft, error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);

	if (!body || !pv_repository_add_signatures(upload->repository, upload->passphrases, body,
						   own, own->threshold, signatures, error))
		return NULL;
	if (edit->former_root &&
	    !pv_repository_add_signatures(upload->repository, upload->passphrases, body,
					  edit->former_root, edit->former_root->threshold,
					  signatures, error))
		return NULL;
	for (guint i = 0; upload->legacy && i < upload->legacy->len; i++) {
		if (!pv_repository_add_signatures(upload->repository, upload->passphrases, body,
						  upload->legacy->pdata[i], 0, signatures, error))
			return NULL;
	}
	return pv_metadata_write_file(body, signatures, error);
}

static gboolean add_root(Upload *upload, GError **error)
{
	GBytes *file;

	if (!upload->edit->root_dirty && !upload->edit->first)
		return TRUE;
	file = upload->edit->root_dirty ? signed_root(upload, error)
					: g_bytes_ref(upload->edit->root->file);
	if (!file)
		return FALSE;
	g_hash_table_insert(upload->files, (void *)"root", file);
	return TRUE;
}

static gboolean add_role(Upload *upload, const PvEditRole *role, GError **error)
{
	const PvRole *keys = pv_edit_keys(upload->edit, role->name);
	PvMetadataDraft draft = {
		.kind = strcmp(role->name, "targets") == 0 ? PV_ROLE_TARGETS : PV_ROLE_DELEGATION,
		.version = role->version + 1,
		.expires = pv_time_add_seconds(upload->now, PV_TRUST_TARGETS_LIFE_S),
		.roles = role->roles,
		.role_order = role->role_order,
		.files = role->files
	};
	GBytes *file;

	if (!keys)
		return pv_fail(error, PV_ERROR_ROLE, "nobody delegated to %s", role->name);
	file = pv_repository_sign_file(upload->repository, upload->passphrases, &draft, keys,
				       error);
	if (!file)
		return FALSE;
	g_hash_table_insert(upload->files, role->name, file);
	return TRUE;
}

static gboolean add_roles(Upload *upload, GError **error)
{
	g_autoptr(GPtrArray) names = pv_edit_role_names(upload->edit);

	for (guint i = 0; i < names->len; i++) {
		const PvEditRole *role = pv_edit_role(upload->edit, names->pdata[i]);

		if (role->dirty && !add_role(upload, role, error))
			return FALSE;
	}
	return TRUE;
}

/* What a snapshot lists: what the last one did of roles that still are, and what is uploaded. */
static GHashTable *listed_files(Upload *upload)
{
	GHashTable *listed = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
						   (GDestroyNotify)pv_file_meta_free);
	const PvMetadata *before = upload->edit->snapshot;
	GHashTableIter iter;
	void *name, *value;

	if (before && !upload->edit->first) {
		g_hash_table_iter_init(&iter, before->files);
		while (g_hash_table_iter_next(&iter, &name, &value)) {
			if (strcmp(name, "root") == 0 || pv_edit_keys(upload->edit, name))
				g_hash_table_insert(listed, name, pv_file_meta_copy(value));
		}
	}
	g_hash_table_iter_init(&iter, upload->files);
	while (g_hash_table_iter_next(&iter, &name, &value))
		g_hash_table_insert(listed, name, pv_file_meta_new(value));
	return listed;
}

/* A publisher who keeps the snapshot key signs the snapshot too; otherwise the server does. */
static gboolean add_snapshot(Upload *upload, GError **error)
{
	const PvRole *role = pv_edit_keys(upload->edit, "snapshot");
	const PvMetadata *before = upload->edit->snapshot;
	g_autoptr(GHashTable) listed = NULL;
	PvMetadataDraft draft = { .kind = PV_ROLE_SNAPSHOT,
				  .expires = pv_time_add_seconds(upload->now,
								 PV_TRUST_TARGETS_LIFE_S) };
	GBytes *file;

	if (!pv_repository_holds_key(upload->repository, role))
		return TRUE;
	listed = listed_files(upload);
	draft.version = before ? before->version + 1 : 1;
	draft.files = listed;
	file = pv_repository_sign_file(upload->repository, upload->passphrases, &draft, role,
				       error);
	if (!file)
		return FALSE;
	g_hash_table_insert(upload->files, (void *)"snapshot", file);
	return TRUE;
}

static void report(const Upload *upload, PvPublished *ret_published)
{
	g_autoptr(GPtrArray) names = pv_sorted_names(upload->files);

	ret_published->uploaded = TRUE;
	ret_published->first = upload->edit->first;
	ret_published->roles = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < names->len; i++)
		g_ptr_array_add(ret_published->roles, g_strdup(names->pdata[i]));
}

/* A root of our own making is remembered as trusted, whatever the server gives next. */
static gboolean remember_root(Upload *upload, GError **error)
{
	GBytes *root = g_hash_table_lookup(upload->files, "root");
	PvTufCache cache;

	if (!root)
		return TRUE;
	pv_trust_cache_functions(upload->repository->cache, &cache);
	return cache.store(cache.cache, "root", root, error);
}

static void remember_roles(Upload *upload)
{
	GHashTableIter iter;
	void *role, *file;
	PvRoleKind kind;

	g_hash_table_iter_init(&iter, upload->files);
	while (g_hash_table_iter_next(&iter, &role, &file)) {
		if (pv_role_kind(role, &kind, NULL) &&
		    (kind == PV_ROLE_TARGETS || kind == PV_ROLE_DELEGATION))
			pv_trust_cache_uploaded(upload->repository->cache, role, file);
	}
}

gboolean pv_repository_upload_edit(PvRepository *repository, PvPassphrases *passphrases,
				   PvEdit *edit, const GPtrArray *legacy,
				   PvPublished *ret_published, GError **error)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_bytes_unref);
	Upload upload = { repository, passphrases, edit, legacy, files, pv_time_now() };

	pv_published_clear(ret_published);
	*ret_published = (PvPublished){ 0 };
	mark_expiring(&upload);
	if (!pv_edit_is_dirty(edit))
		return TRUE;
	if (!add_root(&upload, error) || !add_roles(&upload, error) ||
	    !add_snapshot(&upload, error) || !pv_remote_upload(repository->remote, files, error) ||
	    !remember_root(&upload, error))
		return FALSE;
	remember_roles(&upload);
	report(&upload, ret_published);
	pv_repository_share_attestations(repository, edit, ret_published);
	return TRUE;
}
