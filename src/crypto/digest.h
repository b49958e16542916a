/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#define PV_DIGEST_BYTES_MAX 64  /* bytes: SHA-512, the longest hash accepted */
#define PV_DIGEST_TEXT_SIZE 136 /* bytes: "sha512:", 128 digits and a NUL */

typedef enum { PV_HASH_SHA256, PV_HASH_SHA512 } PvHash;

/*
 * A content digest: which hash, and its raw bytes. A plain value: copy it freely, there is nothing
 * to release.
 */
typedef struct {
	PvHash hash;
	guint8 size;                     /* bytes used in raw[]: 32 or 64 */
	guint8 raw[PV_DIGEST_BYTES_MAX]; /* zero beyond @size */
} PvDigest;

/**
 * pv_digest_parse:
 * @text: untrusted, @length bytes, need not end in NUL; not kept
 * @ret_digest: (out): written only on success
 *
 * Reads "sha256:" and 64 lower-case hexadecimal digits, or "sha512:" and 128. Upper case is
 * refused: two spellings of one digest would be two cache keys for one blob.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_UNSUPPORTED (another hash).
 * Source: OCI image-spec 1.1, descriptor.md, "Digests".
 */
gboolean pv_digest_parse(const char *text, gsize length, PvDigest *ret_digest, GError **error);

/**
 * pv_digest_format:
 * @ret_text: (out): PV_DIGEST_TEXT_SIZE bytes: "sha256:…"
 */
void pv_digest_format(const PvDigest *digest, char *ret_text);

/**
 * pv_digest_hex:
 *
 * Returns: (transfer full): the lower-case digits without the name of the hash.
 */
char *pv_digest_hex(const PvDigest *digest);

gboolean pv_digest_equal(const PvDigest *a, const PvDigest *b);

/**
 * pv_digest_of:
 *
 * Hashes @size bytes.
 */
PvDigest pv_digest_of(PvHash hash, const void *data, gsize size);

/*
 * A running hash: feed it, then ask once. EVP_MD_CTX behind it.
 */
typedef struct PvHasher PvHasher;

PvHasher *pv_hasher_new(PvHash hash);
void pv_hasher_feed(PvHasher *hasher, const void *data, gsize size);

/**
 * pv_hasher_finish:
 * @hasher: (transfer full): released here
 */
PvDigest pv_hasher_finish(PvHasher *hasher);

void pv_hasher_free(PvHasher *hasher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHasher, pv_hasher_free)
