/* SPDX-License-Identifier: Apache-2.0 */

/* Keys that are elsewhere: signatures, certificates, and what tokens tell of keys. */

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "crypto/key.h"
#include "crypto/keyfile.h"

typedef struct {
	PvPrivateKey *real;
	guint signatures, freed;
	gboolean lies, fails;
} Elsewhere;

static GBytes *sign(void *data, const PvPublicKey *key, GBytes *message, GError **error)
{
	Elsewhere *elsewhere = data;
	const char *method;
	gsize size;
	const void *bytes = g_bytes_get_data(message, &size);

	elsewhere->signatures++;
	if (elsewhere->fails)
		return pv_fail_null(error, PV_ERROR_UNREACHABLE, "the token was removed");
	return pv_private_key_sign(elsewhere->real, bytes, elsewhere->lies ? size - 1 : size,
				   &method, error);
}

static void count_freed(void *data)
{
	((Elsewhere *)data)->freed++;
}

static PvPrivateKey *remote(Elsewhere *elsewhere, PvKeyKind kind)
{
	g_autoptr(GError) error = NULL;
	PvPrivateKey *key;

	*elsewhere = (Elsewhere){ .real = pv_private_key_generate(kind, &error) };
	g_assert_no_error(error);
	key = pv_private_key_new_remote(pv_private_key_public(elsewhere->real), sign, elsewhere,
					count_freed, &error);
	g_assert_no_error(error);
	g_assert_true(pv_private_key_is_remote(key));
	g_assert_false(pv_private_key_is_remote(elsewhere->real));
	return key;
}

static void test_signs(void)
{
	for (PvKeyKind kind = PV_KEY_ECDSA; kind <= PV_KEY_ED25519; kind++) {
		Elsewhere elsewhere;
		PvPrivateKey *key = remote(&elsewhere, kind);
		const char *method = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) signature = pv_private_key_sign(key, "abc", 3, &method, &error);

		g_assert_no_error(error);
		g_assert_true(pv_public_key_verify(pv_private_key_public(key), method, "abc", 3,
						   g_bytes_get_data(signature, NULL),
						   g_bytes_get_size(signature)));
		g_assert_cmpuint(elsewhere.signatures, ==, 1);
		pv_private_key_free(key);
		g_assert_cmpuint(elsewhere.freed, ==, 1);
		pv_private_key_free(elsewhere.real);
	}
}

