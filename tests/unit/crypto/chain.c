/* SPDX-License-Identifier: Apache-2.0 */

/* The form of an attestation, as the trust server takes it: certificates in PEM, the key's first. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"

#define NOW ((PvTime){ 1800000000, 0 })

/* (transfer full): PEM of a certificate for a new key, whose id is @ret_id. */
static char *certificate_text(char **ret_id)
{
	g_autoptr(PvPrivateKey) private = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(PvPublicKey) key = pv_certificate_new_root(private, "device", NOW, NULL);
	gsize size;
	const char *text = g_bytes_get_data(pv_public_key_encoded(key), &size);

	if (ret_id)
		*ret_id = g_strdup(pv_public_key_id(pv_private_key_public(private)));
	return g_strndup(text, size);
}

static PvPublicKey *key_of(const char *text, gsize size, GError **error)
{
	g_autoptr(GBytes) pem = g_bytes_new(text, size);

	return pv_certificate_chain_key(pem, error);
}

static void assert_refused(const char *text, PvErrorCode code, const char *sentence)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(key_of(text, strlen(text), &error));
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, sentence));
}

static void test_first_key_counts(void)
{
	g_autofree char *id = NULL;
	g_autofree char *leaf = certificate_text(&id);
	g_autofree char *device = certificate_text(NULL);
	g_autofree char *chain = g_strconcat(leaf, "\n  \r\n", device, "\n\n", NULL);
	g_autofree char *windows = NULL;
	g_auto(GStrv) lines = g_strsplit(chain, "\n", -1);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPublicKey) key = key_of(chain, strlen(chain), &error);
	g_autoptr(PvPublicKey) same = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_canonical_id(key), ==, id);
	windows = g_strjoinv("\r\n", lines);
	same = key_of(windows, strlen(windows), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_canonical_id(same), ==, id);
}

static void test_nothing_else(void)
{
	g_autofree char *leaf = certificate_text(NULL);
	g_autofree char *two = g_strconcat(leaf, leaf, NULL);
	g_autofree char *before = g_strconcat("hidden\n", two, NULL);
	g_autofree char *between = g_strconcat(leaf, "hidden\n", leaf, NULL);
	g_autofree char *after = g_strconcat(two, "hidden", NULL);
	g_autofree char *key = g_strconcat(two, "-----BEGIN PRIVATE KEY-----\nAAAA\n", NULL);
	g_autofree char *cut = g_strndup(two, strlen(two) - 4);
	g_autofree char *broken =
		g_strconcat(leaf, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
			    NULL);
	g_autofree char *header =
		g_strconcat(leaf, "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n",
			    NULL);
	const char *wrong[] = { "", "\n", before, between, after, key, cut, header };
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		assert_refused(wrong[i], PV_ERROR_SYNTAX, "and nothing else");
	assert_refused(broken, PV_ERROR_SYNTAX, "cannot be read");
	/* Behind a NUL nothing is hidden either. */
	g_assert_null(key_of(two, strlen(two) + 1, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
}

static void test_limits(void)
{
	g_autofree char *leaf = certificate_text(NULL);

	assert_refused(leaf, PV_ERROR_LIMIT, "1 certificates, expected 2 to 8");
	for (int count = PV_ATTESTATION_CHAIN_MAX - 1; count <= PV_ATTESTATION_CHAIN_MAX + 1;
	     count++) {
		g_autoptr(GString) chain = g_string_new(NULL);
		g_autoptr(PvPublicKey) key = NULL;

		for (int i = 0; i < count; i++)
			g_string_append(chain, leaf);
		key = key_of(chain->str, chain->len, NULL);
		g_assert_true((key != NULL) == (count <= PV_ATTESTATION_CHAIN_MAX));
	}
	for (gsize size = PV_ATTESTATION_BYTES_MAX - 1; size <= PV_ATTESTATION_BYTES_MAX + 1;
	     size++) {
		g_autoptr(GString) chain = g_string_new(leaf);
		g_autoptr(PvPublicKey) key = NULL;

		g_string_append(chain, leaf);
		while (chain->len < size)
			g_string_append_c(chain, '\n');
		key = key_of(chain->str, chain->len, NULL);
		g_assert_true((key != NULL) == (size <= PV_ATTESTATION_BYTES_MAX));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crypto/chain/first-key-counts", test_first_key_counts);
	g_test_add_func("/crypto/chain/nothing-else", test_nothing_else);
	g_test_add_func("/crypto/chain/limits", test_limits);
	return g_test_run();
}
