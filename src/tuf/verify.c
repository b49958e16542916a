/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The checks that turn parsed metadata into verified metadata: signatures by threshold (TUF
 * specification 5, Notary's differences: trust.md 0.1 row 2.3), expiry, and the hashes by which one
 * role vouches for another's file.
 */

#include "tuf/metadata.h"

#include <string.h>

#include "base/error.h"

static gboolean has_good_signature(const PvMetadata *metadata, const PvPublicKey *key)
{
	const void *message;
	gsize size;

	if (metadata->proven && g_hash_table_contains(metadata->proven, pv_public_key_id(key)))
		return TRUE;
	if (!metadata->canonical)
		return FALSE; /* not read whole: what was proven is all that is known */
	message = g_bytes_get_data(metadata->canonical, &size);
	for (guint i = 0; i < metadata->signatures->len; i++) {
		const PvSignature *signature = metadata->signatures->pdata[i];
		gsize signature_size;
		const void *bytes = g_bytes_get_data(signature->bytes, &signature_size);

		if (strcmp(signature->key_id, pv_public_key_id(key)) == 0 &&
		    pv_public_key_verify(key, signature->method, message, size, bytes,
					 signature_size))
			return TRUE;
	}
	return FALSE;
}

static gboolean is_one_of(const GPtrArray *keys, const PvPublicKey *key)
{
	for (guint i = 0; i < keys->len; i++) {
		if (pv_public_key_same(keys->pdata[i], key))
			return TRUE;
	}
	return FALSE;
}

gboolean pv_metadata_verify(const PvMetadata *metadata, const PvRole *role, GError **error)
{
	g_autoptr(GPtrArray) good = g_ptr_array_new();

	for (guint i = 0; i < role->keys->len && good->len < role->threshold; i++) {
		PvPublicKey *key = role->keys->pdata[i];

		if (!is_one_of(good, key) && has_good_signature(metadata, key))
			g_ptr_array_add(good, key);
	}
	if (good->len < role->threshold)
		return pv_fail(error, PV_ERROR_SIGNATURE,
			       "%s has %u valid signature%s of the keys of role %s, needed: %u",
			       metadata->role, good->len, good->len == 1 ? "" : "s", role->name,
			       role->threshold);
	return TRUE;
}

gboolean pv_metadata_prove(PvMetadata *metadata, const PvRole *role, GError **error)
{
	g_autoptr(GHashTable) good = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_clear_pointer(&metadata->proven, g_hash_table_unref);
	for (guint i = 0; i < role->keys->len; i++) {
		const PvPublicKey *key = role->keys->pdata[i];

		if (has_good_signature(metadata, key))
			g_hash_table_add(good, g_strdup(pv_public_key_id(key)));
	}
	metadata->proven = g_steal_pointer(&good);
	if (pv_metadata_verify(metadata, role, error))
		return TRUE;
	g_clear_pointer(&metadata->proven, g_hash_table_unref);
	return FALSE;
}

GPtrArray *pv_metadata_signers(const PvMetadata *metadata, const PvRole *role)
{
	GPtrArray *signers = g_ptr_array_new();

	for (guint i = 0; i < role->keys->len; i++) {
		if (has_good_signature(metadata, role->keys->pdata[i]))
			g_ptr_array_add(signers, role->keys->pdata[i]);
	}
	return signers;
}

gboolean pv_role_check_expiry(const char *role, gint64 version, PvTime expires, PvTime now,
			      GError **error)
{
	char text[PV_TIME_TEXT_SIZE];

	if (pv_time_compare(expires, now) > 0)
		return TRUE;
	pv_time_format(expires, text);
	return pv_fail(error, PV_ERROR_EXPIRED, "%s (version %" G_GINT64_FORMAT ") expired at %s",
		       role, version, text);
}

gboolean pv_metadata_check_expiry(const PvMetadata *metadata, PvTime now, GError **error)
{
	return pv_role_check_expiry(metadata->role, metadata->version, metadata->expires, now,
				    error);
}

static gboolean check_length(const PvFileMeta *meta, guint64 size, const char *what, GError **error)
{
	if (meta->sha256.size == 0)
		return pv_fail(error, PV_ERROR_MIX, "no sha256 is signed for %s", what);
	if (size != meta->length)
		return pv_fail(error, PV_ERROR_MIX,
			       "%s has %" G_GUINT64_FORMAT " bytes, signed are %" G_GUINT64_FORMAT,
			       what, size, meta->length);
	return TRUE;
}

static gboolean check_hash(const PvDigest *wanted, PvDigest found, const char *hash,
			   const char *what, GError **error)
{
	return pv_digest_equal(&found, wanted) ||
	       pv_fail(error, PV_ERROR_MIX, "%s is not the file whose %s is signed", what, hash);
}

gboolean pv_file_meta_check(const PvFileMeta *meta, GBytes *file, const char *what, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(file, &size);

	return check_length(meta, size, what, error) &&
	       check_hash(&meta->sha256, pv_digest_of(PV_HASH_SHA256, data, size), "sha256", what,
			  error) &&
	       (meta->sha512.size == 0 ||
		check_hash(&meta->sha512, pv_digest_of(PV_HASH_SHA512, data, size), "sha512", what,
			   error));
}

gboolean pv_file_meta_compare(const PvFileMeta *meta, const PvFileMeta *measured, const char *what,
			      GError **error)
{
	return check_length(meta, measured->length, what, error) &&
	       check_hash(&meta->sha256, measured->sha256, "sha256", what, error) &&
	       (meta->sha512.size == 0 ||
		check_hash(&meta->sha512, measured->sha512, "sha512", what, error));
}
