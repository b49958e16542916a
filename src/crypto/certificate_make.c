/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Certificates that a key makes for itself: the root certificate of a repository (trust.md 2.2) and
 * the one beside a key on a token, by which others find the key and its role. The key may be
 * elsewhere: then OpenSSL cannot sign, and the signature, which is metadata's raw r||s, is put in
 * here as the DER that X.509 demands (Notary left it raw, so that its certificates were invalid).
 */

#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "crypto/key_private.h"

#define ROOT_LIFE_S  ((gint64)3650 * 24 * 3600)
#define SERIAL_BYTES 16

static gboolean add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	gboolean added;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	added = extension && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return added;
}

static gboolean set_serial(X509 *certificate)
{
	guint8 bytes[SERIAL_BYTES];
	BIGNUM *number;
	gboolean set;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return FALSE;
	bytes[0] &= 0x7f; /* serial numbers are positive */
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return set;
}

static gboolean set_dates(X509 *certificate, gint64 now_s, gint64 life_s)
{
	time_t start = (time_t)now_s, end = (time_t)(now_s + life_s);

	return X509_time_adj_ex(X509_getm_notBefore(certificate), 0, 0, &start) &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), 0, 0, &end);
}

/* AlgorithmIdentifier of RSASSA-PSS: SHA-256, MGF1 with it, a salt of 32 bytes (RFC 4055). */
static const guint8 pss_algorithm[] = {
	0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30,
	0x34, 0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	0x02, 0x01, 0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
	0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x20,
};

/* How the signatures of pv_private_key_sign() are called in X.509. */
static X509_ALGOR *algorithm_of(PvKeyKind kind)
{
	const guint8 *at = pss_algorithm;
	X509_ALGOR *algorithm;

	if (kind == PV_KEY_RSA)
		return d2i_X509_ALGOR(NULL, &at, sizeof pss_algorithm);
	algorithm = X509_ALGOR_new();
	X509_ALGOR_set0(algorithm,
			OBJ_nid2obj(kind == PV_KEY_ED25519 ? NID_ED25519 : NID_ecdsa_with_SHA256),
			V_ASN1_UNDEF, NULL);
	return algorithm;
}

/*
 * OpenSSL hands out the algorithm and the signature to read only, and has no other way to set them
 * but signing itself.
 */
static gboolean put_signature(X509 *certificate, const PvPrivateKey *key, GError **error)
{
	const ASN1_BIT_STRING *place;
	const X509_ALGOR *algorithm;
	g_autoptr(GBytes) signature = NULL;
	guint8 *body = NULL, *der = NULL;
	const char *method;
	gsize size;
	int length = i2d_re_X509_tbs(certificate, &body), der_length;
	const void *raw;

	if (length <= 0)
		return pv_fail(error, PV_ERROR_KEY, "a certificate cannot be encoded: %s",
			       pv_crypto_reason());
	signature = pv_private_key_sign(key, body, (gsize)length, &method, error);
	OPENSSL_free(body);
	if (!signature)
		return FALSE;
	raw = g_bytes_get_data(signature, &size);
	if (key->public->kind == PV_KEY_ECDSA)
		der = pv_signature_der_of_raw(key->pkey, raw, size, &der_length);
	else if ((der = OPENSSL_memdup(raw, size)))
		der_length = (int)size;
	if (!der)
		return pv_fail(error, PV_ERROR_KEY, "a signature cannot be encoded");
	X509_get0_signature(&place, &algorithm, certificate);
	ASN1_STRING_set0((ASN1_STRING *)place, der, der_length);
	((ASN1_STRING *)place)->flags &= ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07);
	((ASN1_STRING *)place)->flags |= ASN1_STRING_FLAG_BITS_LEFT;
	return TRUE;
}

