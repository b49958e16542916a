/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Certificates beside keys on tokens. OpenSSL signs with keys it holds, and these never leave their
 * token: so the certificate is made without a signature, its inner part is signed elsewhere, and
 * the signature is put where X509_sign() would have put it.
 */

#include "crypto/card_certificate.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/key_private.h"
#include "crypto/random.h"

#define SERIAL_BYTES 16

static char *common_name(const X509 *certificate)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	guint8 *text = NULL;
	char *copy = NULL;
	int length;

	if (at < 0)
		return NULL;
	length =
		ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (length > 0 && g_utf8_validate((const char *)text, length, NULL))
		copy = g_strndup((const char *)text, (gsize)length);
	OPENSSL_free(text);
	return copy;
}

gboolean pv_card_certificate_read(GBytes *der, PvPublicKey **ret_public, char **ret_name,
				  GError **error)
{
	gsize size;
	const guint8 *at = g_bytes_get_data(der, &size), *end = at + size;
	X509 *certificate;
	PvPublicKey *public = NULL;
	EVP_PKEY *pkey;

	if (size > PV_CERTIFICATE_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "certificate: %zu bytes, at most %zu allowed",
			       size, PV_CERTIFICATE_BYTES_MAX);
	certificate = d2i_X509(NULL, &at, (long)size);
	pkey = certificate ? X509_get0_pubkey(certificate) : NULL;
	if (!certificate || at != end)
		pv_fail(error, PV_ERROR_SYNTAX, "certificate: %zu bytes are not one of X.509",
			size);
	else if (!pkey)
		pv_fail(error, PV_ERROR_KEY, "certificate: no usable key in it");
	else
	public = pv_public_key_of_pkey(pkey, error);
	if (public) {
		*ret_public = public;
		*ret_name = common_name(certificate);
	}
	X509_free(certificate);
	ERR_clear_error();
	return public != NULL;
}

static gboolean add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	gboolean added = extension && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return added;
}

static gboolean set_serial(X509 *certificate, GError **error)
{
	guint8 bytes[SERIAL_BYTES];
	BIGNUM *number;
	gboolean set;

	if (!pv_random_fill(bytes, sizeof(bytes), error))
		return FALSE;
	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive, and of one length */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return set;
}

/* All but the signature. X509_get0_tbs_sigalg() and X509_get0_signature() give what is the
 * certificate's own, as const only because X509_sign() usually writes there. */
static gboolean fill(X509 *certificate, const PvPublicKey *public, const char *name, gint64 now_s,
		     gint64 life_s, GError **error)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_ALGOR *inner = (X509_ALGOR *)X509_get0_tbs_sigalg(certificate);
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *outer;
	time_t start = (time_t)now_s, end = (time_t)(now_s + life_s);

	X509_get0_signature(&signature, &outer, certificate);
	return set_serial(certificate, error) &&
	       X509_set_version(certificate, X509_VERSION_3) == 1 &&
	       X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guint8 *)name, -1,
					  -1, 0) == 1 &&
	       X509_set_issuer_name(certificate, subject) == 1 &&
	       ASN1_TIME_set(X509_getm_notBefore(certificate), start) &&
	       ASN1_TIME_set(X509_getm_notAfter(certificate), end) &&
	       X509_set_pubkey(certificate, public->pkey) == 1 &&
	       add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, NID_ext_key_usage, "codeSigning") &&
	       add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       X509_ALGOR_set0(inner, OBJ_nid2obj(NID_ecdsa_with_SHA256), V_ASN1_UNDEF, NULL) &&
	       X509_ALGOR_set0((X509_ALGOR *)outer, OBJ_nid2obj(NID_ecdsa_with_SHA256),
			       V_ASN1_UNDEF, NULL);
}

/* r||s becomes the DER that certificates carry. */
static gboolean put_signature(X509 *certificate, GBytes *raw)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(raw, &size);
	int half = (int)(size / 2), length;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *algorithm;
	guint8 *der = NULL;
	gboolean put;

	X509_get0_signature(&signature, &algorithm, certificate);
	put = ECDSA_SIG_set0(pair, BN_bin2bn(bytes, half, NULL),
			     BN_bin2bn(bytes + half, half, NULL)) == 1 &&
	      (length = i2d_ECDSA_SIG(pair, &der)) > 0 &&
	      ASN1_BIT_STRING_set((ASN1_BIT_STRING *)signature, der, length) == 1;
	if (put) {
		((ASN1_BIT_STRING *)signature)->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
		((ASN1_BIT_STRING *)signature)->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	}
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	return put;
}

static GBytes *taken(guint8 *der, int length)
{
	GBytes *bytes = length > 0 ? g_bytes_new(der, (gsize)length) : NULL;

	OPENSSL_free(der);
	return bytes;
}

GBytes *pv_card_certificate_new(const PvPublicKey *public, const char *name, gint64 now_s,
				gint64 life_s, PvCardSign *sign, void *data, GError **error)
{
	g_autoptr(GBytes) inner = NULL, signature = NULL;
	g_autoptr(GError) why = NULL;
	X509 *certificate = X509_new();
	GBytes *made = NULL;
	guint8 *der = NULL;
	int length;

	g_return_val_if_fail(public->kind == PV_KEY_ECDSA, NULL);
	if (fill(certificate, public, name, now_s, life_s, &why)) {
		length = i2d_re_X509_tbs(certificate, &der);
		inner = taken(der, length);
	}
	signature = inner ? sign(data, inner, &why) : NULL;
	if (signature && put_signature(certificate, signature)) {
		der = NULL;
		length = i2d_X509(certificate, &der);
		made = taken(der, length);
	}
	if (!made && why)
		g_propagate_error(error, g_steal_pointer(&why));
	else if (!made)
		pv_fail(error, PV_ERROR_KEY, "certificate of %s: cannot be made: %s", name,
			pv_crypto_reason());
	X509_free(certificate);
	return made;
}

PvSecret *pv_card_key_scalar(GBytes *der, PvPublicKey **ret_public, GError **error)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(der, &size);
	g_autoptr(PvPrivateKey) key = pv_private_key_new_der(data, size, error);
	g_autoptr(PvSecret) scalar = NULL;
	BIGNUM *number = BN_secure_new();
	gboolean done;

	if (key && key->public->kind == PV_KEY_ECDSA)
		scalar = pv_secret_new(((gsize)EVP_PKEY_get_bits(key->pkey) + 7) / 8);
	done = scalar && EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 &&
	       BN_bn2binpad(number, (guint8 *)scalar->data, (int)scalar->size) == (int)scalar->size;
	BN_clear_free(number);
	if (key && !done)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "key %.7s is not an ECDSA key, which a token takes",
				    key->public->id);
	if (!done)
		return NULL;
	*ret_public = pv_public_key_ref(key->public);
	return g_steal_pointer(&scalar);
}
