/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A proper authority and one server certificate (RFC 5280), for `pavise serve` without
 * certificates of its own. The authority's key lives only while this function runs.
 */

#include "crypto/authority.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/error.h"

#define YEARS_S ((gint64)3650 * 24 * 3600)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

void pv_authority_free(PvAuthority *authority)
{
	if (!authority)
		return;
	g_free(authority->authority);
	g_free(authority->certificate);
	pv_secret_free(authority->key);
	g_free(authority);
}

static gboolean set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	gboolean done = number && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
			BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	return done;
}

static gboolean add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	gboolean done;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	done = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return done;
}

/* An unsigned certificate: version, serial, times, name, key. */
static X509 *blank(const char *name, EVP_PKEY *key, PvTime now)
{
	g_autoptr(X509) certificate = X509_new();
	X509_NAME *subject;

	if (!certificate || !X509_set_version(certificate, 2) || !set_serial(certificate) ||
	    !ASN1_TIME_set(X509_getm_notBefore(certificate), now.seconds - 300) ||
	    !ASN1_TIME_set(X509_getm_notAfter(certificate), now.seconds + YEARS_S) ||
	    !X509_set_pubkey(certificate, key))
		return NULL;
	subject = X509_get_subject_name(certificate);
	if (!X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guchar *)name, -1, -1,
					0))
		return NULL;
	return g_steal_pointer(&certificate);
}

static char *pem_of(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL, *data;
	long size;

	if (bio && PEM_write_bio_X509(bio, certificate)) {
		size = BIO_get_mem_data(bio, &data);
		text = g_strndup(data, (gsize)size);
	}
	BIO_free(bio);
	return text;
}

static PvSecret *pem_of_key(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	PvSecret *text = NULL;
	char *data;
	long size;

	if (bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
		size = BIO_get_mem_data(bio, &data);
		text = pv_secret_new_copy(data, (gsize)size);
	}
	BIO_free(bio);
	return text;
}

static char *alternative_names(const char *const *names)
{
	GString *text = g_string_new(NULL);

	for (; *names; names++)
		g_string_append_printf(text, "%s%s:%s", text->len ? "," : "",
				       g_hostname_is_ip_address(*names) ? "IP" : "DNS", *names);
	return g_string_free(text, FALSE);
}

static X509 *make_authority(EVP_PKEY *key, PvTime now)
{
	g_autoptr(X509) certificate = blank("Pavise self-made authority", key, now);

	if (!certificate ||
	    !X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) ||
	    !add_extension(certificate, certificate, NID_basic_constraints,
			   "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign") ||
	    !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
	    !X509_sign(certificate, key, EVP_sha256()))
		return NULL;
	return g_steal_pointer(&certificate);
}

static X509 *make_server(const char *const *names, EVP_PKEY *key, X509 *issuer,
			 EVP_PKEY *issuer_key, PvTime now)
{
	g_autoptr(X509) certificate = blank(names[0], key, now);
	g_autofree char *alternatives = alternative_names(names);

	if (!certificate || !X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) ||
	    !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") ||
	    !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
	    !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always") ||
	    !add_extension(certificate, issuer, NID_subject_alt_name, alternatives) ||
	    !X509_sign(certificate, issuer_key, EVP_sha256()))
		return NULL;
	return g_steal_pointer(&certificate);
}

PvAuthority *pv_authority_new(const char *const *names, PvTime now, GError **error)
{
	g_autoptr(EVP_PKEY) authority_key = EVP_EC_gen("P-256");
	g_autoptr(EVP_PKEY) server_key = EVP_EC_gen("P-256");
	g_autoptr(PvAuthority) made = g_new0(PvAuthority, 1);
	g_autoptr(X509) authority = NULL;
	g_autoptr(X509) server = NULL;

	if (authority_key && server_key)
		authority = make_authority(authority_key, now);
	if (authority)
		server = make_server(names, server_key, authority, authority_key, now);
	if (server) {
		made->authority = pem_of(authority);
		made->certificate = pem_of(server);
		made->key = pem_of_key(server_key);
	}
	if (!made->authority || !made->certificate || !made->key)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "cannot make a certificate: %s",
				    ERR_error_string(ERR_get_error(), NULL));
	return g_steal_pointer(&made);
}
