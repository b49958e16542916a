/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The snapshot of an upload (trust.md 1.3, steps 4 and 5): one that the publisher signed is checked
 * against all that it lists; otherwise the server signs the next one, if it holds the key.
 */

#include <string.h>

#include "base/error.h"
#include "service/publish_private.h"
#include "service/server_metadata.h"

static gboolean check_snapshot(PvPublish *publish, const PvMetadata *snapshot, GError **error)
{
	GHashTableIter iter;
	PvUploaded *uploaded;
	void *name;

	if (!pv_file_meta_check(g_hash_table_lookup(snapshot->files, "root"), publish->root->file,
				"root", error))
		return FALSE;
	g_hash_table_iter_init(&iter, publish->uploaded);
	while (g_hash_table_iter_next(&iter, &name, (void **)&uploaded)) {
		const PvFileMeta *meta = g_hash_table_lookup(snapshot->files, name);

		if (strcmp(name, "snapshot") == 0 || strcmp(name, "root") == 0)
			continue;
		if (!meta)
			return pv_fail(error, PV_ERROR_MIX,
				       "no checksums for supported algorithms were provided for %s",
				       (const char *)name);
		if (!pv_file_meta_compare(meta, uploaded->meta, name, error))
			return FALSE;
	}
	return TRUE;
}

/* TRUE if the newest stored file of @role is what @listed says. */
static gboolean is_newest(PvPublish *publish, const char *role, const PvFileMeta *listed,
			  const PvMetadata *before)
{
	const PvFileMeta *known = g_hash_table_lookup(before->files, role);
	g_auto(PvStoredFile) newest = { 0 };

	if (known)
		return pv_digest_equal(&known->sha256, &listed->sha256);
	return pv_store_get(publish->store, publish->gun, role, NULL, 0, &newest, NULL) &&
	       pv_digest_equal(&newest.sha256, &listed->sha256);
}

/*
 * What is not uploaded must be listed as it is stored, or a publisher could move others' roles back
 * to old versions of them (trust.md 1.8). A snapshot that is itself out of date is told so later,
 * since its publisher can read again and retry.
 */
static gboolean check_others(PvPublish *publish, const PvMetadata *snapshot, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvMetadata) before =
		pv_server_stored(publish->store, publish->gun, "snapshot", &failure);
	GHashTableIter iter;
	void *name, *listed;

	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (!before || snapshot->version <= before->version)
		return TRUE;
	g_hash_table_iter_init(&iter, snapshot->files);
	while (g_hash_table_iter_next(&iter, &name, &listed)) {
		if (strcmp(name, "root") == 0 || g_hash_table_contains(publish->uploaded, name) ||
		    is_newest(publish, name, listed, before))
			continue;
		return pv_fail(error, PV_ERROR_ROLLBACK,
			       "%s was not uploaded, and the snapshot lists another version of it "
			       "than the newest",
			       (const char *)name);
	}
	return TRUE;
}

gboolean pv_publish_take_snapshot(PvPublish *publish)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvMetadata) snapshot = pv_publish_uploaded(publish, "snapshot", &error);

	if (!snapshot ||
	    !pv_metadata_verify(snapshot, g_hash_table_lookup(publish->root->roles, "snapshot"),
				&error) ||
	    !pv_metadata_check_expiry(snapshot, publish->now, &error) ||
	    !check_snapshot(publish, snapshot, &error) || !check_others(publish, snapshot, &error))
		return pv_reply_invalid_update(publish->refusal, "ErrBadSnapshot", NULL, "%s",
					       error->message);
	pv_publish_add(publish, snapshot);
	publish->snapshot = g_steal_pointer(&snapshot);
	return TRUE;
}

static PvMetadata *next_snapshot(PvPublish *publish, const PvMetadata *before, GError **error)
{
	g_autoptr(GHashTable) files = pv_server_copied_files(before);
	PvMetadataDraft draft = { PV_ROLE_SNAPSHOT,
				  before ? before->version + 1 : 1,
				  pv_time_add_seconds(publish->now, PV_SNAPSHOT_LIFE_S),
				  NULL,
				  NULL,
				  files };
	GHashTableIter iter;
	PvUploaded *uploaded;
	void *name;

	g_hash_table_insert(files, g_strdup("root"), pv_file_meta_new(publish->root->file));
	g_hash_table_iter_init(&iter, publish->uploaded);
	while (g_hash_table_iter_next(&iter, &name, (void **)&uploaded))
		g_hash_table_insert(files, g_strdup(name), pv_file_meta_copy(uploaded->meta));
	return pv_server_sign(publish->signer, publish->gun,
			      g_hash_table_lookup(publish->root->roles, "snapshot"), &draft, error);
}

gboolean pv_publish_make_snapshot(PvPublish *publish)
{
	const PvRole *role = g_hash_table_lookup(publish->root->roles, "snapshot");
	g_autoptr(PvMetadata) before = NULL;
	g_autoptr(GError) error = NULL;

	if (!pv_signer_holds(publish->signer, publish->gun, role, &error)) {
		if (error)
			return pv_publish_refuse_storage(publish, error);
		return pv_reply_invalid_update(publish->refusal, "ErrBadHierarchy", "snapshot",
					       "no snapshot was included in update and server does "
					       "not hold current snapshot key for repository");
	}
	before = pv_server_stored(publish->store, publish->gun, "snapshot", &error);
	if (error)
		return pv_publish_refuse_storage(publish, error);
	if (!before && !g_hash_table_contains(publish->uploaded, "targets"))
		return pv_reply_invalid_update(publish->refusal, "ErrValidation", NULL,
					       "targets must be loaded first");
	publish->snapshot = next_snapshot(publish, before, &error);
	if (!publish->snapshot)
		return pv_publish_refuse_storage(publish, error);
	pv_publish_add(publish, publish->snapshot);
	return TRUE;
}
