/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The checks that turn parsed TUF 1.0 metadata into verified metadata (specification 5): signatures
 * by threshold, expiry, and the length and hashes by which one role vouches for another's file.
 */

#include <string.h>

#include "base/error.h"
#include "tuf/tuf1.h"

static gboolean has_good_signature(const PvTuf1Metadata *metadata, const PvTuf1Key *key)
{
	GBytes *signature = g_hash_table_lookup(metadata->signatures, key->id);
	gsize size, signature_size;
	const void *message = g_bytes_get_data(metadata->canonical, &size);
	const void *bytes;

	if (!signature || g_bytes_get_size(signature) == 0)
		return FALSE;
	bytes = g_bytes_get_data(signature, &signature_size);
	return pv_scheme_verify(key->key, key->scheme, message, size, bytes, signature_size);
}

gboolean pv_tuf1_verify(const PvTuf1Metadata *metadata, const PvTuf1Role *role, GError **error)
{
	g_autoptr(GHashTable) good = g_hash_table_new(g_str_hash, g_str_equal);
	guint count;

	for (guint i = 0; i < role->keys->len; i++) {
		const PvTuf1Key *key = role->keys->pdata[i];
		const char *id = pv_public_key_id(key->key); /* not the metadata's word */

		if (!g_hash_table_contains(good, id) && has_good_signature(metadata, key))
			g_hash_table_add(good, (void *)id);
	}
	count = g_hash_table_size(good);
	if (count < role->threshold)
		return pv_fail(error, PV_ERROR_SIGNATURE,
			       "%.64s (version %" G_GINT64_FORMAT
			       ") has %u valid signature%s of the keys of role %.64s, needed: %u",
			       metadata->role, metadata->version, count, count == 1 ? "" : "s",
			       role->name, role->threshold);
	return TRUE;
}

gboolean pv_tuf1_check_expiry(const PvTuf1Metadata *metadata, PvTime now, GError **error)
{
	return pv_role_check_expiry(metadata->role, metadata->version, metadata->expires, now,
				    error);
}

gboolean pv_tuf1_check_meta(const PvTuf1Meta *meta, GBytes *file, const char *what, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(file, &size);
	const PvDigest *signed_digests[] = { &meta->sha256, &meta->sha512 };

	if (meta->length >= 0 && size != (guint64)meta->length)
		return pv_fail(error, PV_ERROR_MIX,
			       "%.64s has %zu bytes, signed are %" G_GINT64_FORMAT, what, size,
			       meta->length);
	if (meta->hashed && meta->sha256.size == 0 && meta->sha512.size == 0)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%.64s is signed with neither its sha256 nor its sha512", what);
	for (guint i = 0; i < G_N_ELEMENTS(signed_digests); i++) {
		PvDigest found;

		if (signed_digests[i]->size == 0)
			continue;
		found = pv_digest_of(signed_digests[i]->hash, data, size);
		if (!pv_digest_equal(&found, signed_digests[i]))
			return pv_fail(error, PV_ERROR_MIX,
				       "%.64s is not the file whose hash is signed", what);
	}
	return TRUE;
}

static gboolean has_key(const PvTuf1Role *role, const char *id)
{
	for (guint i = 0; i < role->keys->len; i++) {
		const PvTuf1Key *key = role->keys->pdata[i];

		if (strcmp(pv_public_key_id(key->key), id) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean pv_tuf1_keys_kept(const PvTuf1Role *old, const PvTuf1Role *new)
{
	for (guint i = 0; i < old->keys->len; i++) {
		const PvTuf1Key *key = old->keys->pdata[i];

		if (!has_key(new, pv_public_key_id(key->key)))
			return FALSE;
	}
	return TRUE;
}
