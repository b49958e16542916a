/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Public keys in Notary's encodings (trust.md 2.2) and their ids. An id is the hash of a canonical
 * JSON object in which `"private":null` stands too; the encodings need no escaping there.
 */

#include "crypto/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/key_private.h"

#define ED25519_PUBLIC_SIZE 32
#define CERTIFICATES_MAX    16
#define P256_POINT_SIZE     65
#define UNCOMPRESSED        0x04

typedef struct {
	const char *name;
	PvKeyKind kind;
	gboolean is_certificate;
} Type;

static const Type types[] = {
	{ "ecdsa", PV_KEY_ECDSA, FALSE },     { "rsa", PV_KEY_RSA, FALSE },
	{ "ed25519", PV_KEY_ED25519, FALSE }, { "ecdsa-x509", PV_KEY_ECDSA, TRUE },
	{ "rsa-x509", PV_KEY_RSA, TRUE },
};

const char *pv_crypto_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	return reason ? reason : "no reason given";
}

static gboolean kind_of_pkey(const EVP_PKEY *pkey, PvKeyKind *ret_kind)
{
	if (EVP_PKEY_is_a(pkey, "EC"))
		*ret_kind = PV_KEY_ECDSA;
	else if (EVP_PKEY_is_a(pkey, "RSA"))
		*ret_kind = PV_KEY_RSA;
	else if (EVP_PKEY_is_a(pkey, "ED25519"))
		*ret_kind = PV_KEY_ED25519;
	else
		return FALSE;
	return TRUE;
}

/* Only sizes and curves that Notary's keys can have. Explicit parameters that equal a named curve
 * get its name from OpenSSL; others have none and are refused. */
static gboolean check_strength(EVP_PKEY *pkey, PvKeyKind kind, GError **error)
{
	char group[64] = "";
	size_t length = 0;
	int bits = EVP_PKEY_get_bits(pkey);

	if (kind == PV_KEY_RSA && (bits < PV_RSA_BITS_MIN || bits > PV_RSA_BITS_MAX))
		return pv_fail(error, PV_ERROR_KEY, "key: RSA of %d bits, expected %d to %d", bits,
			       PV_RSA_BITS_MIN, PV_RSA_BITS_MAX);
	if (kind != PV_KEY_ECDSA)
		return TRUE;
	if (!EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
					    &length)) {
		ERR_clear_error();
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "key: an elliptic curve without a name");
	}
	for (const char *const *name = (const char *const[]){ "secp224r1", "prime256v1",
							      "secp384r1", "secp521r1", NULL };
	     *name; name++) {
		if (g_str_equal(group, *name))
			return TRUE;
	}
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "key: elliptic curve %s is none of P-224, P-256, P-384, P-521", group);
}

/* A password is never asked for: public keys have none, and a prompt would hang a server. */
int pv_crypto_no_password(char *buffer, int size, int writing, void *data)
{
	return 0;
}

EVP_PKEY *pv_public_key_pkey_of_pem(const void *pem, gsize size)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)size);
	EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, pv_crypto_no_password, NULL);

	BIO_free(bio);
	return pkey;
}

/*
 * SubjectPublicKeyInfo of P-256 is one fixed head and the point. Nearly all keys are such, and
 * OpenSSL's general decoders and encoders would be most of the time a look-up takes.
 */
static const guint8 p256_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
				    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
				    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };

/* The key if @public is of that form (the point is checked to be on the curve), else NULL. */
static EVP_PKEY *read_p256(const guint8 *public, gsize size)
{
	char group[] = "prime256v1";
	const guint8 *point = public + sizeof p256_head;
	EVP_PKEY_CTX *context;
	EVP_PKEY *pkey = NULL;

	if (size != sizeof p256_head + P256_POINT_SIZE ||
	    memcmp(public, p256_head, sizeof p256_head) != 0 || point[0] != UNCOMPRESSED)
		return NULL;
	context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (context && EVP_PKEY_fromdata_init(context) == 1) {
		OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
			OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point,
							  P256_POINT_SIZE),
			OSSL_PARAM_construct_end(),
		};

		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	}
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return pkey;
}

/* (transfer full): DER of a P-256 key; NULL for other keys. */
static GBytes *encode_p256(const EVP_PKEY *pkey)
{
	guint8 der[sizeof p256_head + P256_POINT_SIZE];
	char group[64] = "";
	size_t length = 0;

	if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1 ||
	    strcmp(group, "prime256v1") != 0 ||
	    EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, der + sizeof p256_head,
					    P256_POINT_SIZE, &length) != 1 ||
	    length != P256_POINT_SIZE || der[sizeof p256_head] != UNCOMPRESSED) {
		ERR_clear_error();
		return NULL;
	}
	memcpy(der, p256_head, sizeof p256_head);
	return g_bytes_new(der, sizeof der);
}

