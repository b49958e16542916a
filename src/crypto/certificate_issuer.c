/* SPDX-License-Identifier: Apache-2.0 */

/* Whether an authority issued a root certificate: pinning by authority (trust.md 3.3). */

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "crypto/key_private.h"

#define AUTH_LEVEL 2 /* OpenSSL's: 112 bits, so no SHA-1 and no RSA below 2048 in the chain */

static X509_STORE *store_of(GBytes *authorities, GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(authorities, &size);
	X509_STORE *store = X509_STORE_new();
	BIO *bio = size <= PV_CERTIFICATE_BYTES_MAX ? BIO_new_mem_buf(data, (int)size) : NULL;
	X509 *certificate;
	guint count = 0;

	while (bio && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		count += X509_STORE_add_cert(store, certificate) == 1 ? 1 : 0;
		X509_free(certificate);
	}
	BIO_free(bio);
	ERR_clear_error();
	if (count > 0)
		return store;
	X509_STORE_free(store);
	return pv_fail_null(error, PV_ERROR_ROOT, "no certificate of an authority in the file");
}

/* The leaf is for signing code, not for TLS: any extended key usage is fine. */
static void set_parameters(X509_STORE_CTX *context, PvTime now)
{
	X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);

	X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
	X509_VERIFY_PARAM_set_time(parameters, (time_t)now.seconds);
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	X509_VERIFY_PARAM_set_auth_level(parameters, AUTH_LEVEL);
}

gboolean pv_certificate_check_issuer(const PvPublicKey *key, GBytes *authorities, PvTime now,
				     GError **error)
{
	X509_STORE *store;
	X509_STORE_CTX *context;
	gboolean done = FALSE;

	if (!pv_public_key_read(key) || !key->chain)
		return pv_fail(error, PV_ERROR_ROOT, "root key %.7s is not a certificate", key->id);
	store = store_of(authorities, error);
	if (!store)
		return FALSE;
	context = X509_STORE_CTX_new();
	if (X509_STORE_CTX_init(context, store, sk_X509_value(key->chain, 0), key->chain) == 1) {
		set_parameters(context, now);
		done = X509_verify_cert(context) == 1;
	}
	if (!done)
		pv_fail(error, PV_ERROR_ROOT, "%s",
			X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	ERR_clear_error();
	return done;
}
