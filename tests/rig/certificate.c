/* SPDX-License-Identifier: Apache-2.0 */

/* What the attestation certificates and the certificates above them have in common. */

#include "certificate.h"

#include <openssl/bn.h>
#include <openssl/rand.h>

static gboolean set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	gboolean set = BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		       BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));

	BN_free(number);
	return set;
}

X509 *rig_certificate_new(const char *subject, EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	if (X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const guint8 *)subject, -1, -1,
				       0) == 1 &&
	    X509_set_pubkey(certificate, key) == 1)
		return certificate;
	X509_free(certificate);
	return NULL;
}

gboolean rig_certificate_add_yubico(X509 *certificate, int arc, const guint8 *data, gsize size)
{
	g_autofree char *number = g_strdup_printf("1.3.6.1.4.1.41482.3.%d", arc);
	ASN1_OBJECT *object = OBJ_txt2obj(number, 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	gboolean added;

	added = ASN1_OCTET_STRING_set(content, data, (int)size) == 1 &&
		(extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, content)) &&
		X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
	return added;
}