static EVP_PKEY *read_plain(PvKeyKind kind, const guint8 *public, gsize size, gboolean *ret_pem,
			    GError **error)
{
	gboolean is_pem =
		kind != PV_KEY_ED25519 && size > 10 && memcmp(public, "-----BEGIN", 10) == 0;
	const guint8 *at = public;
	EVP_PKEY *pkey = NULL;

	if (kind == PV_KEY_ED25519 && size != ED25519_PUBLIC_SIZE)
		return pv_fail_null(error, PV_ERROR_KEY, "key: ed25519 of %zu bytes, expected %d",
				    size, ED25519_PUBLIC_SIZE);
	if (kind == PV_KEY_ED25519)
		pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, size);
	else if (is_pem) {
		pkey = pv_public_key_pkey_of_pem(public, size);
		at = public + size;
	} else if (kind == PV_KEY_ECDSA && (pkey = read_p256(public, size))) {
		at = public + size;
	} else {
		pkey = d2i_PUBKEY(NULL, &at, (long)size);
	}
	if (pkey && kind != PV_KEY_ED25519 && at != public + size) {
		EVP_PKEY_free(pkey);
		return pv_fail_null(error, PV_ERROR_KEY, "key: %zu bytes after the public key",
				    (gsize)(public + size - at));
	}
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "key: not a public key: %s",
				    pv_crypto_reason());
	*ret_pem = is_pem;
	return pkey;
}

static STACK_OF(X509) * read_chain(const guint8 *pem, gsize size, GError **error)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem, (int)size);
	X509 *certificate;

	while (sk_X509_num(chain) <= CERTIFICATES_MAX &&
	       (certificate = PEM_read_bio_X509(bio, NULL, pv_crypto_no_password, NULL)))
		sk_X509_push(chain, certificate);
	BIO_free(bio);
	ERR_clear_error();
	if (sk_X509_num(chain) >= 1 && sk_X509_num(chain) <= CERTIFICATES_MAX)
		return chain;
	pv_fail(error, PV_ERROR_KEY, "key: %d certificates in a chain, expected 1 to %d",
		sk_X509_num(chain), CERTIFICATES_MAX);
	sk_X509_pop_free(chain, X509_free);
	return NULL;
}

static char *make_id(const char *type, const guint8 *encoded, gsize size)
{
	g_autofree char *base64 = g_base64_encode(encoded, size);
	g_autofree char *json = g_strdup_printf(
		"{\"keytype\":\"%s\",\"keyval\":{\"private\":null,\"public\":\"%s\"}}", type,
		base64);
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, json, strlen(json));

	return pv_digest_hex(&digest);
}

/* DER SubjectPublicKeyInfo, or the raw bytes of ed25519. */
static GBytes *encode(EVP_PKEY *pkey, PvKeyKind kind)
{
	guint8 raw[ED25519_PUBLIC_SIZE], *der = NULL;
	size_t size = sizeof(raw);
	int length;
	GBytes *encoded;

	if (kind == PV_KEY_ED25519)
		return EVP_PKEY_get_raw_public_key(pkey, raw, &size) == 1 ? g_bytes_new(raw, size)
									  : NULL;
	encoded = kind == PV_KEY_ECDSA ? encode_p256(pkey) : NULL;
	if (encoded)
		return encoded;
	length = i2d_PUBKEY(pkey, &der);
	if (length <= 0)
		return NULL;
	encoded = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return encoded;
}

static const char *plain_type(PvKeyKind kind)
{
	return types[kind == PV_KEY_ECDSA ? 0 : kind == PV_KEY_RSA ? 1 : 2].name;
}

static gboolean finish(PvPublicKey *key, GError **error)
{
	gsize size;
	const guint8 *bytes;
	g_autoptr(GBytes) plain = NULL;
	PvKeyKind kind;

	if (!kind_of_pkey(key->pkey, &kind) || kind != key->kind)
		return pv_fail(error, PV_ERROR_KEY, "key: the bytes are not of a key of type %s",
			       key->type);
	if (!check_strength(key->pkey, kind, error))
		return FALSE;
	if (!key->chain) {
		key->canonical_id = g_strdup(key->id);
		return TRUE;
	}
	plain = encode(key->pkey, kind);
	if (!plain)
		return pv_fail(error, PV_ERROR_KEY, "key: cannot be encoded: %s",
			       pv_crypto_reason());
	bytes = g_bytes_get_data(plain, &size);
	key->canonical_id = make_id(plain_type(kind), bytes, size);
	return TRUE;
}

static gboolean read_encoded(PvPublicKey *key, gboolean is_certificate, GError **error)
{
	gsize size;
	const guint8 *public = g_bytes_get_data(key->encoded, &size);

	if (!is_certificate) {
		key->pkey = read_plain(key->kind, public, size, &key->is_pem, error);
		return key->pkey && finish(key, error);
	}
	key->chain = read_chain(public, size, error);
	if (!key->chain)
		return FALSE;
	key->pkey = X509_get_pubkey(sk_X509_value(key->chain, 0));
	if (!key->pkey)
		return pv_fail(error, PV_ERROR_KEY, "key: no usable key in the certificate: %s",
			       pv_crypto_reason());
	return finish(key, error);
}

