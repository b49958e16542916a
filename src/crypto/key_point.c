/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Public keys as tokens tell them: a curve and a point, a modulus and an exponent. Around them the
 * SubjectPublicKeyInfo of RFC 5480 or RFC 8017 is written here, so that one place alone, key.c,
 * judges what a usable key is.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/key.h"
#include "crypto/key_private.h"

#define DER_SEQUENCE   0x30
#define DER_BIT_STRING 0x03

#define P256_SCALAR_BYTES 32

static const guint8 ec_public_key[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };

/* Puts a tag and a length of at most 64 KiB before @content. */
static void wrap(GByteArray *content, guint8 tag)
{
	guint8 head[4] = { tag };
	guint used = 1;

	if (content->len > 0xff) {
		head[used++] = 0x82;
		head[used++] = (guint8)(content->len >> 8);
	} else if (content->len > 0x7f) {
		head[used++] = 0x81;
	}
	head[used++] = (guint8)content->len;
	g_byte_array_prepend(content, head, used);
}

static void append(GByteArray *array, GBytes *bytes)
{
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	if (size > 0)
		g_byte_array_append(array, data, (guint)size);
}

/* One spelling for all: explicit parameters become the curve's name. */
static PvPublicKey *by_name(const PvPublicKey *key, GError **error)
{
	g_autofree char *group = g_malloc0(64);
	guint8 point[2 * 66 + 1];
	size_t size = 0;
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	PvPublicKey *named = NULL;

	EVP_PKEY_get_group_name(key->pkey, group, 64, NULL);
	EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
					&size);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, size);
	params[2] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata_init(context) == 1 &&
	    EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1)
		named = pv_public_key_of_pkey(pkey, error);
	else
		pv_fail(error, PV_ERROR_KEY, "key: cannot be encoded: %s", pv_crypto_reason());
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return named;
}

PvPublicKey *pv_public_key_new_point(GBytes *parameters, GBytes *point, GError **error)
{
	g_autoptr(GByteArray) info = g_byte_array_new();
	g_autoptr(GByteArray) bits = g_byte_array_new();
	g_autoptr(PvPublicKey) key = NULL;
	const guint8 no_unused_bits = 0;

	if (g_bytes_get_size(parameters) > PV_TOKEN_ATTRIBUTE_BYTES_MAX ||
	    g_bytes_get_size(point) > PV_TOKEN_ATTRIBUTE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "key: EC parameters of %zu bytes, a point of %zu, at most %d "
				    "allowed",
				    g_bytes_get_size(parameters), g_bytes_get_size(point),
				    PV_TOKEN_ATTRIBUTE_BYTES_MAX);
	g_byte_array_append(info, ec_public_key, sizeof ec_public_key);
	append(info, parameters);
	wrap(info, DER_SEQUENCE);
	g_byte_array_append(bits, &no_unused_bits, 1);
	append(bits, point);
	wrap(bits, DER_BIT_STRING);
	g_byte_array_append(info, bits->data, bits->len);
	wrap(info, DER_SEQUENCE);
	key = pv_public_key_new("ecdsa", info->data, info->len, error);
	return key ? by_name(key, error) : NULL;
}

PvPublicKey *pv_public_key_new_rsa(GBytes *modulus, GBytes *exponent, GError **error)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	gsize n_size, e_size;
	const void *n_bytes = g_bytes_get_data(modulus, &n_size);
	const void *e_bytes = g_bytes_get_data(exponent, &e_size);
	gboolean fits = n_size > 0 && n_size <= PV_TOKEN_ATTRIBUTE_BYTES_MAX && e_size > 0 &&
			e_size <= PV_TOKEN_ATTRIBUTE_BYTES_MAX;
	BIGNUM *n = fits ? BN_bin2bn(n_bytes, (int)n_size, NULL) : NULL;
	BIGNUM *e = fits ? BN_bin2bn(e_bytes, (int)e_size, NULL) : NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	PvPublicKey *key = NULL;

	if (n && e && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		params = OSSL_PARAM_BLD_to_param(builder);
	if (params && EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params);
	if (pkey)
		key = pv_public_key_of_pkey(pkey, error);
	else
		pv_fail(error, PV_ERROR_KEY, "key: no usable RSA key: %s", pv_crypto_reason());
	EVP_PKEY_free(pkey);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(n);
	BN_free(e);
	return key;
}

GBytes *pv_public_key_point(const PvPublicKey *key)
{
	guint8 point[2 * 66 + 1];
	size_t size = 0;

	if (key->kind != PV_KEY_ECDSA ||
	    EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
					    &size) != 1)
		return NULL;
	return g_bytes_new(point, size);
}

PvSecret *pv_private_key_scalar(const PvPrivateKey *key, GError **error)
{
	g_autoptr(PvSecret) scalar = NULL;
	BIGNUM *number = NULL;
	char group[64] = "";

	if (key->sign)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key %.7s is on a token and cannot leave it", key->public->id);
	EVP_PKEY_get_group_name(key->pkey, group, sizeof group, NULL);
	if (g_strcmp0(group, "prime256v1") != 0)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "key %.7s is not of P-256, the one kind that is brought to a "
				    "token",
				    key->public->id);
	scalar = pv_secret_new(P256_SCALAR_BYTES);
	if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1 ||
	    BN_bn2binpad(number, (guint8 *)scalar->data, P256_SCALAR_BYTES) != P256_SCALAR_BYTES)
		g_clear_pointer(&scalar, pv_secret_free);
	BN_clear_free(number);
	if (!scalar)
		return pv_fail_null(error, PV_ERROR_KEY, "key %.7s: %s", key->public->id,
				    pv_crypto_reason());
	return g_steal_pointer(&scalar);
}

PvSecret *pv_private_key_pkcs8(const PvPrivateKey *key, GError **error)
{
	PKCS8_PRIV_KEY_INFO *info = key->sign ? NULL : EVP_PKEY2PKCS8(key->pkey);
	guint8 *der = NULL;
	int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : 0;
	PvSecret *secret = NULL;

	if (size > 0)
		secret = pv_secret_new_copy(der, (gsize)size);
	else
		pv_fail(error, PV_ERROR_KEY, "key %.7s cannot leave its place", key->public->id);
	OPENSSL_clear_free(der, (gsize)MAX(size, 0));
	PKCS8_PRIV_KEY_INFO_free(info);
	return secret;
}