static gboolean sign_elsewhere(X509 *certificate, const PvPrivateKey *key, GError **error)
{
	const ASN1_BIT_STRING *place;
	const X509_ALGOR *outer, *inner = X509_get0_tbs_sigalg(certificate);
	X509_ALGOR *algorithm = algorithm_of(key->public->kind);
	gboolean set;

	X509_get0_signature(&place, &outer, certificate);
	set = algorithm && X509_ALGOR_copy((X509_ALGOR *)inner, algorithm) == 1 &&
	      X509_ALGOR_copy((X509_ALGOR *)outer, algorithm) == 1;
	X509_ALGOR_free(algorithm);
	if (!set)
		return pv_fail(error, PV_ERROR_KEY, "a certificate cannot be signed: %s",
			       pv_crypto_reason());
	return put_signature(certificate, key, error);
}

static gboolean sign(X509 *certificate, const PvPrivateKey *key, GError **error)
{
	const EVP_MD *hash = key->public->kind == PV_KEY_ED25519 ? NULL : EVP_sha256();

	if (key->sign)
		return sign_elsewhere(certificate, key, error);
	return X509_sign(certificate, key->pkey, hash) > 0 ||
	       pv_fail(error, PV_ERROR_KEY, "a certificate cannot be signed: %s",
		       pv_crypto_reason());
}

static gboolean fill(X509 *certificate, const PvPrivateKey *key, const char *name, gint64 now_s,
		     gint64 life_s, GError **error)
{
	X509_NAME *subject = X509_get_subject_name(certificate);

	if (X509_set_version(certificate, X509_VERSION_3) != 1 || !set_serial(certificate) ||
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guint8 *)name, -1, -1,
				       0) != 1 ||
	    X509_set_issuer_name(certificate, subject) != 1 ||
	    !set_dates(certificate, now_s, life_s) ||
	    X509_set_pubkey(certificate, key->pkey) != 1 ||
	    !add_extension(certificate, NID_key_usage,
			   "critical,digitalSignature,keyEncipherment") ||
	    !add_extension(certificate, NID_ext_key_usage, "codeSigning") ||
	    !add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE"))
		return pv_fail(error, PV_ERROR_KEY, "certificate for %s: cannot be made: %s", name,
			       pv_crypto_reason());
	return sign(certificate, key, error);
}

GBytes *pv_certificate_new_self_signed(const PvPrivateKey *key, const char *name, gint64 now_s,
				       gint64 life_s, GError **error)
{
	X509 *certificate = X509_new();
	guint8 *der = NULL;
	GBytes *made = NULL;
	int length;

	if (fill(certificate, key, name, now_s, life_s, error)) {
		length = i2d_X509(certificate, &der);
		if (length > 0)
			made = g_bytes_new(der, (gsize)length);
		else
			pv_fail(error, PV_ERROR_KEY, "certificate for %s: cannot be encoded: %s",
				name, pv_crypto_reason());
	}
	OPENSSL_free(der);
	X509_free(certificate);
	return made;
}

static char *pem_of(const X509 *certificate)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *text, *copy = NULL;
	long length;

	if (PEM_write_bio_X509(pem, certificate) == 1 &&
	    (length = BIO_get_mem_data(pem, &text)) > 0)
		copy = g_strndup(text, (gsize)length);
	BIO_free(pem);
	return copy;
}

PvPublicKey *pv_certificate_new_root(const PvPrivateKey *key, const char *gun, PvTime now,
				     GError **error)
{
	X509 *certificate;
	g_autofree char *pem = NULL;

	if (key->public->kind == PV_KEY_ED25519)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "root key %.7s: ed25519 keys cannot be root keys in Notary's "
				    "format",
				    key->public->id);
	certificate = X509_new();
	if (fill(certificate, key, gun, now.seconds, ROOT_LIFE_S, error))
		pem = pem_of(certificate);
	X509_free(certificate);
	if (!pem)
		return pv_fail_wrap(error, "root certificate for %s", gun), NULL;
	return pv_public_key_new(key->public->kind == PV_KEY_RSA ? "rsa-x509" : "ecdsa-x509",
				 (const guint8 *)pem, strlen(pem), error);
}