/* (transfer none): the row of @keytype in the table, or NULL with an error. */
static const Type *find_type(const char *keytype, GError **error)
{
	for (gsize row = 0; row < G_N_ELEMENTS(types); row++) {
		if (g_str_equal(types[row].name, keytype))
			return &types[row];
	}
	return pv_fail_null(error, PV_ERROR_UNSUPPORTED, "key: unknown type '%.32s'", keytype);
}

PvPublicKey *pv_public_key_new_known(const char *keytype, const guint8 *public, gsize size,
				     GError **error)
{
	const Type *type = find_type(keytype, error);
	PvPublicKey *key;

	if (!type)
		return NULL;
	if (size > PV_CERTIFICATE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "key: %zu bytes, at most %zu allowed",
				    size, PV_CERTIFICATE_BYTES_MAX);
	key = g_new0(PvPublicKey, 1);
	key->references = 1;
	key->kind = type->kind;
	key->type = type->name;
	key->encoded = g_bytes_new(public, size);
	key->id = make_id(key->type, public, size);
	return key;
}

PvPublicKey *pv_public_key_new(const char *keytype, const guint8 *public, gsize size,
			       GError **error)
{
	g_autoptr(PvPublicKey) key = pv_public_key_new_known(keytype, public, size, error);

	if (!key || !read_encoded(key, find_type(keytype, NULL)->is_certificate, error))
		return NULL;
	key->is_read = TRUE;
	return g_steal_pointer(&key);
}

gboolean pv_public_key_read(const PvPublicKey *key)
{
	static GMutex reading;
	PvPublicKey *known = (PvPublicKey *)key; /* what it shows outside does not change */

	if (!g_atomic_int_get(&key->is_read)) {
		g_mutex_lock(&reading);
		if (!key->is_read &&
		    !read_encoded(known, find_type(key->type, NULL)->is_certificate, NULL)) {
			g_clear_pointer(&known->pkey, EVP_PKEY_free);
			g_clear_pointer(&known->canonical_id, g_free);
		}
		if (!key->canonical_id)
			known->canonical_id = g_strdup(key->id);
		g_atomic_int_set(&known->is_read, TRUE);
		g_mutex_unlock(&reading);
	}
	return key->pkey != NULL;
}

PvPublicKey *pv_public_key_of_pkey(EVP_PKEY *pkey, GError **error)
{
	g_autoptr(GBytes) encoded = NULL;
	PvKeyKind kind;
	gsize size;
	const guint8 *bytes;

	if (!kind_of_pkey(pkey, &kind))
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "key: of type %s, expected EC, RSA or Ed25519",
				    EVP_PKEY_get0_type_name(pkey));
	encoded = encode(pkey, kind);
	if (!encoded)
		return pv_fail_null(error, PV_ERROR_KEY, "key: cannot be encoded: %s",
				    pv_crypto_reason());
	bytes = g_bytes_get_data(encoded, &size);
	return pv_public_key_new(plain_type(kind), bytes, size, error);
}

PvPublicKey *pv_public_key_ref(PvPublicKey *key)
{
	g_atomic_int_inc(&key->references);
	return key;
}

void pv_public_key_unref(PvPublicKey *key)
{
	if (!key || !g_atomic_int_dec_and_test(&key->references))
		return;
	g_clear_pointer(&key->encoded, g_bytes_unref);
	EVP_PKEY_free(key->pkey);
	if (key->chain)
		sk_X509_pop_free(key->chain, X509_free);
	g_free(key->id);
	g_free(key->canonical_id);
	g_free(key);
}

PvKeyKind pv_public_key_kind(const PvPublicKey *key)
{
	return key->kind;
}

const char *pv_public_key_type(const PvPublicKey *key)
{
	return key->type;
}

GBytes *pv_public_key_encoded(const PvPublicKey *key)
{
	return key->encoded;
}

const char *pv_public_key_id(const PvPublicKey *key)
{
	return key->id;
}

gboolean pv_public_key_same(const PvPublicKey *key, const PvPublicKey *other)
{
	gboolean same;

	if (strcmp(key->id, other->id) == 0)
		return TRUE;
	if (key->kind != other->kind || !pv_public_key_read(key) || !pv_public_key_read(other))
		return FALSE;
	same = strcmp(key->canonical_id, other->canonical_id) == 0 ||
	       EVP_PKEY_eq(key->pkey, other->pkey) == 1;
	ERR_clear_error();
	return same;
}

const char *pv_public_key_canonical_id(const PvPublicKey *key)
{
	pv_public_key_read(key);
	return key->canonical_id;
}
