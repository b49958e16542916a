/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON Web Tokens. libjose checks the signature; which key it is checked against is decided here,
 * and a key that comes with the token only ever says which trusted key is meant.
 */

#include "crypto/jwt.h"

#include <jose/jose.h>
#include <jose/openssl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/digest.h"

#define LIBTRUST_BYTES 30 /* of the hash: 240 bits in twelve groups of four letters */
#define AUTH_LEVEL     2  /* OpenSSL's: 112 bits, no SHA-1 */

static const char *const algorithms[] = { "ES256", "ES384", "ES512", "RS256",
					  "RS384", "RS512", "PS256", NULL };

struct PvTokenKeys {
	X509_STORE *authorities;
	GHashTable *by_id; /* kid → json_t, a public key as JWK; a key stands under two ids */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_STORE_CTX, X509_STORE_CTX_free)

static void free_chain(STACK_OF(X509) * chain)
{
	sk_X509_pop_free(chain, X509_free);
}
typedef STACK_OF(X509) Chain;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Chain, free_chain)

static void *refuse(GError **error, const char *why)
{
	return pv_fail_null(error, PV_ERROR_UNAUTHORIZED, "token: %s", why);
}

/* --- keys --------------------------------------------------------------------------------- */

/* (transfer full): libtrust's fingerprint, "ABCD:EFGH:…": base 32 of a hash of the key. */
static char *libtrust_id(EVP_PKEY *key)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	g_autoptr(GString) id = g_string_new(NULL);
	unsigned char *der = NULL;
	int size = i2d_PUBKEY(key, &der);
	PvDigest digest;

	if (size <= 0)
		return NULL;
	digest = pv_digest_of(PV_HASH_SHA256, der, (gsize)size);
	OPENSSL_free(der);
	for (guint bit = 0; bit < LIBTRUST_BYTES * 8; bit += 5) {
		guint word = (guint)digest.raw[bit / 8] << 8 | digest.raw[bit / 8 + 1];

		if (bit > 0 && bit % 20 == 0)
			g_string_append_c(id, ':');
		g_string_append_c(id, letters[word >> (11 - bit % 8) & 31]);
	}
	return g_string_free(g_steal_pointer(&id), FALSE);
}

/* (transfer full): the public key as JWK; NULL if it is too weak or of a kind we do not take. */
static json_t *jwk_of(EVP_PKEY *key)
{
	g_autoptr(json_t) jwk = NULL;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    (EVP_PKEY_get_bits(key) < PV_RSA_BITS_MIN || EVP_PKEY_get_bits(key) > PV_RSA_BITS_MAX))
		return NULL;
	jwk = jose_openssl_jwk_from_EVP_PKEY(NULL, key);
	return jwk && jose_jwk_pub(NULL, jwk) ? g_steal_pointer(&jwk) : NULL;
}

static void add_key(PvTokenKeys *keys, X509 *certificate)
{
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	g_autoptr(json_t) jwk = key ? jwk_of(key) : NULL;
	g_autoptr(json_t) thumbprint = jwk ? jose_jwk_thp(NULL, jwk, "S256") : NULL;
	char *id = jwk ? libtrust_id(key) : NULL;

	if (id)
		g_hash_table_insert(keys->by_id, id, json_incref(jwk));
	if (thumbprint)
		g_hash_table_insert(keys->by_id, g_strdup(json_string_value(thumbprint)),
				    json_incref(jwk));
}

PvTokenKeys *pv_token_keys_new(GBytes *bundle, GError **error)
{
	g_autoptr(PvTokenKeys) keys = g_new0(PvTokenKeys, 1);
	gsize size;
	const void *data = g_bytes_get_data(bundle, &size);
	g_autoptr(BIO) bio = BIO_new_mem_buf(data, (int)MIN(size, G_MAXINT32));
	guint count = 0;

	keys->authorities = X509_STORE_new();
	keys->by_id =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
	for (;;) {
		g_autoptr(X509) certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

		if (!certificate)
			break;
		if (++count > PV_JWT_AUTHORITIES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "the bundle has more than %d certificates",
					    PV_JWT_AUTHORITIES_MAX);
		X509_STORE_add_cert(keys->authorities, certificate);
		add_key(keys, certificate);
	}
	if (count == 0)
		return pv_fail_null(error, PV_ERROR_KEY, "the bundle has no PEM certificate");
	return g_steal_pointer(&keys);
}

void pv_token_keys_free(PvTokenKeys *keys)
{
	if (!keys)
		return;
	X509_STORE_free(keys->authorities);
	g_hash_table_unref(keys->by_id);
	g_free(keys);
}

/* --- chains ------------------------------------------------------------------------------- */

static X509 *certificate_of(const json_t *item)
{
	const char *text = json_string_value(item);
	g_autofree guchar *der = NULL;
	const unsigned char *at;
	X509 *certificate;
	gsize size = 0;

	if (!text)
		return NULL;
	der = g_base64_decode(text, &size);
	at = der;
	certificate = d2i_X509(NULL, &at, (long)size);
	if (certificate && at != der + size)
		g_clear_pointer(&certificate, X509_free);
	return certificate;
}

static gboolean chain_holds(const PvTokenKeys *keys, X509 *leaf, Chain *others, PvTime now)
{
	g_autoptr(X509_STORE_CTX) context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *parameters;

	if (!context || !X509_STORE_CTX_init(context, keys->authorities, leaf, others))
		return FALSE;
	parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(parameters, now.seconds);
	X509_VERIFY_PARAM_set_auth_level(parameters, AUTH_LEVEL);
	/* Any certificate of the bundle is an end to the chain, as for Go's roots. */
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	return X509_verify_cert(context) == 1;
}

