/* SPDX-License-Identifier: Apache-2.0 */

/* Keys as others wrote them (hardware-keys.md 1.2, 3.6): old YubiKeys' root certificates, whose
 * signature of their own is none, and curves that are spelt out. */

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/error.h"
#include "crypto/certificate.h"

#define GUN     "lab/app"
#define MESSAGE "what was signed"

#define ORDER_END 263 /* last byte of the order of P-256, spelt out */

static void check_signature(const PvPrivateKey *key, const PvPublicKey *public)
{
	const char *method;
	g_autoptr(GBytes) signature =
		pv_private_key_sign(key, MESSAGE, strlen(MESSAGE), &method, NULL);
	gsize size;
	const void *bytes = g_bytes_get_data(signature, &size);

	g_assert_true(pv_public_key_verify(public, method, MESSAGE, strlen(MESSAGE), bytes, size));
	g_assert_false(
		pv_public_key_verify(public, method, MESSAGE, strlen(MESSAGE) - 1, bytes, size));
}

/* The PEM of @root with the last bit of its own signature turned over. */
static char *with_bad_signature(const PvPublicKey *root, gsize *ret_size)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "-----END";
	gsize size, der_size;
	const char *pem = g_bytes_get_data(pv_public_key_encoded(root), &size);
	const char *from = g_strstr_len(pem, (gssize)size, begin) + strlen(begin);
	g_autofree char *base64 =
		g_strndup(from, (gsize)(g_strstr_len(pem, (gssize)size, end) - from));
	g_autofree guchar *der = g_base64_decode(base64, &der_size);
	g_autofree char *changed = NULL;
	char *text;

	der[der_size - 1] ^= 1;
	changed = g_base64_encode(der, der_size);
	text = g_strdup_printf("%s%s\n%s CERTIFICATE-----\n", begin, changed, end);
	*ret_size = strlen(text);
	return text;
}

static void test_bad_self_signature(void)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	PvTime now = { .seconds = 1700000000 };
	g_autoptr(PvPublicKey) root = pv_certificate_new_root(key, GUN, now, NULL);
	g_autoptr(PvPublicKey) old = NULL;
	g_autoptr(GError) error = NULL;
	gsize size;
	g_autofree char *pem = with_bad_signature(root, &size);

	old = pv_public_key_new("ecdsa-x509", (const guint8 *)pem, size, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_id(old), !=, pv_public_key_id(root));
	g_assert_cmpstr(pv_public_key_canonical_id(old), ==, pv_public_key_canonical_id(root));
	g_assert_true(pv_public_key_same(old, root));
	/* Trust comes from pinning: name and dates count as in any other. */
	g_assert_true(pv_certificate_check(old, GUN, now, &error));
	g_assert_no_error(error);
	g_assert_false(pv_certificate_check(old, "lab/other", now, NULL));
	check_signature(key, old);
}

/* DER SubjectPublicKeyInfo of @public, its curve spelt out. */
static guint8 *spelt_out(const PvPublicKey *public, int *ret_size)
{
	char encoding[] = "explicit";
	gsize size;
	const guint8 *at = g_bytes_get_data(pv_public_key_encoded(public), &size);
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)size);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING,
								 encoding, 0),
				OSSL_PARAM_construct_end() };
	guint8 *der = NULL;

	g_assert_cmpint(EVP_PKEY_set_params(pkey, params), ==, 1);
	*ret_size = i2d_PUBKEY(pkey, &der);
	g_assert_cmpint(*ret_size, >, 200);
	EVP_PKEY_free(pkey);
	return der;
}

static void test_explicit_curve(void)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	PvPublicKey *named = pv_private_key_public(key);
	g_autoptr(PvPublicKey) explicit_key = NULL;
	g_autoptr(PvPublicKey) other = NULL;
	g_autoptr(GError) error = NULL;
	int size;
	guint8 *der = spelt_out(named, &size);

	explicit_key = pv_public_key_new("ecdsa", der, (gsize)size, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_id(explicit_key), !=, pv_public_key_id(named));
	g_assert_true(pv_public_key_same(explicit_key, named));
	check_signature(key, explicit_key);
	/* With another order it is a curve that has no name. */
	der[ORDER_END] ^= 2;
	other = pv_public_key_new("ecdsa", der, (gsize)size, &error);
	g_assert_null(other);
	g_assert_nonnull(error);
	OPENSSL_free(der);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crypto/others/bad-self-signature", test_bad_self_signature);
	g_test_add_func("/crypto/others/explicit-curve", test_explicit_curve);
	return g_test_run();
}
