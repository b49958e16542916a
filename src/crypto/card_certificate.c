/* SPDX-License-Identifier: Apache-2.0 */

/* Certificates beside keys on tokens: whose key, and what for. */

#include "crypto/card_certificate.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/key_private.h"

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
