/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Encrypted JSON (JWE) under a passphrase, as notary-signer writes it into its database. libjose
 * decrypts; what it may be asked to do is decided here, before it is asked.
 */

#include "crypto/jwe.h"

#include <jose/jose.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"

#define PARTS            5
#define HEADER_BYTES_MAX 1024 /* of the decoded header; real ones have about 80 */

static json_t *header_of(const char *part, GError **error)
{
	char text[HEADER_BYTES_MAX];
	gsize size = jose_b64_dec_buf(part, strlen(part), NULL, 0);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(json_t) header = NULL;

	if (size == SIZE_MAX || size > sizeof text ||
	    jose_b64_dec_buf(part, strlen(part), text, sizeof text) != size)
		return pv_fail_null(
			error, PV_ERROR_SYNTAX,
			"encrypted key: its header is not base64url of at most %d bytes",
			HEADER_BYTES_MAX);
	bytes = g_bytes_new(text, size);
	header = pv_json_load(bytes, HEADER_BYTES_MAX, "encrypted key: its header", error);
	if (header && !json_is_object(header))
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "encrypted key: its header is no JSON object");
	return g_steal_pointer(&header);
}

static gboolean check_name(const json_t *header, const char *name, const char *wanted,
			   GError **error)
{
	const char *found = pv_json_string(header, name);

	if (g_strcmp0(found, wanted) != 0)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "encrypted key: %s is \"%.32s\", expected \"%s\"", name,
			       found ? found : "", wanted);
	return TRUE;
}

static gboolean check_header(const json_t *header, GError **error)
{
	const json_t *count = json_object_get(header, "p2c");
	json_int_t iterations = json_integer_value(count);

	if (!check_name(header, "alg", "PBES2-HS256+A128KW", error) ||
	    !check_name(header, "enc", "A256GCM", error))
		return FALSE;
	if (json_object_get(header, "crit") || json_object_get(header, "zip"))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "encrypted key: its header demands compression or an extension");
	if (!pv_json_string(header, "p2s") || !json_is_integer(count) ||
	    iterations < PV_JWE_ITERATIONS_MIN)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "encrypted key: its header lacks a salt or at least %d iterations",
			       PV_JWE_ITERATIONS_MIN);
	if (iterations > PV_JWE_ITERATIONS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "encrypted key: %" JSON_INTEGER_FORMAT
			       " iterations, at most %d are allowed",
			       iterations, PV_JWE_ITERATIONS_MAX);
	return TRUE;
}

/* The decrypted bytes move to locked memory; those that the library allocated are wiped. */
static PvSecret *decrypt(const json_t *jwe, const PvSecret *passphrase, GError **error)
{
	json_t *key = json_stringn(passphrase->data, passphrase->size);
	PvSecret *secret = NULL;
	gsize size = 0;
	void *plain;

	if (!key)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "encrypted key: the passphrase is not UTF-8");
	plain = jose_jwe_dec(NULL, jwe, NULL, key, &size);
	explicit_bzero((char *)json_string_value(key), json_string_length(key));
	json_decref(key);
	if (plain) {
		secret = pv_secret_new_copy(plain, size);
		explicit_bzero(plain, size);
		free(plain);
		return secret;
	}
	return pv_fail_null(error, PV_ERROR_PASSPHRASE,
			    "encrypted key: the passphrase is wrong, or the key was damaged");
}

PvSecret *pv_jwe_open(const char *text, gsize size, const PvSecret *passphrase, GError **error)
{
	g_autofree char *copy = NULL;
	g_auto(GStrv) parts = NULL;
	g_autoptr(json_t) header = NULL;
	g_autoptr(json_t) jwe = NULL;

	if (size > PV_JWE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "encrypted key: %zu bytes, at most %zu are allowed", size,
				    (gsize)PV_JWE_BYTES_MAX);
	copy = g_strndup(text, size);
	parts = g_strsplit(copy, ".", PARTS + 1);
	if (strlen(copy) != size || g_strv_length(parts) != PARTS)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "encrypted key: no compact JWE, which has five parts");
	header = header_of(parts[0], error);
	if (!header || !check_header(header, error))
		return NULL;
	jwe = json_pack("{s:s, s:s, s:s, s:s, s:s}", "protected", parts[0], "encrypted_key",
			parts[1], "iv", parts[2], "ciphertext", parts[3], "tag", parts[4]);
	if (!jwe)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "encrypted key: it is not text");
	return decrypt(jwe, passphrase, error);
}
