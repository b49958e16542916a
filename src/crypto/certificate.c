/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Root certificates (trust.md 2.2): the rules by which one counts (certificate_make.c makes them).
 Trust comes from pinning and from the chain of roots; a certificate only binds a root key
 * to the name of its repository.
 */

#include "crypto/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/key_private.h"

#define EARLY_SECONDS_MAX (24 * 3600)

static gboolean name_fits(const char *name, const char *gun)
{
	gsize length = strlen(name);

	if (length > 0 && name[length - 1] == '*')
		return strncmp(name, gun, length - 1) == 0;
	return strcmp(name, gun) == 0;
}

static char *common_name(const X509 *certificate)
{
	const X509_NAME *name = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	guint8 *text = NULL;
	int length;
	char *copy = NULL;

	if (at < 0)
		return NULL;
	length =
		ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (length >= 0 && !memchr(text, 0, (gsize)length))
		copy = g_strndup((const char *)text, (gsize)length);
	OPENSSL_free(text);
	return copy;
}

static gboolean is_authority(X509 *certificate)
{
	return (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0;
}

static gboolean check_dates(X509 *certificate, const char *gun, PvTime now, GError **error)
{
	time_t at = (time_t)now.seconds, early = at + EARLY_SECONDS_MAX;

	if (X509_cmp_time(X509_get0_notAfter(certificate), &at) <= 0)
		return pv_fail(error, PV_ERROR_EXPIRED, "root certificate of %s has expired", gun);
	if (X509_cmp_time(X509_get0_notBefore(certificate), &early) > 0)
		return pv_fail(error, PV_ERROR_ROOT,
			       "root certificate of %s is not valid for more than a day yet", gun);
	return TRUE;
}

gboolean pv_certificate_check(const PvPublicKey *key, const char *gun, PvTime now, GError **error)
{
	X509 *leaf = pv_public_key_read(key) && key->chain ? sk_X509_value(key->chain, 0) : NULL;
	g_autofree char *name = leaf ? common_name(leaf) : NULL;
	int hash = NID_undef;

	if (!leaf)
		return pv_fail(error, PV_ERROR_ROOT, "root key %.7s of %s is not a certificate",
			       key->id, gun);
	if (!name || !name_fits(name, gun))
		return pv_fail(error, PV_ERROR_ROOT,
			       "root certificate is for %s, expected one for %s",
			       name ? name : "no name", gun);
	for (int i = 0; i < sk_X509_num(key->chain); i++) {
		if (is_authority(sk_X509_value(key->chain, i)) == (i == 0))
			return pv_fail(error, PV_ERROR_ROOT,
				       "root certificate of %s: certificate %d of the chain is%s "
				       "an authority",
				       gun, i + 1, i == 0 ? "" : " not");
	}
	if (OBJ_find_sigid_algs(X509_get_signature_nid(leaf), &hash, NULL) == 1 &&
	    (hash == NID_sha1 || hash == NID_md5))
		return pv_fail(error, PV_ERROR_ROOT, "root certificate of %s is signed with %s",
			       gun, OBJ_nid2sn(hash));
	return check_dates(leaf, gun, now, error);
}

PvTime pv_certificate_expires(const PvPublicKey *key)
{
	PvTime time = { 0, 0 };
	struct tm utc;

	if (pv_public_key_read(key) && key->chain &&
	    ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(key->chain, 0)), &utc) == 1)
		time.seconds = (gint64)timegm(&utc);
	return time;
}

/* Docker's .pub files have headers ("role: alice"), which OpenSSL takes for encryption's. */
static char *without_headers(const char *pem, gsize size)
{
	g_autofree char *text = g_strndup(pem, size);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	GString *rest = g_string_new(NULL);

	for (char **line = lines; *line; line++) {
		g_strchomp(*line);
		if (**line && !strchr(*line, ':'))
			g_string_append_printf(rest, "%s\n", *line);
	}
	return g_string_free(rest, FALSE);
}

