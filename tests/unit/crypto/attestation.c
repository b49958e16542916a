/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/attestation.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "maker.h"

#define FIRMWARE                                           \
	{                                                  \
		PV_ATTESTATION_FIRMWARE, "\x05\x07\x01", 3 \
	}
#define SERIAL                                                   \
	{                                                        \
		PV_ATTESTATION_SERIAL, "\x02\x03\x40\xbb\xf8", 5 \
	}
#define POLICY                                       \
	{                                            \
		PV_ATTESTATION_POLICY, "\x02\x02", 2 \
	}
#define END          \
	{            \
		NULL \
	}

static void expect_good(Maker *maker)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvAttestation) attestation = maker_verify(maker, &error);

	g_assert_no_error(error);
	g_assert_nonnull(attestation);
	maker_clear(maker);
}

static void expect_bad(Maker *maker, PvErrorCode code, const char *sentence)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvAttestation) attestation = maker_verify(maker, &error);

	g_assert_null(attestation);
	g_assert_error(error, PV_ERROR, (int)code);
	if (!strstr(error->message, sentence))
		g_assert_cmpstr(error->message, ==, sentence);
	maker_clear(maker);
}

static void test_good(void)
{
	g_auto(Maker) maker;
	g_autoptr(GError) error = NULL;
	g_autoptr(PvAttestation) attestation = NULL;

	maker_begin(&maker);
	attestation = maker_verify(&maker, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(attestation->facts.firmware, ==, PV_FIRMWARE(5, 7, 1));
	g_assert_true(attestation->facts.has_serial);
	g_assert_cmpuint(attestation->facts.serial, ==, 0x40bbf8);
	g_assert_cmpint(attestation->facts.pin, ==, PV_PIN_ONCE);
	g_assert_cmpint(attestation->facts.touch, ==, PV_TOUCH_ALWAYS);
	g_assert_cmpuint(attestation->facts.slot, ==, 0x9c);
	g_assert_false(attestation->facts.fips);
	g_assert_false(attestation->facts.cspn);
	g_assert_cmpstr(pv_attestation_form_factor_name(&attestation->facts), ==, "USB-A");
	g_assert_true(pv_public_key_same(attestation->key, maker.key));
	g_assert_cmpstr(attestation->root, ==, "Maker Root 1");
	g_assert_cmpuint(strlen(attestation->device), ==, 64);
}

/* --- extensions --------------------------------------------------------------------------- */

static void test_extensions(void)
{
	static const struct {
		MakerExtension extensions[7];
		const char *sentence;
	} bad[] = {
		{ { { PV_ATTESTATION_FIRMWARE, "\x05\x07", 2 }, POLICY, END },
		  "firmware version has 2 bytes at extension 1.3.6.1.4.1.41482.3.3, expected 3" },
		{ { { PV_ATTESTATION_FIRMWARE, "\x05\x07\x01\x00", 4 }, POLICY, END },
		  "firmware version has 4 bytes" },
		{ { POLICY, END }, "lacks extension 1.3.6.1.4.1.41482.3.3 (firmware version)" },
		{ { FIRMWARE, SERIAL, END },
		  "lacks extension 1.3.6.1.4.1.41482.3.8 (PIN and touch policy)" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "\x02", 1 }, END },
		  "policy has 1 bytes at extension 1.3.6.1.4.1.41482.3.8, expected 2" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "\x02\x02\x00", 3 }, END },
		  "policy has 3 bytes" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "", 0 }, END }, "policy has 0 bytes" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "\x00\x02", 2 }, END },
		  "PIN policy byte 00 at extension 1.3.6.1.4.1.41482.3.8 is unknown" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "\x06\x02", 2 }, END },
		  "PIN policy byte 06" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "\x02\x00", 2 }, END },
		  "touch policy byte 00" },
		{ { FIRMWARE, { PV_ATTESTATION_POLICY, "\x02\x04", 2 }, END },
		  "touch policy byte 04 at extension 1.3.6.1.4.1.41482.3.8 is unknown" },
		{ { FIRMWARE, POLICY, POLICY, END },
		  "the attestation has extension 1.3.6.1.4.1.41482.3.8 twice" },
		{ { FIRMWARE, FIRMWARE, POLICY, END }, "41482.3.3 twice" },
		{ { FIRMWARE, POLICY, SERIAL, SERIAL, END }, "41482.3.7 twice" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_SERIAL, "\x02\x01\x80", 3 }, END },
		  "serial is negative at extension 1.3.6.1.4.1.41482.3.7: bytes 02 01 80" },
		{ { FIRMWARE,
		    POLICY,
		    { PV_ATTESTATION_SERIAL, "\x02\x05\x01\x00\x00\x00\x00", 7 },
		    END },
		  "serial is above 4294967295" },
		{ { FIRMWARE,
		    POLICY,
		    { PV_ATTESTATION_SERIAL, "\x02\x09\0\0\0\0\0\0\0\0\1", 11 },
		    END },
		  "serial is no DER INTEGER" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_SERIAL, "\x02\x03\x40\xbb", 4 }, END },
		  "serial is no DER INTEGER at extension 1.3.6.1.4.1.41482.3.7: bytes 02 03 40 "
		  "bb" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_SERIAL, "\x02\x00", 2 }, END },
		  "serial is no DER INTEGER" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_SERIAL, "\x04\x01\x05", 3 }, END },
		  "serial is no DER INTEGER" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_FORM_FACTOR, "\x01\x01", 2 }, END },
		  "form factor has 2 bytes at extension 1.3.6.1.4.1.41482.3.9, expected 1" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_FIPS, "12345678901234567", 17 }, END },
		  "FIPS mark has 17 bytes" },
		{ { FIRMWARE, POLICY, { PV_ATTESTATION_CSPN, "12345678901234567", 17 }, END },
		  "CSPN mark has 17 bytes" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		Maker maker;

		maker_begin(&maker);
		maker.leaf.extensions = bad[i].extensions;
		expect_bad(&maker, PV_ERROR_SYNTAX, bad[i].sentence);
	}
}

