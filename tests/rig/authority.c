/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The maker of cards: a root of attestations (root.key and root.pem in a directory), and the key
 * and certificate that a card gets in f9 before it is sold. Some of the first YubiKeys 4 have one
 * there without basicConstraints.
 */

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <gio/gio.h>

#include "card.h"
#include "certificate.h"

#define RSA_2048    0x07
#define DAYS_BEFORE (-365)
#define DAYS_VALID  (20 * 365)

static gboolean fail(GError **error, const char *what, const char *where)
{
	g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: cannot %s", where, what);
	return FALSE;
}

static gboolean add_authority(X509 *certificate, X509 *issuer, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	gboolean added;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, value);
	added = extension && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return added;
}

static gboolean seal(X509 *certificate, X509 *issuer, EVP_PKEY *key)
{
	return X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
	       X509_time_adj_ex(X509_getm_notBefore(certificate), DAYS_BEFORE, 0, NULL) &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS_VALID, 0, NULL) &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

static gboolean write_root(const char *directory, X509 *root, EVP_PKEY *key)
{
	g_autofree char *certificate_path = g_build_filename(directory, "root.pem", NULL);
	g_autofree char *key_path = g_build_filename(directory, "root.key", NULL);
	BIO *certificate = BIO_new_file(certificate_path, "w");
	BIO *private = BIO_new_file(key_path, "w");
	gboolean done;

	done = certificate && private && PEM_write_bio_X509(certificate, root) == 1 &&
	       PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) == 1;
	BIO_free(private);
	BIO_free(certificate);
	return done;
}

gboolean rig_authority_make(const char *directory, GError **error)
{
	EVP_PKEY *key = rig_key_new(RSA_2048);
	X509 *root = rig_certificate_new("Rig PIV Root CA Serial 1", key);
	gboolean done = root && add_authority(root, root, "critical,CA:TRUE,pathlen:1") &&
			seal(root, root, key) && write_root(directory, root, key);

	X509_free(root);
	EVP_PKEY_free(key);
	return done || fail(error, "make a root", directory);
}

static gboolean read_root(const char *directory, X509 **ret_root, EVP_PKEY **ret_key)
{
	g_autofree char *certificate_path = g_build_filename(directory, "root.pem", NULL);
	g_autofree char *key_path = g_build_filename(directory, "root.key", NULL);
	BIO *certificate = BIO_new_file(certificate_path, "r");
	BIO *private = BIO_new_file(key_path, "r");

	*ret_root = certificate ? PEM_read_bio_X509(certificate, NULL, NULL, NULL) : NULL;
	*ret_key = private ? PEM_read_bio_PrivateKey(private, NULL, NULL, NULL) : NULL;
	BIO_free(private);
	BIO_free(certificate);
	return *ret_root && *ret_key;
}

static void keep_certificate(RigCard *card, X509 *certificate)
{
	static const guint8 tail[] = { 0x71, 0x01, 0x00, 0xfe, 0x00 };
	GByteArray *content = g_byte_array_new();
	guint8 *der = NULL;
	int size = i2d_X509(certificate, &der);

	g_assert(size > 0);
	rig_tlv_append(content, 0x70, der, (gsize)size);
	OPENSSL_free(der);
	g_byte_array_append(content, tail, sizeof(tail));
	g_hash_table_insert(card->objects, GUINT_TO_POINTER(0x5fff01),
			    g_byte_array_free_to_bytes(content));
}

gboolean rig_authority_certify(const char *directory, RigCard *card, gboolean bare, GError **error)
{
	RigSlot *slot = rig_slot(card, 0xf9);
	X509 *root = NULL, *intermediate = NULL;
	EVP_PKEY *key = NULL;
	gboolean done = FALSE;

	if (read_root(directory, &root, &key)) {
		*slot = (RigSlot){ rig_key_new(RSA_2048), RSA_2048, RIG_PIN_NEVER, RIG_TOUCH_NEVER,
				   RIG_GENERATED };
		intermediate = rig_certificate_new("Yubico PIV Attestation", slot->key);
		done = intermediate &&
		       (bare || add_authority(intermediate, root, "critical,CA:TRUE,pathlen:0")) &&
		       seal(intermediate, root, key);
	}
	if (done)
		keep_certificate(card, intermediate);
	X509_free(intermediate);
	X509_free(root);
	EVP_PKEY_free(key);
	return done || fail(error, "certify a card with root.pem and root.key", directory);
}