static PvPublicKey *parse_bare(const char *pem, gsize size, GError **error)
{
	g_autofree char *plain = without_headers(pem, size);
	BIO *bio = BIO_new_mem_buf(plain, -1);
	EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	PvPublicKey *key;

	BIO_free(bio);
	if (!pkey) {
		ERR_clear_error();
		return pv_fail_null(error, PV_ERROR_KEY,
				    "neither a PEM certificate nor a PEM public key");
	}
	key = pv_public_key_of_pkey(pkey, error);
	EVP_PKEY_free(pkey);
	return key;
}

PvPublicKey *pv_certificate_parse_key(const char *pem, gsize size, GError **error)
{
	PvPublicKey *key;

	if (size > PV_CERTIFICATE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%zu bytes of PEM, at most %zu allowed",
				    size, PV_CERTIFICATE_BYTES_MAX);
	if (!g_strstr_len(pem, (gssize)size, "-----BEGIN CERTIFICATE-----"))
		return parse_bare(pem, size, error);
	key = pv_public_key_new("ecdsa-x509", (const guint8 *)pem, size, NULL);
	return key ? key : pv_public_key_new("rsa-x509", (const guint8 *)pem, size, error);
}

PvPublicKey *pv_certificate_read_key(const char *path, GError **error)
{
	g_autoptr(GBytes) pem = pv_file_read(path, PV_CERTIFICATE_BYTES_MAX, error);
	PvPublicKey *key;
	const char *text;
	gsize size;

	if (!pem)
		return NULL;
	text = g_bytes_get_data(pem, &size);
	key = pv_certificate_parse_key(text ? text : "", size, error);
	if (!key)
		pv_fail_wrap(error, "%s", path);
	return key;
}

char *pv_certificate_public_pem(const PvPublicKey *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *copy;
	long length;

	if (pv_public_key_read(key))
		PEM_write_bio_PUBKEY(bio, key->pkey);
	length = BIO_get_mem_data(bio, &text);
	copy = g_strndup(text, (gsize)length);
	BIO_free(bio);
	return copy;
}

/* (transfer full): untrusted bytes as one certificate, to their last. */
static X509 *read_der(GBytes *der, GError **error)
{
	gsize size;
	const guint8 *at = g_bytes_get_data(der, &size), *end = at + size;
	X509 *certificate = NULL;

	if (size > PV_CERTIFICATE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "a certificate of %zu bytes, at most %zu allowed", size,
				    PV_CERTIFICATE_BYTES_MAX);
	if (at)
		certificate = d2i_X509(NULL, &at, (long)size);
	if (certificate && at == end)
		return certificate;
	X509_free(certificate);
	return pv_fail_null(error, PV_ERROR_KEY, "not a certificate: %s", pv_crypto_reason());
}

PvPublicKey *pv_certificate_read_der(GBytes *der, char **ret_name, GError **error)
{
	X509 *certificate = read_der(der, error);
	EVP_PKEY *pkey = certificate ? X509_get_pubkey(certificate) : NULL;
	PvPublicKey *key = NULL;

	if (pkey)
		key = pv_public_key_of_pkey(pkey, error);
	else if (certificate)
		pv_fail(error, PV_ERROR_KEY, "a certificate without a usable key: %s",
			pv_crypto_reason());
	if (key && ret_name)
		*ret_name = common_name(certificate);
	EVP_PKEY_free(pkey);
	X509_free(certificate);
	return key;
}

GBytes *pv_certificate_subject(GBytes *der, GError **error)
{
	X509 *certificate = read_der(der, error);
	guint8 *name = NULL;
	int length;
	GBytes *subject = NULL;

	if (!certificate)
		return NULL;
	length = i2d_X509_NAME(X509_get_subject_name(certificate), &name);
	if (length > 0)
		subject = g_bytes_new(name, (gsize)length);
	else
		pv_fail(error, PV_ERROR_KEY, "a certificate without a subject");
	OPENSSL_free(name);
	X509_free(certificate);
	return subject;
}