/* (transfer full): the key of the chain's first certificate, once the chain ends in the bundle. */
static json_t *key_of_chain(const PvTokenKeys *keys, const json_t *chain, PvTime now,
			    GError **error)
{
	g_autoptr(X509) leaf = NULL;
	g_autoptr(Chain) others = sk_X509_new_null();
	gsize length = json_array_size(chain);
	json_t *jwk;

	if (length == 0 || length > PV_JWT_CHAIN_MAX)
		return refuse(error, "its x5c is no list of one to eight certificates");
	for (gsize i = 0; i < length; i++) {
		X509 *certificate = certificate_of(json_array_get(chain, i));

		if (!certificate)
			return refuse(error, "its x5c holds what is no certificate");
		if (i == 0)
			leaf = certificate;
		else if (!sk_X509_push(others, certificate))
			X509_free(certificate);
	}
	if (!chain_holds(keys, leaf, others, now))
		return refuse(error, "its certificates do not lead to the bundle, or not now");
	jwk = X509_get0_pubkey(leaf) ? jwk_of(X509_get0_pubkey(leaf)) : NULL;
	return jwk ? jwk : refuse(error, "its certificate has an unusable key");
}

/* (transfer full): the trusted key that the header's own `jwk` means. */
static json_t *key_of_jwk(const PvTokenKeys *keys, const json_t *given, PvTime now, GError **error)
{
	g_autoptr(EVP_PKEY) key = jose_openssl_jwk_to_EVP_PKEY(NULL, given);
	const json_t *chain = json_object_get(given, "x5c");
	g_autofree char *id = key ? libtrust_id(key) : NULL;
	g_autoptr(json_t) own = key ? jwk_of(key) : NULL;
	g_autoptr(json_t) leaf = NULL;
	json_t *trusted;

	if (!id || !own)
		return refuse(error, "its jwk is no usable key");
	if (chain) {
		leaf = key_of_chain(keys, chain, now, error);
		if (leaf && !json_equal(leaf, own))
			return refuse(error, "its jwk is not the key of its certificate");
		return g_steal_pointer(&leaf);
	}
	trusted = g_hash_table_lookup(keys->by_id, id);
	return trusted ? json_incref(trusted) : refuse(error, "its jwk is not in the bundle");
}

static json_t *key_of(const PvTokenKeys *keys, const json_t *header, PvTime now, GError **error)
{
	const json_t *chain = json_object_get(header, "x5c");
	const json_t *jwk = json_object_get(header, "jwk");
	const char *id = pv_json_string(header, "kid");
	json_t *trusted;

	if (chain)
		return key_of_chain(keys, chain, now, error);
	if (jwk)
		return key_of_jwk(keys, jwk, now, error);
	if (!id)
		return refuse(error, "it has none of x5c, jwk and kid");
	trusted = g_hash_table_lookup(keys->by_id, id);
	return trusted ? json_incref(trusted) : refuse(error, "its kid is not in the bundle");
}

/* --- tokens ------------------------------------------------------------------------------- */

/* (transfer full): the object behind a part of the token. */
static json_t *object_of(const char *part, const char *what, GError **error)
{
	gsize length = strlen(part), size = jose_b64_dec_buf(part, length, NULL, 0);
	g_autofree char *text = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(json_t) value = NULL;

	if (size == SIZE_MAX || size > PV_JWT_BYTES_MAX)
		return refuse(error, "a part is no base64url");
	text = g_malloc(size + 1);
	if (jose_b64_dec_buf(part, length, text, size) != size)
		return refuse(error, "a part is no base64url");
	bytes = g_bytes_new_take(g_steal_pointer(&text), size);
	value = pv_json_load(bytes, PV_JWT_BYTES_MAX, what, NULL);
	if (!json_is_object(value))
		return refuse(error, "a part is no JSON object");
	return g_steal_pointer(&value);
}

static gboolean check_algorithm(const json_t *header, GError **error)
{
	const char *algorithm = pv_json_string(header, "alg");

	if (json_object_get(header, "crit"))
		return pv_fail(error, PV_ERROR_UNAUTHORIZED,
			       "token: it demands extensions that are not known here");
	if (!algorithm || !g_strv_contains(algorithms, algorithm))
		return pv_fail(error, PV_ERROR_UNAUTHORIZED,
			       "token: its algorithm is \"%.16s\"; expected ES256, ES384, ES512, "
			       "RS256, RS384, RS512 or PS256",
			       algorithm ? algorithm : "");
	return TRUE;
}

json_t *pv_token_verify(const PvTokenKeys *keys, const char *token, PvTime now, GError **error)
{
	g_auto(GStrv) parts = NULL;
	g_autoptr(json_t) header = NULL;
	g_autoptr(json_t) claims = NULL;
	g_autoptr(json_t) key = NULL;
	g_autoptr(json_t) jws = NULL;

	if (strlen(token) > PV_JWT_BYTES_MAX)
		return refuse(error, "it is too long");
	parts = g_strsplit(token, ".", 4);
	if (g_strv_length(parts) != 3)
		return refuse(error, "it has not three parts");
	header = object_of(parts[0], "header", error);
	claims = header ? object_of(parts[1], "claims", error) : NULL;
	if (!claims || !check_algorithm(header, error))
		return NULL;
	key = key_of(keys, header, now, error);
	if (!key)
		return NULL;
	jws = json_pack("{s:s, s:s, s:s}", "protected", parts[0], "payload", parts[1], "signature",
			parts[2]);
	if (!jws || !jose_jws_ver(NULL, jws, NULL, key, false))
		return refuse(error, "its signature is not good");
	return g_steal_pointer(&claims);
}