static void test_lies(void)
{
	Elsewhere elsewhere;
	g_autoptr(PvPrivateKey) key = remote(&elsewhere, PV_KEY_ECDSA);
	const char *method = NULL;
	g_autoptr(GError) lie = NULL;
	g_autoptr(GError) failure = NULL;

	elsewhere.lies = TRUE;
	g_assert_null(pv_private_key_sign(key, "abc", 3, &method, &lie));
	g_assert_error(lie, PV_ERROR, PV_ERROR_KEY);
	g_assert_nonnull(strstr(lie->message, "not a signature of this key"));
	g_assert_null(method);
	elsewhere.fails = TRUE;
	g_assert_null(pv_private_key_sign(key, "abc", 3, &method, &failure));
	g_assert_error(failure, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_assert_cmpstr(failure->message, ==, "the token was removed");
	pv_private_key_free(elsewhere.real);
}

static void test_stays(void)
{
	Elsewhere elsewhere;
	g_autoptr(PvPrivateKey) key = remote(&elsewhere, PV_KEY_ECDSA);
	g_autoptr(GError) error = NULL;

	g_assert_null(pv_key_file_write(key, NULL, "root", NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	pv_private_key_free(elsewhere.real);
}

/* TRUE if the certificate's signature is its own key's, as X.509 has it. */
static gboolean is_self_signed(X509 *certificate)
{
	EVP_PKEY *key = X509_get_pubkey(certificate);
	gboolean good = X509_verify(certificate, key) == 1;

	EVP_PKEY_free(key);
	return good;
}

static void check_root(PvKeyKind kind)
{
	Elsewhere elsewhere;
	g_autoptr(PvPrivateKey) key = remote(&elsewhere, kind);
	g_autoptr(GError) error = NULL;
	PvTime now = { .seconds = 1700000000 };
	g_autoptr(PvPublicKey) root = pv_certificate_new_root(key, "lab/app", now, &error);
	GBytes *pem;
	BIO *bio;
	X509 *certificate;

	g_assert_no_error(error);
	g_assert_true(pv_certificate_check(root, "lab/app", now, &error));
	g_assert_cmpstr(pv_public_key_canonical_id(root), ==,
			pv_public_key_id(pv_private_key_public(key)));
	pem = pv_public_key_encoded(root);
	bio = BIO_new_mem_buf(g_bytes_get_data(pem, NULL), (int)g_bytes_get_size(pem));
	certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	g_assert_true(is_self_signed(certificate));
	X509_free(certificate);
	BIO_free(bio);
	pv_private_key_free(elsewhere.real);
}

static void test_root(void)
{
	check_root(PV_KEY_ECDSA);
	check_root(PV_KEY_RSA);
}

static void test_self_signed(void)
{
	Elsewhere elsewhere;
	g_autoptr(PvPrivateKey) key = remote(&elsewhere, PV_KEY_ECDSA);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der =
		pv_certificate_new_self_signed(key, "root", 1700000000, 86400, &error);
	g_autoptr(GBytes) longer = NULL;
	g_autoptr(PvPublicKey) read = NULL;
	g_autofree char *name = NULL;
	const guint8 *at;
	X509 *certificate;
	gsize size;

	g_assert_no_error(error);
	read = pv_certificate_read_der(der, &name, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(name, ==, "root");
	g_assert_true(pv_public_key_same(read, pv_private_key_public(key)));
	at = g_bytes_get_data(der, &size);
	certificate = d2i_X509(NULL, &at, (long)size);
	g_assert_true(is_self_signed(certificate));
	X509_free(certificate);

	for (gsize cut = 0; cut < size; cut++) {
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(der, 0, cut);

		g_assert_null(pv_certificate_read_der(part, NULL, NULL));
	}
	longer = g_bytes_new_take(g_malloc0(size + 1), size + 1);
	memcpy((void *)g_bytes_get_data(longer, NULL), g_bytes_get_data(der, NULL), size);
	g_assert_null(pv_certificate_read_der(longer, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	pv_private_key_free(elsewhere.real);
}

/* The curve of @key as @encoding spells it, and its point. */
static void spell(EVP_PKEY *key, int encoding, GBytes **ret_parameters, GBytes **ret_point)
{
	const EC_KEY *ec;
	EC_GROUP *group;
	guint8 *der = NULL, point[256];
	size_t size = 0;
	int length;
	char name[64];

	G_GNUC_BEGIN_IGNORE_DEPRECATIONS
	ec = EVP_PKEY_get0_EC_KEY(key);
	group = EC_GROUP_dup(EC_KEY_get0_group(ec));
	G_GNUC_END_IGNORE_DEPRECATIONS
	EC_GROUP_set_asn1_flag(group, encoding);
	length = i2d_ECPKParameters(group, &der);
	g_assert_cmpint(length, >, 0);
	*ret_parameters = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	EC_GROUP_free(group);
	g_assert_true(EVP_PKEY_get_group_name(key, name, sizeof name, NULL));
	g_assert_true(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &size));
	*ret_point = g_bytes_new(point, size);
}

static void test_points(void)
{
	static const char *const curves[] = { "P-256", "P-384", "P-521" };

	for (gsize i = 0; i < G_N_ELEMENTS(curves); i++) {
		EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i]);
		guint8 *der = NULL;
		int length = i2d_PUBKEY(pkey, &der);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvPublicKey) plain =
			pv_public_key_new("ecdsa", der, (gsize)length, &error);

		g_assert_no_error(error);
		for (int encoding = 0; encoding <= OPENSSL_EC_NAMED_CURVE; encoding++) {
			g_autoptr(GBytes) parameters = NULL;
			g_autoptr(GBytes) point = NULL;
			g_autoptr(PvPublicKey) read = NULL;

			spell(pkey, encoding, &parameters, &point);
			read = pv_public_key_new_point(parameters, point, &error);
			g_assert_no_error(error);
			g_assert_cmpstr(pv_public_key_id(read), ==, pv_public_key_id(plain));
		}
		OPENSSL_free(der);
		EVP_PKEY_free(pkey);
	}
}

static void test_bad_points(void)
{
	static const guint8 p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	g_autoptr(GBytes) curve = g_bytes_new_static(p256, sizeof p256);
	g_autoptr(GBytes) none = g_bytes_new_static("", 0);
	guint8 off_curve[65] = { 4, 1 };
	g_autoptr(GBytes) off = g_bytes_new_static(off_curve, sizeof off_curve);

	g_assert_null(pv_public_key_new_point(curve, off, NULL));
	g_assert_null(pv_public_key_new_point(curve, none, NULL));
	g_assert_null(pv_public_key_new_point(none, off, NULL));
	g_assert_null(pv_public_key_new_point(off, curve, NULL));
	for (gsize size = PV_TOKEN_ATTRIBUTE_BYTES_MAX - 1;
	     size <= PV_TOKEN_ATTRIBUTE_BYTES_MAX + 1; size++) {
		g_autoptr(GBytes) large = g_bytes_new_take(g_malloc0(size), size);
		g_autoptr(GError) error = NULL;

		g_assert_null(pv_public_key_new_point(curve, large, &error));
		g_assert_true(g_error_matches(error, PV_ERROR,
					      size > PV_TOKEN_ATTRIBUTE_BYTES_MAX ? PV_ERROR_LIMIT
										  : PV_ERROR_KEY));
	}
}

static void test_rsa(void)
{
	g_autoptr(GError) error = NULL;
	guint8 modulus[256] = { 0xc0 }, odd = 3;
	g_autoptr(GBytes) n = NULL;
	g_autoptr(GBytes) small = NULL;
	g_autoptr(GBytes) e = g_bytes_new_static(&odd, 1);
	g_autoptr(GBytes) none = g_bytes_new_static("", 0);
	g_autoptr(PvPublicKey) key = NULL;

	modulus[255] = 1;
	n = g_bytes_new(modulus, sizeof modulus);
	small = g_bytes_new(modulus, 128);
	key = pv_public_key_new_rsa(n, e, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_type(key), ==, "rsa");
	g_assert_null(pv_public_key_new_rsa(small, e, NULL));
	g_assert_null(pv_public_key_new_rsa(none, e, NULL));
	g_assert_null(pv_public_key_new_rsa(n, none, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crypto/key_remote/signs", test_signs);
	g_test_add_func("/crypto/key_remote/lies", test_lies);
	g_test_add_func("/crypto/key_remote/stays", test_stays);
	g_test_add_func("/crypto/key_remote/root", test_root);
	g_test_add_func("/crypto/key_remote/self-signed", test_self_signed);
	g_test_add_func("/crypto/key_remote/points", test_points);
	g_test_add_func("/crypto/key_remote/bad-points", test_bad_points);
	g_test_add_func("/crypto/key_remote/rsa", test_rsa);
	return g_test_run();
}