static void test_values(void)
{
	static const struct {
		MakerExtension serial;
		gboolean has;
		guint32 value;
	} serials[] = {
		{ { NULL }, FALSE, 0 },
		{ { PV_ATTESTATION_SERIAL, "\x02\x01\x00", 3 }, TRUE, 0 },
		{ { PV_ATTESTATION_SERIAL, "\x02\x01\x7f", 3 }, TRUE, 127 },
		/* As hardware-keys.md 2.2 shows one, with a zero that DER would not have. */
		{ { PV_ATTESTATION_SERIAL, "\x02\x04\x00\x40\xbb\xf8", 6 }, TRUE, 0x40bbf8 },
		{ { PV_ATTESTATION_SERIAL, "\x02\x05\x00\xff\xff\xff\xff", 7 }, TRUE, G_MAXUINT32 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(serials); i++) {
		const MakerExtension extensions[] = {
			FIRMWARE,
			{ PV_ATTESTATION_POLICY, "\x05\x03", 2 },
			{ PV_ATTESTATION_FORM_FACTOR, "\x85", 1 },
			{ PV_ATTESTATION_CSPN, "", 0 },
			{ "1.3.6.1.4.1.41482.3.99", "later", 5 },
			serials[i].serial,
			END,
		};
		g_auto(Maker) maker;
		g_autoptr(GError) error = NULL;
		g_autoptr(PvAttestation) attestation = NULL;

		maker_begin(&maker);
		maker.leaf.extensions = extensions;
		maker.leaf.subject = "YubiKey PIV Attestation 82";
		attestation = maker_verify(&maker, &error);
		g_assert_no_error(error);
		g_assert_cmpint(attestation->facts.has_serial, ==, serials[i].has);
		g_assert_cmpuint(attestation->facts.serial, ==, serials[i].value);
		g_assert_cmpint(attestation->facts.pin, ==, PV_PIN_MATCH_ALWAYS);
		g_assert_cmpint(attestation->facts.touch, ==, PV_TOUCH_CACHED);
		g_assert_true(attestation->facts.fips);
		g_assert_true(attestation->facts.cspn);
		g_assert_cmpuint(attestation->facts.slot, ==, 0x82);
		g_assert_cmpstr(pv_attestation_form_factor_name(&attestation->facts), ==,
				"USB-C and Lightning");
	}
}

static void test_slots(void)
{
	static const struct {
		const char *subject;
		guint8 slot;
	} cases[] = { { "YubiKey PIV Attestation 9a", 0x9a },
		      { "YubiKey PIV Attestation 95", 0x95 },
		      { "YubiKey PIV Attestation 9e", 0x9e },
		      { "YubiKey PIV Attestation 9b", 0 },
		      { "YubiKey PIV Attestation 96", 0 },
		      { "YubiKey PIV Attestation f9", 0 },
		      { "YubiKey PIV Attestation 9", 0 },
		      { "YubiKey PIV Attestation 9cc", 0 },
		      { "YubiKey PIV Attestation zz", 0 },
		      { "another", 0 },
		      { NULL, 0 } };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(Maker) maker;
		g_autoptr(PvAttestation) attestation = NULL;

		maker_begin(&maker);
		maker.leaf.subject = cases[i].subject;
		attestation = maker_verify(&maker, NULL);
		g_assert_nonnull(attestation);
		g_assert_cmpuint(attestation->facts.slot, ==, cases[i].slot);
	}
}

