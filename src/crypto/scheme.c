/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The signature schemes of TUF 1.0 (specification 4.2). A pair of key type and scheme that is not
 * in the table is not an error of the metadata: such a key just cannot sign anything here.
 */

#include "crypto/scheme.h"

#include <openssl/core_names.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/key_private.h"

#define P256_BITS 256

static const struct {
	const char *keytype, *name;
	PvScheme scheme;
	PvKeyKind kind;
} rows[] = {
	{ "ed25519", "ed25519", PV_SCHEME_ED25519, PV_KEY_ED25519 },
	{ "ecdsa", "ecdsa-sha2-nistp256", PV_SCHEME_ECDSA_P256, PV_KEY_ECDSA },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", PV_SCHEME_ECDSA_P256, PV_KEY_ECDSA },
	{ "rsa", "rsassa-pss-sha256", PV_SCHEME_RSA_PSS_SHA256, PV_KEY_RSA },
};

static const PvSigning signings[] = {
	[PV_SCHEME_ED25519] = PV_SIGNING_EDDSA,
	[PV_SCHEME_ECDSA_P256] = PV_SIGNING_ECDSA,
	[PV_SCHEME_RSA_PSS_SHA256] = PV_SIGNING_PSS_SALT,
};

GBytes *pv_scheme_decode_hex(const char *text)
{
	gsize length = strlen(text);
	g_autofree guint8 *raw = g_malloc(length / 2 + 1);

	if (length % 2 != 0)
		return NULL;
	for (gsize i = 0; i < length / 2; i++) {
		int high = g_ascii_xdigit_value(text[2 * i]);
		int low = g_ascii_xdigit_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return NULL;
		raw[i] = (guint8)(high * 16 + low);
	}
	return g_bytes_new_take(g_steal_pointer(&raw), length / 2);
}

static PvPublicKey *key_of_hex(const char *text, GError **error)
{
	g_autoptr(GBytes) raw = pv_scheme_decode_hex(text);
	gsize size;
	const guint8 *bytes;

	if (!raw)
		return pv_fail_null(error, PV_ERROR_KEY, "key: ed25519 not in hexadecimal");
	bytes = g_bytes_get_data(raw, &size);
	return pv_public_key_new("ed25519", bytes, size, error);
}

/*
 * Through OpenSSL's own encoding, of one form: neither line breaks nor a compressed point nor a
 * spelt-out curve make another key of it.
 */
static PvPublicKey *key_of_pem(const char *text, GError **error)
{
	EVP_PKEY *pkey = pv_public_key_pkey_of_pem(text, strlen(text));
	PvPublicKey *key = NULL;

	if (pkey && EVP_PKEY_is_a(pkey, "EC") &&
	    (EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
					    OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) !=
		     1 ||
	     EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
					    OSSL_PKEY_EC_ENCODING_GROUP) != 1))
		pv_fail(error, PV_ERROR_KEY, "key: cannot be encoded: %s", pv_crypto_reason());
	else if (pkey)
		key = pv_public_key_of_pkey(pkey, error);
	else
		pv_fail(error, PV_ERROR_KEY, "key: no public key in PEM: %s", pv_crypto_reason());
	EVP_PKEY_free(pkey);
	return key;
}

PvPublicKey *pv_scheme_key(const char *keytype, const char *scheme, const char *public,
			   PvScheme *ret_scheme, GError **error)
{
	g_autoptr(PvPublicKey) key = NULL;
	gsize row = 0;

	while (row < G_N_ELEMENTS(rows) &&
	       !(g_str_equal(rows[row].keytype, keytype) && g_str_equal(rows[row].name, scheme)))
		row++;
	if (row == G_N_ELEMENTS(rows))
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "key: type '%.32s' with scheme '%.32s' is not known", keytype,
				    scheme);
	if (strlen(public) > PV_CERTIFICATE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "key: %zu bytes, at most %zu allowed",
				    strlen(public), PV_CERTIFICATE_BYTES_MAX);
	key = rows[row].kind == PV_KEY_ED25519 ? key_of_hex(public, error)
					       : key_of_pem(public, error);
	if (!key)
		return NULL;
	if (pv_public_key_kind(key) != rows[row].kind ||
	    (rows[row].kind == PV_KEY_ECDSA && EVP_PKEY_get_bits(key->pkey) != P256_BITS))
		return pv_fail_null(error, PV_ERROR_KEY, "key: not one for scheme %s", scheme);
	*ret_scheme = rows[row].scheme;
	return g_steal_pointer(&key);
}

gboolean pv_scheme_verify(const PvPublicKey *key, PvScheme scheme, const void *message,
			  gsize message_size, const void *signature, gsize signature_size)
{
	return pv_public_key_read(key) &&
	       pv_public_key_verify_der(key->pkey, signings[scheme], message, message_size,
					signature, signature_size);
}
