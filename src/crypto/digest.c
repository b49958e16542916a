/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Content digests as OCI writes them. They name every blob, so one digest must have exactly one
 * spelling, and nothing here trusts its input.
 */

#include "crypto/digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"

static const struct {
	const char *prefix;
	const char *evp_name;
	guint8 size;
} hashes[] = {
	[PV_HASH_SHA256] = { "sha256:", "SHA256", 32 },
	[PV_HASH_SHA512] = { "sha512:", "SHA512", 64 },
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static gboolean read_hex(const char *hex, guint8 *raw, gsize size, GError **error)
{
	for (gsize i = 0; i < 2 * size; i++) {
		int value = digit_value(hex[i]);

		if (value < 0)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "digest: digit %zu is not one of 0-9a-f", i);
		raw[i / 2] = (guint8)(raw[i / 2] << 4 | value);
	}
	return TRUE;
}

gboolean pv_digest_parse(const char *text, gsize length, PvDigest *ret_digest, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++) {
		gsize prefix = strlen(hashes[i].prefix), digits = 2 * (gsize)hashes[i].size;
		PvDigest digest = { .hash = (PvHash)i, .size = hashes[i].size };

		if (length < prefix || memcmp(text, hashes[i].prefix, prefix) != 0)
			continue;
		if (length - prefix != digits)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "digest: %zu digits after '%s', expected %zu",
				       length - prefix, hashes[i].prefix, digits);
		if (!read_hex(text + prefix, digest.raw, digest.size, error))
			return FALSE;
		*ret_digest = digest;
		return TRUE;
	}
	if (!memchr(text, ':', length))
		return pv_fail(error, PV_ERROR_SYNTAX, "digest: no colon in %zu bytes", length);
	return pv_fail(error, PV_ERROR_UNSUPPORTED, "digest: hash is neither sha256 nor sha512");
}

static void write_hex(const PvDigest *digest, char *to)
{
	static const char digits[] = "0123456789abcdef";
	gsize size = digest->size;

	for (gsize i = 0; i < size; i++) {
		to[2 * i] = digits[digest->raw[i] >> 4];
		to[2 * i + 1] = digits[digest->raw[i] & 15];
	}
	to[2 * size] = '\0';
}

char *pv_digest_hex(const PvDigest *digest)
{
	char *hex = g_malloc(2 * (gsize)digest->size + 1);

	write_hex(digest, hex);
	return hex;
}

void pv_digest_format(const PvDigest *digest, char *ret_text)
{
	write_hex(digest, g_stpcpy(ret_text, hashes[digest->hash].prefix));
}

gboolean pv_digest_equal(const PvDigest *a, const PvDigest *b)
{
	return a->hash == b->hash && memcmp(a->raw, b->raw, a->size) == 0;
}

static EVP_MD_CTX *context(PvHasher *hasher)
{
	return (EVP_MD_CTX *)hasher;
}

/* The method is fetched once: a fetch costs more than a small hash. */
static const EVP_MD *method(PvHash hash)
{
	static EVP_MD *fetched[G_N_ELEMENTS(hashes)];
	static gsize ready;

	if (g_once_init_enter(&ready)) {
		for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++)
			fetched[i] = EVP_MD_fetch(NULL, hashes[i].evp_name, NULL);
		g_once_init_leave(&ready, 1);
	}
	return fetched[hash];
}

PvHasher *pv_hasher_new(PvHash hash)
{
	EVP_MD_CTX *made = EVP_MD_CTX_new();

	if (!made || EVP_DigestInit_ex2(made, method(hash), NULL) != 1)
		g_error("crypto: OpenSSL has no %s", hashes[hash].evp_name);
	return (PvHasher *)made;
}

void pv_hasher_feed(PvHasher *hasher, const void *data, gsize size)
{
	if (size > 0 && EVP_DigestUpdate(context(hasher), data, size) != 1)
		g_error("crypto: hashing failed");
}

PvDigest pv_hasher_finish(PvHasher *hasher)
{
	PvDigest digest = { .size = (guint8)EVP_MD_CTX_get_size(context(hasher)) };

	digest.hash = digest.size == 32 ? PV_HASH_SHA256 : PV_HASH_SHA512;
	if (EVP_DigestFinal_ex(context(hasher), digest.raw, NULL) != 1)
		g_error("crypto: hashing failed");
	pv_hasher_free(hasher);
	return digest;
}

void pv_hasher_free(PvHasher *hasher)
{
	EVP_MD_CTX_free(context(hasher));
}

PvDigest pv_digest_of(PvHash hash, const void *data, gsize size)
{
	PvHasher *hasher = pv_hasher_new(hash);

	pv_hasher_feed(hasher, data, size);
	return pv_hasher_finish(hasher);
}
