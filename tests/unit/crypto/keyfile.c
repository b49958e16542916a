/* SPDX-License-Identifier: Apache-2.0 */

/* Key files: our own round trip, every kind; wrong passphrases; root certificates. */

#include "crypto/keyfile.h"

#include <string.h>

#include "base/error.h"
#include "crypto/certificate.h"

static void test_round_trip(gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPrivateKey) key =
		pv_private_key_generate((PvKeyKind)GPOINTER_TO_INT(data), &error);
	g_autoptr(PvSecret) right = pv_secret_new_copy("correct horse", 13);
	g_autoptr(PvSecret) wrong = pv_secret_new_copy("incorrect horse", 15);
	g_autoptr(PvSecret) text =
		pv_key_file_write(key, "localhost:5000/app", "targets", right, &error);
	g_autoptr(PvSecret) bare = pv_key_file_write(key, NULL, "root", NULL, &error);
	g_autoptr(PvKeyFile) file = pv_key_file_parse(text->data, text->size, &error);
	g_autoptr(PvKeyFile) bare_file = pv_key_file_parse(bare->data, bare->size, &error);
	g_autoptr(PvPrivateKey) again = NULL, bare_again = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(file->gun, ==, "localhost:5000/app");
	g_assert_cmpstr(file->role, ==, "targets");
	g_assert_true(file->encrypted);
	g_assert_false(bare_file->encrypted);
	again = pv_key_file_open(file, right, &error);
	g_assert_no_error(error);
	bare_again = pv_key_file_open(bare_file, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_id(pv_private_key_public(again)), ==,
			pv_public_key_id(pv_private_key_public(key)));
	g_assert_cmpstr(pv_public_key_id(pv_private_key_public(bare_again)), ==,
			pv_public_key_id(pv_private_key_public(key)));
	g_assert_null(pv_key_file_open(file, wrong, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_PASSPHRASE);
	g_clear_error(&error);
	g_assert_null(pv_key_file_open(file, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_PASSPHRASE);
}

/* The rounds that a new file asks for, as DER has them: INTEGER, two or three bytes. */
static void test_rounds(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, &error);
	g_autoptr(PvSecret) passphrase = pv_secret_new_copy("correct horse", 13);
	g_autoptr(PvSecret) text = pv_key_file_write(key, NULL, "root", passphrase, &error);
	g_autoptr(PvKeyFile) file = pv_key_file_parse(text->data, text->size, &error);
	const guint8 shipped[] = { 2, 3, 200000 >> 16, 200000 >> 8 & 255, 200000 & 255 };
	const guint8 sanitized[] = { 2, 2, 2048 >> 8, 0 };
	gboolean is_shipped = PV_KEY_ROUNDS == 200000;
	gsize size;
	const void *body;

	g_assert_no_error(error);
	body = g_bytes_get_data(file->body, &size);
	g_assert_nonnull(memmem(body, size, is_shipped ? shipped : sanitized,
				is_shipped ? sizeof shipped : sizeof sanitized));
}

static void test_damaged(void)
{
	static const char *const texts[] = {
		"",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: root\n\nAAAA\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: root\n\n****\n-----END ENCRYPTED "
		"PRIVATE KEY-----\n",
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nrole: root\n\n-----END ENCRYPTED PRIVATE "
		"KEY-----\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(pv_key_file_parse(texts[i], strlen(texts[i]), &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	}
}

static void test_certificate(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, &error);
	PvTime now = { 1800000000, 0 }, late = pv_time_add_seconds(now, 3651 * 86400LL);
	g_autoptr(PvPublicKey) root = pv_certificate_new_root(key, "example.com/app", now, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_type(root), ==, "ecdsa-x509");
	g_assert_cmpstr(pv_public_key_canonical_id(root), ==,
			pv_public_key_id(pv_private_key_public(key)));
	g_assert_cmpstr(pv_public_key_id(root), !=, pv_public_key_canonical_id(root));
	g_assert_true(pv_certificate_check(root, "example.com/app", now, &error));
	g_assert_true(pv_certificate_check(root, "example.com/app",
					   pv_time_add_seconds(now, -23 * 3600), NULL));
	g_assert_false(pv_certificate_check(root, "example.com/app",
					    pv_time_add_seconds(now, -25 * 3600), &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_ROOT);
	g_clear_error(&error);
	g_assert_false(pv_certificate_check(root, "example.com/other", now, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_ROOT);
	g_clear_error(&error);
	g_assert_false(pv_certificate_check(root, "example.com/app", late, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_EXPIRED);
}

static void test_wildcard(void)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_RSA, NULL);
	PvTime now = { 1800000000, 0 };
	g_autoptr(PvPublicKey) root = pv_certificate_new_root(key, "example.com/*", now, NULL);

	g_assert_true(pv_certificate_check(root, "example.com/app", now, NULL));
	g_assert_false(pv_certificate_check(root, "example.org/app", now, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/crypto/keyfile/ecdsa", GINT_TO_POINTER(PV_KEY_ECDSA),
			     test_round_trip);
	g_test_add_data_func("/crypto/keyfile/rsa", GINT_TO_POINTER(PV_KEY_RSA), test_round_trip);
	g_test_add_data_func("/crypto/keyfile/ed25519", GINT_TO_POINTER(PV_KEY_ED25519),
			     test_round_trip);
	g_test_add_func("/crypto/keyfile/rounds", test_rounds);
	g_test_add_func("/crypto/keyfile/damaged", test_damaged);
	g_test_add_func("/crypto/certificate/rules", test_certificate);
	g_test_add_func("/crypto/certificate/wildcard", test_wildcard);
	return g_test_run();
}
