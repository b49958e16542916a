/* SPDX-License-Identifier: Apache-2.0 */

/* Server-signed metadata: snapshots and timestamps (trust.md 1.3, steps 5 and 6). */

#include "service/server_metadata.h"

#include "base/error.h"

PvMetadata *pv_server_stored(PvStore *store, const char *gun, const char *role, GError **error)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) failure = NULL;

	if (!pv_store_get(store, gun, role, NULL, 0, &file, &failure)) {
		if (!g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
			g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	return pv_metadata_parse(role, file.data, error);
}

gboolean pv_server_has(PvStore *store, const char *gun, const char *role, const PvDigest *sha256)
{
	g_auto(PvStoredFile) same = { 0 };
	g_auto(PvStoredFile) newest = { 0 };

	/* By its hash first: what is not there costs little. */
	return pv_store_get(store, gun, role, sha256, 0, &same, NULL) &&
	       pv_store_get(store, gun, role, NULL, 0, &newest, NULL) &&
	       pv_digest_equal(sha256, &newest.sha256);
}

PvDigest pv_server_digest(const PvMetadata *metadata)
{
	gsize size;
	const void *data = g_bytes_get_data(metadata->file, &size);

	return pv_digest_of(PV_HASH_SHA256, data, size);
}

GHashTable *pv_server_copied_files(const PvMetadata *metadata)
{
	GHashTable *files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)pv_file_meta_free);
	GHashTableIter iter;
	void *name, *meta;

	if (!metadata)
		return files;
	g_hash_table_iter_init(&iter, metadata->files);
	while (g_hash_table_iter_next(&iter, &name, &meta))
		g_hash_table_insert(files, g_strdup(name), pv_file_meta_copy(meta));
	return files;
}

PvMetadata *pv_server_sign(PvSigner *signer, const char *gun, const PvRole *role,
			   const PvMetadataDraft *draft, GError **error)
{
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	g_autoptr(GBytes) body = pv_metadata_write_signed(draft, error);
	g_autoptr(GBytes) file = NULL;
	PvSignature *signature;

	if (!body)
		return NULL;
	signature = pv_signer_sign(signer, gun, role, body, error);
	if (!signature)
		return NULL;
	g_ptr_array_add(signatures, signature);
	file = pv_metadata_write_file(body, signatures, error);
	return file ? pv_metadata_parse(role->name, file, error) : NULL;
}

PvMetadata *pv_server_next_timestamp(PvSigner *signer, const char *gun, const PvMetadata *root,
				     const PvMetadata *before, const PvMetadata *snapshot,
				     PvTime now, GError **error)
{
	g_autoptr(GHashTable) files = pv_server_copied_files(NULL);
	PvMetadataDraft draft = { PV_ROLE_TIMESTAMP,
				  before ? before->version + 1 : 1,
				  pv_time_add_seconds(now, PV_TIMESTAMP_LIFE_S),
				  NULL,
				  NULL,
				  files };

	g_hash_table_insert(files, g_strdup("snapshot"), pv_file_meta_new(snapshot->file));
	return pv_server_sign(signer, gun, g_hash_table_lookup(root->roles, "timestamp"), &draft,
			      error);
}
