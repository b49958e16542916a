/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signature methods of trust metadata (trust.md 2.3) and the private keys that make them. ECDSA is
 * raw r||s over SHA-256, whatever the curve; OpenSSL speaks DER, so it is converted here.
 */

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/error.h"
#include "crypto/key.h"
#include "crypto/key_private.h"

#define SCALAR_BYTES_MAX 66 /* P-521 */
#define PSS_SALT_BYTES   32
#define RSA_BITS_NEW     3072

static const struct {
	const char *name;
	PvSigning signing;
	PvKeyKind kind;
	gboolean
		is_pem; /* the key is spelt so; the reference knows no other spelling for the method */
} methods[] = {
	{ "ecdsa", PV_SIGNING_ECDSA, PV_KEY_ECDSA, FALSE },
	{ "eddsa", PV_SIGNING_EDDSA, PV_KEY_ED25519, FALSE },
	{ "rsapss", PV_SIGNING_PSS, PV_KEY_RSA, FALSE },
	{ "rsapkcs1v15", PV_SIGNING_PKCS1, PV_KEY_RSA, FALSE },
	{ "pycrypto-pkcs#1 pss", PV_SIGNING_PSS, PV_KEY_RSA, TRUE },
};

static gsize scalar_bytes(const EVP_PKEY *pkey)
{
	return ((gsize)EVP_PKEY_get_bits(pkey) + 7) / 8;
}

guint8 *pv_signature_der_of_raw(const EVP_PKEY *pkey, const guint8 *raw, gsize size,
				int *ret_length)
{
	gsize half = scalar_bytes(pkey);
	ECDSA_SIG *pair;
	BIGNUM *r, *s;
	guint8 *der = NULL;

	if (size != 2 * half)
		return NULL;
	pair = ECDSA_SIG_new();
	r = BN_bin2bn(raw, (int)half, NULL);
	s = BN_bin2bn(raw + half, (int)half, NULL);
	if (ECDSA_SIG_set0(pair, r, s) == 1)
		*ret_length = i2d_ECDSA_SIG(pair, &der);
	ECDSA_SIG_free(pair);
	return der;
}

static GBytes *raw_of_der(const EVP_PKEY *pkey, const guint8 *der, gsize size)
{
	gsize half = scalar_bytes(pkey);
	guint8 raw[2 * SCALAR_BYTES_MAX];
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
	gboolean done;

	if (!pair || half > SCALAR_BYTES_MAX)
		return NULL;
	done = BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, (int)half) >= 0 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + half, (int)half) >= 0;
	ECDSA_SIG_free(pair);
	return done ? g_bytes_new(raw, 2 * half) : NULL;
}

static gboolean set_padding(EVP_PKEY_CTX *context, PvSigning signing)
{
	if (signing == PV_SIGNING_PKCS1)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
	if (signing == PV_SIGNING_PSS)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, PSS_SALT_BYTES) == 1;
	if (signing == PV_SIGNING_PSS_SALT)
		return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
	return TRUE;
}

gboolean pv_public_key_verify_der(EVP_PKEY *pkey, PvSigning signing, const void *message,
				  gsize message_size, const guint8 *signature, gsize size)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context = NULL;
	const char *hash = signing == PV_SIGNING_EDDSA ? NULL : "SHA256";
	gboolean good;

	good = EVP_DigestVerifyInit_ex(md, &context, hash, NULL, NULL, pkey, NULL) == 1 &&
	       set_padding(context, signing) &&
	       EVP_DigestVerify(md, signature, size, message, message_size) == 1;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return good;
}

gboolean pv_public_key_verify(const PvPublicKey *key, const char *method, const void *message,
			      gsize message_size, const void *signature, gsize signature_size)
{
	for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
		guint8 *der;
		int length = 0;
		gboolean good;

		if (g_ascii_strcasecmp(method, methods[i].name) != 0)
			continue;
		if (!pv_public_key_read(key) || methods[i].kind != key->kind ||
		    methods[i].is_pem != key->is_pem)
			return FALSE;
		if (methods[i].signing != PV_SIGNING_ECDSA)
			return pv_public_key_verify_der(key->pkey, methods[i].signing, message,
							message_size, signature, signature_size);
		der = pv_signature_der_of_raw(key->pkey, signature, signature_size, &length);
		good = der && length > 0 &&
		       pv_public_key_verify_der(key->pkey, PV_SIGNING_ECDSA, message, message_size,
						der, (gsize)length);
		OPENSSL_free(der);
		return good;
	}
	return FALSE;
}