static void test_leaf(void)
{
	g_autoptr(GBytes) nothing = g_bytes_new("", 0), text = g_bytes_new("0", 1);
	g_autoptr(GBytes) long_one = NULL;
	g_autofree char *large = g_malloc0(PV_ATTESTATION_BYTES_MAX + 1);
	g_autoptr(GError) error = NULL;
	Maker maker;

	g_assert_null(pv_attestation_read_unverified(nothing, NULL));
	g_assert_null(pv_attestation_read_unverified(text, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_clear_error(&error);
	for (int more = -1; more <= 1; more++) {
		g_autoptr(GBytes) bytes =
			g_bytes_new(large, PV_ATTESTATION_BYTES_MAX + (gsize)more);

		g_assert_null(pv_attestation_read_unverified(bytes, &error));
		g_assert_error(error, PV_ERROR, (more > 0 ? PV_ERROR_LIMIT : PV_ERROR_SYNTAX));
		g_clear_error(&error);
	}

	maker_begin(&maker);
	maker_build(&maker);
	memcpy(large, g_bytes_get_data(maker.chain->pdata[0], NULL),
	       g_bytes_get_size(maker.chain->pdata[0]));
	long_one = g_bytes_new(large, g_bytes_get_size(maker.chain->pdata[0]) + 1);
	g_assert_null(pv_attestation_read_unverified(long_one, &error));
	g_assert_cmpstr(error->message, ==, "the attestation: 1 bytes after the certificate");
	maker_clear(&maker);

	maker_begin(&maker);
	maker.leaf.constraints = "CA:TRUE";
	expect_bad(&maker, PV_ERROR_SYNTAX, "basicConstraints CA:TRUE");
	maker_begin(&maker);
	maker.leaf.key = maker_key("RSA-1024");
	expect_bad(&maker, PV_ERROR_KEY, "the attestation: key: RSA of 1024 bits");
	maker_begin(&maker);
	maker.leaf.key = maker_key("Ed25519 slot");
	expect_good(&maker);
}

/* More extensions than anyone has. */
static void test_extension_limit(void)
{
	for (int more = -1; more <= 1; more++) {
		MakerExtension extensions[PV_ATTESTATION_EXTENSIONS_MAX + 2] = { FIRMWARE, POLICY };
		g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
		Maker maker;
		int count = PV_ATTESTATION_EXTENSIONS_MAX + more;

		for (int i = 2; i < count; i++) {
			char *oid = g_strdup_printf("1.2.3.%d", i);

			g_ptr_array_add(names, oid);
			extensions[i] = (MakerExtension){ oid, "x", 1 };
		}
		extensions[count].oid = NULL;
		maker_begin(&maker);
		maker.leaf.extensions = extensions;
		if (more > 0)
			expect_bad(&maker, PV_ERROR_LIMIT, "more than 32 extensions");
		else
			expect_good(&maker);
	}
}

/* --- the chain ---------------------------------------------------------------------------- */

static void test_device(void)
{
	static const MakerExtension critical[] = { { "!1.2.3.4", "x", 1 }, END };
	static const MakerExtension attested[] = { FIRMWARE, POLICY, END };
	Maker maker;

	maker_begin(&maker);
	maker.device.constraints = NULL; /* some YubiKeys 4 */
	expect_good(&maker);
	maker_begin(&maker);
	maker.device.constraints = "CA:FALSE";
	expect_bad(&maker, PV_ERROR_ROOT,
		   "the device's certificate says that it is no authority's");
	maker_begin(&maker);
	maker.device.usage = "digitalSignature";
	expect_bad(&maker, PV_ERROR_ROOT, "keyUsage without keyCertSign");
	maker_begin(&maker);
	maker.device.usage = "keyCertSign";
	expect_good(&maker);
	maker_begin(&maker);
	maker.device.extensions = critical;
	expect_bad(&maker, PV_ERROR_UNSUPPORTED, "critical extension");
	maker_begin(&maker);
	maker.leaf.extensions = (const MakerExtension[]){ FIRMWARE, POLICY, critical[0], END };
	expect_bad(&maker, PV_ERROR_UNSUPPORTED, "the attestation has a critical extension");
	/* A key that was attested does not make devices, though it lacks basicConstraints too. */
	maker_begin(&maker);
	maker.device.constraints = NULL;
	maker.device.extensions = attested;
	expect_bad(&maker, PV_ERROR_ROOT, "is itself the attestation of a key");
	maker_begin(&maker);
	maker.device.key = maker_key("RSA-1024");
	expect_bad(&maker, PV_ERROR_KEY, "the device's certificate: key: RSA of 1024 bits");
	maker_begin(&maker);
	maker.device.key = maker_key("P-256 device");
	expect_good(&maker);
	maker_begin(&maker);
	maker.device.hash = EVP_sha1();
	expect_bad(&maker, PV_ERROR_UNSUPPORTED, "the device's certificate is signed with sha1");
	maker_begin(&maker);
	maker.leaf.hash = EVP_sha1();
	expect_bad(&maker, PV_ERROR_UNSUPPORTED, "the attestation is signed with sha1");
	maker_begin(&maker);
	maker.leaf.hash = EVP_sha512();
	expect_good(&maker);
	maker_begin(&maker);
	maker.leaf.version = 1;
	maker.leaf.extensions = NULL;
	expect_bad(&maker, PV_ERROR_SYNTAX, "version 1, expected 3");
}

static void test_signatures(void)
{
	Maker maker;

	maker_begin(&maker);
	maker.leaf.issuer_key = maker_key("RSA-2048 other");
	expect_bad(&maker, PV_ERROR_SIGNATURE, "not signed by the device");
	maker_begin(&maker);
	maker.device.issuer_key = maker_key("RSA-2048 other");
	expect_bad(&maker, PV_ERROR_ROOT,
		   "issued by /CN=Maker Root 1, which leads to none of the 1 attestation roots");
}

static void test_dates(void)
{
	Maker maker;

	maker_begin(&maker);
	maker.leaf.from_days = -10;
	maker.leaf.until_days = -1;
	expect_bad(&maker, PV_ERROR_EXPIRED, "the attestation is valid from ");
	maker_begin(&maker);
	maker.device.from_days = 1;
	maker.device.until_days = 10;
	expect_bad(&maker, PV_ERROR_EXPIRED, "the device's certificate is valid from ");
	maker_begin(&maker);
	maker.root.from_days = -10;
	maker.root.until_days = -1;
	expect_bad(&maker, PV_ERROR_EXPIRED, "the attestation root Maker Root 1 is valid from ");
	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker.intermediate.from_days = -10;
	maker.intermediate.until_days = -1;
	expect_bad(&maker, PV_ERROR_EXPIRED,
		   "the intermediate certificate Maker Intermediate A is valid from ");
}

static void test_intermediates(void)
{
	Maker maker;

	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	expect_good(&maker);
	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker.intermediate.constraints = NULL; /* not at this place */
	expect_bad(&maker, PV_ERROR_ROOT, "no basicConstraints");
	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker.intermediate.constraints = "CA:FALSE";
	expect_bad(&maker, PV_ERROR_ROOT, "Maker Intermediate A says that it is no authority's");
	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker.intermediate.constraints = "CA:TRUE,pathlen:0";
	expect_bad(&maker, PV_ERROR_ROOT, "allows 0 authorities below it");
	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker.intermediate.usage = "cRLSign";
	expect_bad(&maker, PV_ERROR_ROOT, "keyUsage without keyCertSign");
	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker.intermediate.hash = EVP_sha1();
	expect_bad(&maker, PV_ERROR_UNSUPPORTED, "is signed with ");
}

static void test_roots(void)
{
	g_autoptr(PvAttestationRoots) none = pv_attestation_roots_new();
	g_autoptr(PvAttestationRoots) many = pv_attestation_roots_new();
	g_autoptr(PvAttestation) attestation = NULL;
	g_autoptr(GError) error = NULL;
	Maker maker, foreign;

	maker_begin(&maker);
	maker.root.constraints = "CA:FALSE";
	expect_bad(&maker, PV_ERROR_ROOT, "attestation root Maker Root 1 says that it is no");
	maker_begin(&maker);
	maker.root.constraints = NULL;
	expect_good(&maker);
	/* It is believed because it is configured: its own signature does not matter. */
	maker_begin(&maker);
	maker.root.issuer_key = maker_key("RSA-2048 other");
	expect_good(&maker);

	/* Another maker's, of the same name; and that one beside the right one. */
	maker_begin(&maker);
	maker_build(&maker);
	maker_begin(&foreign);
	foreign.root.key = maker_key("RSA-2048 foreign");
	maker_build(&foreign);
	g_assert_true(pv_attestation_roots_add(many, foreign.roots, "foreign.pem", NULL));
	g_assert_null(pv_attestation_verify(maker.chain, maker.key, many, pv_time_now(), &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_ROOT);
	g_clear_error(&error);
	g_assert_null(pv_attestation_verify(maker.chain, maker.key, none, pv_time_now(), &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_ROOT);
	g_assert_nonnull(strstr(error->message, "none of the 0 attestation roots"));
	g_clear_error(&error);
	g_assert_true(pv_attestation_roots_add(many, maker.roots, "roots.pem", NULL));
	attestation = pv_attestation_verify(maker.chain, maker.key, many, pv_time_now(), &error);
	g_assert_no_error(error);

	/* Another key than the one that is attested. */
	{
		g_autoptr(PvPrivateKey) other = pv_private_key_generate(PV_KEY_ECDSA, NULL);

		g_assert_null(pv_attestation_verify(maker.chain, pv_private_key_public(other), many,
						    pv_time_now(), &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_MIX);
		g_assert_nonnull(strstr(error->message, "the attestation is of another key"));
	}
	maker_clear(&maker);
	maker_clear(&foreign);
}

/* A ladder of intermediates: so many are walked, and no more. */
static void test_chain_limit(void)
{
	for (int more = -1; more <= 1; more++) {
		g_autoptr(PvAttestationRoots) roots = pv_attestation_roots_new();
		g_autoptr(PvAttestation) attestation = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GBytes) pem = NULL;
		X509 *above;
		EVP_PKEY *above_key;
		Maker maker;

		maker_begin(&maker);
		above = maker_certificate(&maker.root);
		above_key = maker.root.key;
		pem = maker_pem(above);
		g_assert_true(pv_attestation_roots_add(roots, pem, "r", NULL));
		for (int i = 0; i < PV_ATTESTATION_CHAIN_MAX - 1 + more; i++) {
			static const char *const kinds[] = { "P-256 a", "P-256 b", "P-256 c",
							     "P-256 d" };
			g_autofree char *name = g_strdup_printf("Step %d", i);
			MakerOrder order = { .subject = name,
					     .key = maker_key(kinds[i]),
					     .issuer = above,
					     .issuer_key = above_key,
					     .constraints = "CA:TRUE" };
			X509 *step = maker_certificate(&order);
			g_autoptr(GBytes) text = maker_pem(step);

			g_assert_true(pv_attestation_roots_add(roots, text, "i", NULL));
			X509_free(above);
			above = step;
			above_key = order.key;
		}
		maker_build(&maker);
		maker.device.issuer = above;
		maker.device.issuer_key = above_key;
		{
			X509 *device = maker_certificate(&maker.device);

			g_bytes_unref(maker.chain->pdata[1]);
			maker.chain->pdata[1] = maker_der(device);
			X509_free(device);
		}
		attestation =
			pv_attestation_verify(maker.chain, maker.key, roots, pv_time_now(), &error);
		if (more > 0)
			g_assert_error(error, PV_ERROR, PV_ERROR_ROOT);
		else
			g_assert_no_error(error);
		X509_free(above);
		maker_clear(&maker);
	}
}

/* --- as text, and in directories ---------------------------------------------------------- */

static GPtrArray *parse_chain(const char *text, gsize size, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, size);

	return pv_attestation_chain_parse(bytes, error);
}

static void test_chain_text(void)
{
	g_autoptr(GPtrArray) again = NULL;
	g_autoptr(GBytes) pem = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL, *three = NULL, *other = NULL, *large = NULL;
	gsize limit = 4 * PV_ATTESTATION_BYTES_MAX, size;
	Maker maker;

	maker_begin(&maker);
	maker_build(&maker);
	pem = pv_attestation_chain_write(maker.chain);
	size = g_bytes_get_size(pem);
	text = g_strndup(g_bytes_get_data(pem, NULL), size);
	again = parse_chain(text, size, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(again->len, ==, 2);
	g_assert_true(g_bytes_equal(again->pdata[0], maker.chain->pdata[0]));
	g_assert_true(g_bytes_equal(again->pdata[1], maker.chain->pdata[1]));

	three = g_strconcat(text, text, NULL);
	g_assert_null(parse_chain(three, strlen(three), &error));
	g_assert_nonnull(strstr(error->message, "found at least 3 blocks"));
	g_clear_error(&error);
	g_assert_null(parse_chain(text, size / 3, &error));
	g_assert_nonnull(strstr(error->message, "found 0 blocks"));
	g_clear_error(&error);
	g_assert_null(parse_chain("", 0, &error));
	g_clear_error(&error);
	other = g_strdup("-----BEGIN KEY-----\nAAAA\n-----END KEY-----\n"
			 "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	g_assert_null(parse_chain(other, strlen(other), &error));
	g_assert_nonnull(strstr(error->message, "found others in 2 blocks"));
	g_clear_error(&error);

	large = g_malloc0(limit + 1);
	memset(large, '\n', limit + 1);
	memcpy(large, text, size);
	for (int more = -1; more <= 1; more++) {
		g_autoptr(GPtrArray) chain = parse_chain(large, limit + (gsize)more, &error);

		if (more > 0)
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		else
			g_assert_no_error(error);
	}
	g_ptr_array_set_size(maker.chain, 1);
	{
		g_autoptr(PvAttestationRoots) roots = pv_attestation_roots_new();

		g_clear_error(&error);
		g_assert_null(pv_attestation_verify(maker.chain, maker.key, roots, pv_time_now(),
						    &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	}
	maker_clear(&maker);
}

static gboolean add_roots(PvAttestationRoots *roots, const char *text, gsize size, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, size);

	return pv_attestation_roots_add(roots, bytes, "r.pem", error);
}

static void test_roots_text(void)
{
	g_autoptr(PvAttestationRoots) roots = pv_attestation_roots_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *large = g_malloc0(PV_CERTIFICATE_BYTES_MAX + 1);
	Maker maker;

	g_assert_false(add_roots(roots, "", 0, &error));
	g_assert_cmpstr(error->message, ==, "r.pem: no PEM certificate in it");
	g_clear_error(&error);
	g_assert_false(add_roots(roots, "hello\n", 6, &error));
	g_assert_cmpstr(error->message, ==, "r.pem: no PEM certificate in it");
	g_clear_error(&error);
	{
		static const char broken[] = "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n"
					     "-----END CERTIFICATE-----\n";

		g_assert_false(add_roots(roots, broken, strlen(broken), &error));
		g_assert_nonnull(strstr(error->message, "r.pem: a block that is no certificate"));
		g_clear_error(&error);
	}
	maker_begin(&maker);
	maker.root.key = maker_key("RSA-1024");
	{
		X509 *weak = maker_certificate(&maker.root);
		g_autoptr(GBytes) pem = maker_pem(weak);

		g_assert_false(pv_attestation_roots_add(roots, pem, "r.pem", &error));
		g_assert_nonnull(strstr(error->message, "r.pem: Maker Root 1: key: RSA of 1024"));
		g_clear_error(&error);
		X509_free(weak);
	}
	maker_begin(&maker);
	maker_build(&maker);
	memset(large, '\n', PV_CERTIFICATE_BYTES_MAX + 1);
	memcpy(large, g_bytes_get_data(maker.roots, NULL), g_bytes_get_size(maker.roots));
	for (int more = -1; more <= 1; more++) {
		gboolean good =
			add_roots(roots, large, PV_CERTIFICATE_BYTES_MAX + (gsize)more, &error);

		g_assert_cmpint(good, ==, more <= 0);
	}
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_clear_error(&error);
	while (pv_attestation_roots_count(roots) < PV_ATTESTATION_ROOTS_MAX)
		g_assert_true(pv_attestation_roots_add(roots, maker.roots, "r.pem", NULL));
	g_assert_false(pv_attestation_roots_add(roots, maker.roots, "r.pem", &error));
	g_assert_cmpstr(error->message, ==,
			"r.pem: more than 256 attestation roots and intermediates");
	maker_clear(&maker);
}

static void write_file(const char *directory, const char *name, GBytes *bytes)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	g_assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static void test_roots_directory(void)
{
	g_autofree char *directory = g_dir_make_tmp("roots.XXXXXX", NULL);
	g_autofree char *missing = g_build_filename(directory, "missing", NULL);
	g_autoptr(PvAttestationRoots) roots = NULL, more = NULL;
	g_autoptr(GBytes) junk = g_bytes_new_static("junk", 4);
	g_autoptr(GError) error = NULL;
	Maker maker;

	maker_begin(&maker);
	maker.has_intermediate = TRUE;
	maker_build(&maker);
	write_file(directory, "a.pem", maker.roots);
	write_file(directory, "b.crt", maker.roots);
	write_file(directory, "README", junk);
	write_file(directory, ".hidden.pem", junk);
	roots = pv_attestation_roots_load(directory, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(pv_attestation_roots_count(roots), ==, 4);
	g_assert_null(pv_attestation_roots_load(missing, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
	g_clear_error(&error);
	write_file(directory, "c.pem", junk);
	g_assert_null(pv_attestation_roots_load(directory, &error));
	g_assert_nonnull(strstr(error->message, "c.pem: no PEM certificate"));
	g_clear_error(&error);
	/* The user's own directory is one that may be missing. */
	more = pv_attestation_roots_load(NULL, &error);
	g_assert_no_error(error);
	g_assert_true(pv_file_remove_tree(directory, NULL));
	g_assert_true(g_mkdir_with_parents(directory, 0700) == 0);
	{
		GBytes *root = maker.roots;

		for (int i = 0; i <= PV_ATTESTATION_FILES_MAX; i++) {
			g_autofree char *name = g_strdup_printf("%d.pem", i);

			write_file(directory, name, i < 2 ? root : junk);
		}
		g_assert_null(pv_attestation_roots_load(directory, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		g_clear_error(&error);
		for (int i = 2; i <= PV_ATTESTATION_FILES_MAX; i++) {
			g_autofree char *name = g_strdup_printf("%s/%d.pem", directory, i);

			g_assert_cmpint(remove(name), ==, 0);
		}
	}
	g_clear_pointer(&more, pv_attestation_roots_free);
	more = pv_attestation_roots_load(directory, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(pv_attestation_roots_count(more), ==, 4);
	g_assert_true(pv_file_remove_tree(directory, NULL));
	maker_clear(&maker);
}

/* --- names -------------------------------------------------------------------------------- */

static void test_firmware(void)
{
	static const char *const bad[] = { "",       "5",      "5.7",     "5.7.0.1",
					   "5.7.x",  "5.7.",   "5.7.256", "-5.7.0",
					   " 5.7.0", "5.7.0 ", "+5.7.0",  "0005.0007.0001" };
	char text[PV_FIRMWARE_TEXT_SIZE];
	guint32 firmware = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(pv_firmware_parse(bad[i], &firmware));
	g_assert_true(pv_firmware_parse("5.7.10", &firmware));
	g_assert_cmpuint(firmware, ==, PV_FIRMWARE(5, 7, 10));
	g_assert_cmpuint(firmware, >, PV_FIRMWARE(5, 7, 4)); /* a number, not a text */
	pv_firmware_format(PV_FIRMWARE(255, 255, 255), text);
	g_assert_cmpstr(text, ==, "255.255.255");
	g_assert_true(pv_firmware_parse(text, &firmware));
}

static void test_weaknesses(void)
{
	PvAttestationFacts facts = { .firmware = PV_FIRMWARE(4, 3, 4) };

	g_assert_true(pv_attestation_is_broken(&facts, PV_KEY_RSA));
	g_assert_nonnull(strstr(pv_attestation_weakness(&facts, PV_KEY_RSA), "ROCA"));
	g_assert_nonnull(strstr(pv_attestation_weakness(&facts, PV_KEY_ECDSA), "EUCLEAK"));
	facts.firmware = PV_FIRMWARE(4, 3, 5);
	g_assert_false(pv_attestation_is_broken(&facts, PV_KEY_RSA));
	g_assert_null(pv_attestation_weakness(&facts, PV_KEY_RSA));
	facts.firmware = PV_FIRMWARE(5, 6, 255);
	g_assert_nonnull(pv_attestation_weakness(&facts, PV_KEY_ECDSA));
	facts.firmware = PV_FIRMWARE(5, 7, 0);
	g_assert_null(pv_attestation_weakness(&facts, PV_KEY_ECDSA));
	g_assert_null(pv_attestation_weakness(&facts, PV_KEY_ED25519));
}

static void test_names(void)
{
	PvAttestationFacts facts = { 0 };

	for (int i = PV_PIN_NEVER; i <= PV_PIN_MATCH_ALWAYS; i++)
		g_assert_cmpint(pv_pin_policy_parse(pv_pin_policy_name(i)), ==, i);
	for (int i = PV_TOUCH_NEVER; i <= PV_TOUCH_CACHED; i++)
		g_assert_cmpint(pv_touch_policy_parse(pv_touch_policy_name(i)), ==, i);
	g_assert_cmpint(pv_pin_policy_parse("unknown"), ==, PV_PIN_UNKNOWN);
	g_assert_cmpint(pv_touch_policy_parse("sometimes"), ==, PV_TOUCH_UNKNOWN);
	g_assert_cmpstr(pv_pin_policy_name(77), ==, "unknown");
	g_assert_cmpstr(pv_touch_policy_name(77), ==, "unknown");
	g_assert_null(pv_attestation_form_factor_name(&facts));
	facts.form_factor = 0x40;
	g_assert_null(pv_attestation_form_factor_name(&facts));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crypto/attestation/good", test_good);
	g_test_add_func("/crypto/attestation/extensions", test_extensions);
	g_test_add_func("/crypto/attestation/values", test_values);
	g_test_add_func("/crypto/attestation/slots", test_slots);
	g_test_add_func("/crypto/attestation/leaf", test_leaf);
	g_test_add_func("/crypto/attestation/extension-limit", test_extension_limit);
	g_test_add_func("/crypto/attestation/device", test_device);
	g_test_add_func("/crypto/attestation/signatures", test_signatures);
	g_test_add_func("/crypto/attestation/dates", test_dates);
	g_test_add_func("/crypto/attestation/intermediates", test_intermediates);
	g_test_add_func("/crypto/attestation/roots", test_roots);
	g_test_add_func("/crypto/attestation/chain-limit", test_chain_limit);
	g_test_add_func("/crypto/attestation/chain-text", test_chain_text);
	g_test_add_func("/crypto/attestation/roots-text", test_roots_text);
	g_test_add_func("/crypto/attestation/roots-directory", test_roots_directory);
	g_test_add_func("/crypto/attestation/firmware", test_firmware);
	g_test_add_func("/crypto/attestation/weaknesses", test_weaknesses);
	g_test_add_func("/crypto/attestation/names", test_names);
	return g_test_run();
}