PvPrivateKey *pv_private_key_of_pkey(EVP_PKEY *pkey, GError **error)
{
	PvPublicKey *public = pv_public_key_of_pkey(pkey, error);
	PvPrivateKey *key;

	if (!public) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	key = g_new0(PvPrivateKey, 1);
	key->pkey = pkey;
	key->public = public;
	return key;
}

PvPrivateKey *pv_private_key_generate(PvKeyKind kind, GError **error)
{
	EVP_PKEY *pkey = NULL;

	switch (kind) {
	case PV_KEY_ECDSA:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		break;
	case PV_KEY_RSA:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS_NEW);
		break;
	case PV_KEY_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	}
	if (!pkey)
		return pv_fail_null(error, PV_ERROR_KEY, "key: cannot be generated: %s",
				    pv_crypto_reason());
	return pv_private_key_of_pkey(pkey, error);
}

void pv_private_key_free(PvPrivateKey *key)
{
	if (!key)
		return;
	if (key->destroy)
		key->destroy(key->data);
	EVP_PKEY_free(key->pkey); /* clears the private part */
	pv_public_key_unref(key->public);
	g_free(key);
}

PvPrivateKey *pv_private_key_new_remote(PvPublicKey *public, PvRemoteSign sign, void *data,
					GDestroyNotify destroy, GError **error)
{
	PvPrivateKey *key;

	if (public->chain)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "a certificate is no private key");
	key = g_new0(PvPrivateKey, 1);
	EVP_PKEY_up_ref(public->pkey);
	key->pkey = public->pkey;
	key->public = pv_public_key_ref(public);
	key->sign = sign;
	key->data = data;
	key->destroy = destroy;
	return key;
}

gboolean pv_private_key_is_remote(const PvPrivateKey *key)
{
	return key->sign != NULL;
}

PvPublicKey *pv_private_key_public(const PvPrivateKey *key)
{
	return key->public;
}

/* By kind: the method that keys of ours sign with. */
static const struct {
	const char *method;
	PvSigning signing;
} by_kind[] = {
	[PV_KEY_ECDSA] = { "ecdsa", PV_SIGNING_ECDSA },
	[PV_KEY_RSA] = { "rsapss", PV_SIGNING_PSS },
	[PV_KEY_ED25519] = { "eddsa", PV_SIGNING_EDDSA },
};

/* A token may lie, and a key that is not the role's must be seen here, not by the server. */
static GBytes *sign_elsewhere(const PvPrivateKey *key, const void *message, gsize size,
			      GError **error)
{
	g_autoptr(GBytes) copy = g_bytes_new(message, size);
	g_autoptr(GBytes) signature = key->sign(key->data, key->public, copy, error);
	const void *raw;
	gsize length;

	if (!signature)
		return NULL;
	raw = g_bytes_get_data(signature, &length);
	if (!raw || !pv_public_key_verify(key->public, by_kind[key->public->kind].method, message,
					  size, raw, length))
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key %.7s: what its token gave is not a signature of this key",
				    key->public->id);
	return g_steal_pointer(&signature);
}

static GBytes *sign_here(const PvPrivateKey *key, const void *message, gsize size, GError **error)
{
	PvSigning signing = by_kind[key->public->kind].signing;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *context = NULL;
	guint8 made[2048];
	size_t length = sizeof(made);
	gboolean done;
	GBytes *signature = NULL;

	done = EVP_DigestSignInit_ex(md, &context, signing == PV_SIGNING_EDDSA ? NULL : "SHA256",
				     NULL, NULL, key->pkey, NULL) == 1 &&
	       set_padding(context, signing) &&
	       EVP_DigestSign(md, made, &length, message, size) == 1;
	EVP_MD_CTX_free(md);
	if (done)
		signature = signing == PV_SIGNING_ECDSA ? raw_of_der(key->pkey, made, length)
							: g_bytes_new(made, length);
	if (!signature)
		return pv_fail_null(error, PV_ERROR_KEY, "key %.7s: cannot sign: %s",
				    key->public->id, pv_crypto_reason());
	return signature;
}

GBytes *pv_private_key_sign(const PvPrivateKey *key, const void *message, gsize size,
			    const char **ret_method, GError **error)
{
	GBytes *signature = key->sign ? sign_elsewhere(key, message, size, error)
				      : sign_here(key, message, size, error);

	if (signature)
		*ret_method = by_kind[key->public->kind].method;
	return signature;
}
