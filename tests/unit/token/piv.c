/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is sent to a PIV card and read from it, byte by byte, as hardware-keys.md 3.4 and 3.5 give it,
 * and the limits of it.
 */

#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/card_certificate.h"
#include "crypto/certificate.h"
#include "crypto/cipher.h"
#include "token/apdu.h"
#include "token/piv_answers.h"
#include "token/piv_uri.h"

/* A card that expects commands and has answers, both in hex, one after the other. */
typedef struct {
	const char *const *turns; /* command, answer, command, …, NULL */
} Script;

static GByteArray *of_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; hex[0]; hex += 2) {
		guint8 byte =
			(guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));

		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}

static char *to_hex(const guint8 *data, gsize size)
{
	GString *hex = g_string_new(NULL);

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(hex, "%02x", data[i]);
	return g_string_free(hex, FALSE);
}

static gboolean transmit(void *data, const guint8 *command, gsize size, guint8 *answer,
			 gsize *ret_size, GError **error)
{
	Script *script = data;
	g_autofree char *sent = to_hex(command, size);
	g_autoptr(GByteArray) bytes = NULL;

	g_assert_nonnull(script->turns[0]);
	g_assert_cmpstr(sent, ==, script->turns[0]);
	bytes = of_hex(script->turns[1]);
	memcpy(answer, bytes->data, bytes->len);
	*ret_size = bytes->len;
	script->turns += 2;
	return TRUE;
}

static void apdus_are_as_written(void)
{
	static const guint8 piv[] = { 0xa0, 0x00, 0x00, 0x03, 0x08 };
	static const char *const turns[] = { "00a4040005a000000308",
					     "61114f0600001000010079074f05a0000003089000",
					     "0020008000",
					     "63c3",
					     "00fd000000",
					     "0504039000",
					     NULL };
	Script script = { turns };
	const PvApduLine line = { &script, transmit };
	g_autoptr(GBytes) answer = NULL;
	guint status;

	g_assert_true(pv_apdu_send(&line, "t", (PvApdu){ 0xa4, 4, 0, piv, sizeof(piv) }, NULL,
				   &status, NULL));
	g_assert_cmpuint(status, ==, PV_APDU_OK);
	g_assert_true(
		pv_apdu_send(&line, "t", (PvApdu){ 0x20, 0, 0x80, NULL, 0 }, NULL, &status, NULL));
	g_assert_cmpuint(status, ==, 0x63c3);
	g_assert_true(
		pv_apdu_send(&line, "t", (PvApdu){ 0xfd, 0, 0, NULL, 0 }, &answer, &status, NULL));
	g_assert_cmpmem(g_bytes_get_data(answer, NULL), g_bytes_get_size(answer), "\5\4\3", 3);
	g_assert_null(script.turns[0]);
}

/* @count bytes of 0xab in hex, between @head and @tail. */
static char *filled(const char *head, gsize count, const char *tail)
{
	g_autofree char *middle = g_strnfill(2 * count, 'a');

	return g_strconcat(head, middle, tail, NULL);
}

static void long_commands_are_chained_and_long_answers_joined(void)
{
	g_autofree char *first = filled("10db3fffff", 255, ""), *last = filled("00db3fff01", 1, "");
	g_autofree char *more = filled("", 256, "6105"), *rest = filled("", 5, "9000");
	const char *const turns[] = { first, "9000", last, more, "00c0000000", rest, NULL };
	Script script = { turns };
	const PvApduLine line = { &script, transmit };
	g_autoptr(GBytes) answer = NULL;
	guint8 data[256];
	guint status;

	memset(data, 0xaa, sizeof(data));
	g_assert_true(pv_apdu_send(&line, "t", (PvApdu){ 0xdb, 0x3f, 0xff, data, sizeof(data) },
				   &answer, &status, NULL));
	g_assert_cmpuint(g_bytes_get_size(answer), ==, 261);
	g_assert_null(script.turns[0]);
}

static gboolean endless(void *data, const guint8 *command, gsize size, guint8 *answer,
			gsize *ret_size, GError **error)
{
	gsize *left = data, piece = MIN(*left, 256);

	memset(answer, 0, PV_APDU_ANSWER_MAX);
	*left -= piece;
	answer[piece] = *left ? 0x61 : 0x90;
	*ret_size = piece + 2;
	return TRUE;
}

static void answers_have_a_limit(void)
{
	for (gsize size = PV_APDU_ANSWER_BYTES_MAX - 1; size <= PV_APDU_ANSWER_BYTES_MAX + 1;
	     size++) {
		gsize left = size;
		const PvApduLine line = { &left, endless };
		g_autoptr(GError) error = NULL;
		guint status;
		gboolean done = pv_apdu_send(&line, "t", (PvApdu){ 0xcb, 0, 0, NULL, 0 }, NULL,
					     &status, &error);

		g_assert_true(done == (size <= PV_APDU_ANSWER_BYTES_MAX));
		g_assert_true(done || g_error_matches(error, PV_ERROR, PV_ERROR_LIMIT));
	}
}

static void commands_have_a_limit(void)
{
	g_autofree guint8 *data = g_malloc0(PV_APDU_COMMAND_BYTES_MAX + 1);

	for (gsize size = PV_APDU_COMMAND_BYTES_MAX - 1; size <= PV_APDU_COMMAND_BYTES_MAX + 1;
	     size++) {
		gsize left = 0;
		const PvApduLine line = { &left, endless };
		g_autoptr(GError) error = NULL;
		guint status;
		gboolean done = pv_apdu_send(&line, "t", (PvApdu){ 0xdb, 0, 0, data, size }, NULL,
					     &status, &error);

		g_assert_true(done == (size <= PV_APDU_COMMAND_BYTES_MAX));
		g_assert_true(done || g_error_matches(error, PV_ERROR, PV_ERROR_LIMIT));
	}
}

static void refuses_promises_that_bring_nothing(void)
{
	static const char *const turns[] = { "00cb000000",
					     "616100"
					     "6110",
					     "00c0000000", "6110", NULL };
	static const char *const short_turns[] = { "00cb000000", "90", NULL };
	Script script = { turns }, cut = { short_turns };
	const PvApduLine line = { &script, transmit }, other = { &cut, transmit };
	g_autoptr(GError) error = NULL, second = NULL;
	guint status;

	g_assert_false(
		pv_apdu_send(&line, "t", (PvApdu){ 0xcb, 0, 0, NULL, 0 }, NULL, &status, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_assert_false(
		pv_apdu_send(&other, "t", (PvApdu){ 0xcb, 0, 0, NULL, 0 }, NULL, &status, &second));
	g_assert_error(second, PV_ERROR, PV_ERROR_SYNTAX);
}

/* The point of P-256's generator, as a card would give it. */
#define POINT                                                                \
	"046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" \
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static void metadata_is_read(void)
{
	g_autoptr(GByteArray) answer = of_hex("010111020203020301010443"
					      "8641" POINT);
	g_auto(PvPivMetadata) metadata = { 0 };

	g_assert_true(
		pv_piv_read_metadata((PvTlv){ answer->data, answer->len }, "m", &metadata, NULL));
	g_assert_cmpuint(metadata.algorithm, ==, PV_PIV_P256);
	g_assert_cmpint(metadata.pin, ==, PV_PIN_ALWAYS);
	g_assert_cmpint(metadata.touch, ==, PV_TOUCH_ALWAYS);
	g_assert_cmpuint(metadata.origin, ==, 1);
	g_assert_cmpuint(pv_piv_algorithm_of(metadata.public), ==, PV_PIV_P256);
	for (guint size = 0; size < answer->len; size++) {
		g_auto(PvPivMetadata) cut = { 0 };

		g_assert_false(
			pv_piv_read_metadata((PvTlv){ answer->data, size }, "m", &cut, NULL));
	}
}

static void pin_metadata_is_read(void)
{
	g_autoptr(GByteArray) answer = of_hex("05010106020302");
	PvPivReference reference;

	g_assert_true(
		pv_piv_read_reference((PvTlv){ answer->data, answer->len }, "m", &reference, NULL));
	g_assert_true(reference.is_factory);
	g_assert_cmpint(reference.tries_max, ==, 3);
	g_assert_cmpint(reference.tries_left, ==, 2);
	g_assert_true(pv_piv_read_reference((PvTlv){ NULL, 0 }, "m", &reference, NULL));
	g_assert_cmpint(reference.tries_left, ==, -1);
}

static void generated_key_is_read(void)
{
	g_autoptr(GByteArray) answer = of_hex("7f49438641" POINT);
	PvTlv all = { answer->data, answer->len };
	g_autoptr(PvPublicKey) key = pv_piv_read_generated(all, "g", PV_PIV_P256, NULL);
	g_autoptr(PvPublicKey) other = pv_piv_read_generated(all, "g", PV_PIV_P384, NULL);

	g_assert_nonnull(key);
	g_assert_null(other);
	answer->data[answer->len - 1] ^= 1; /* off the curve */
	g_assert_null(pv_piv_read_generated(all, "g", PV_PIV_P256, NULL));
}

static void signatures_are_read(void)
{
	static const struct {
		const char *hex;
		gboolean good;
	} cases[] = {
		{ "7c0a8208300602010102010f", TRUE },    { "7c0b8209300702020081020101", TRUE },
		{ "7c0a820830060201ff02010f", FALSE }, /* below zero */
		{ "7c09820730050200020101", FALSE },   /* nothing */
		{ "7c0a8208300602010102010f00", FALSE }, { "7c0a8108300602010102010f", FALSE },
		{ "7c0a8208300602010102020f", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) answer = of_hex(cases[i].hex);
		g_autoptr(GBytes) raw =
			pv_piv_read_signature((PvTlv){ answer->data, answer->len }, "s", 32, NULL);

		g_assert_true((raw != NULL) == cases[i].good);
		g_assert_true(!raw || g_bytes_get_size(raw) == 64);
	}
}

static void certificates_are_read_as_written(void)
{
	g_autoptr(GBytes) der = g_bytes_new_static("\x30\x03\x02\x01\x07", 5);
	g_autoptr(GByteArray) content = pv_piv_write_certificate(der);
	g_autofree char *hex = to_hex(content->data, content->len);
	g_autoptr(GBytes) again =
		pv_piv_read_certificate((PvTlv){ content->data, content->len }, "c", NULL);
	g_autoptr(GByteArray) packed = of_hex("700530030201077101"
					      "01fe00");
	g_autoptr(GError) error = NULL;

	g_assert_cmpstr(hex, ==, "70053003020107710100fe00");
	g_assert_true(g_bytes_equal(der, again));
	g_assert_null(pv_piv_read_certificate((PvTlv){ packed->data, packed->len }, "c", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNSUPPORTED);
}

static void elements_have_lengths_of_three_kinds(void)
{
	static const gsize sizes[] = { 0, 0x7f, 0x80, 0xff, 0x100, 0xffff };
	static const gsize heads[] = { 2, 2, 3, 3, 4, 4 };
	g_autofree guint8 *data = g_malloc0(0xffff);

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GByteArray) array = g_byte_array_new();
		PvTlv value;

		pv_tlv_put(array, 0x53, data, sizes[i]);
		g_assert_cmpuint(array->len, ==, heads[i] + sizes[i]);
		g_assert_true(
			pv_tlv_only((PvTlv){ array->data, array->len }, "t", 0x53, &value, NULL));
		g_assert_cmpuint(value.size, ==, sizes[i]);
		g_assert_false(pv_tlv_only((PvTlv){ array->data, array->len - 1 }, "t", 0x53,
					   &value, NULL));
	}
}

static void uris_name_tokens_and_slots(void)
{
	static const char *const bad[] = {
		"yubikey:slot=9b",     "yubikey:slot=81",         "yubikey:slot=96",
		"yubikey:slot=9C9",    "yubikey:serial=0",        "yubikey:serial=4294967296",
		"yubikey:serial=",     "yubikey:slot=9a;slot=9a", "yubikey:slot=9a;",
		"yubikey:slot=9a;x=1", "yubikey;slot=9a",         "yubikey:pin=123456",
		"yubikey:serial=+1",   "yubikey:serial= 1",
	};
	PvPivUri uri;

	g_assert_true(pv_piv_uri_parse("yubikey:serial=4294967295;slot=95", &uri, NULL));
	g_assert_true(uri.has_serial && uri.serial == G_MAXUINT32 && uri.slot == 0x95);
	g_assert_cmphex(pv_piv_slot_object(uri.slot), ==, 0x5fc120);
	g_assert_true(pv_piv_uri_parse("yubikey:slot=82", &uri, NULL));
	g_assert_cmphex(pv_piv_slot_object(uri.slot), ==, 0x5fc10d);
	g_assert_true(pv_piv_uri_parse("yubikey:", &uri, NULL));
	g_assert_true(!uri.has_serial && uri.slot == 0);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_piv_uri_parse(bad[i], &uri, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	}
}

/* FIPS 197, appendix C; 3DES: the factory's management key on zeros, by openssl(1). */
static void blocks_are_as_their_standards_say(void)
{
	static const struct {
		PvCipher cipher;
		const char *key, *plain, *sealed;
	} cases[] = {
		{ PV_CIPHER_AES128, "000102030405060708090a0b0c0d0e0f",
		  "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a" },
		{ PV_CIPHER_AES192, "000102030405060708090a0b0c0d0e0f1011121314151617",
		  "00112233445566778899aabbccddeeff", "dda97ca4864cdfe06eaf70a0ec0d7191" },
		{ PV_CIPHER_AES256,
		  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		  "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089" },
		{ PV_CIPHER_3DES, "010203040506070801020304050607080102030405060708",
		  "0000000000000000", "b073dc3fb209536d" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = of_hex(cases[i].key), plain = of_hex(cases[i].plain);
		g_autoptr(PvSecret) key = pv_secret_new_copy(bytes->data, bytes->len);
		g_autoptr(PvSecret) cut = pv_secret_new_copy(bytes->data, bytes->len - 1);
		guint8 out[PV_CIPHER_BLOCK_MAX], back[PV_CIPHER_BLOCK_MAX];
		g_autofree char *sealed = NULL;

		g_assert_true(pv_cipher_block(cases[i].cipher, key, TRUE, plain->data, out, NULL));
		sealed = to_hex(out, plain->len);
		g_assert_cmpstr(sealed, ==, cases[i].sealed);
		g_assert_true(pv_cipher_block(cases[i].cipher, key, FALSE, out, back, NULL));
		g_assert_cmpmem(back, plain->len, plain->data, plain->len);
		g_assert_false(pv_cipher_block(cases[i].cipher, cut, TRUE, plain->data, out, NULL));
	}
}

static void certificates_tell_key_and_name(void)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GBytes) der =
		pv_certificate_new_self_signed(key, "root", 1700000000, 86400, NULL);
	g_autoptr(GBytes) cut = g_bytes_new_from_bytes(der, 0, g_bytes_get_size(der) - 1);
	g_autoptr(PvPublicKey) public = NULL;
	g_autofree char *name = NULL;

	g_assert_true(pv_card_certificate_read(der, &public, &name, NULL));
	g_assert_cmpstr(name, ==, "root");
	g_assert_true(pv_public_key_same(public, pv_private_key_public(key)));
	g_assert_false(pv_card_certificate_read(cut, &public, &name, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/apdu/as-written", apdus_are_as_written);
	g_test_add_func("/apdu/long", long_commands_are_chained_and_long_answers_joined);
	g_test_add_func("/apdu/answer-limit", answers_have_a_limit);
	g_test_add_func("/apdu/command-limit", commands_have_a_limit);
	g_test_add_func("/apdu/promises", refuses_promises_that_bring_nothing);
	g_test_add_func("/piv/metadata", metadata_is_read);
	g_test_add_func("/piv/pin-metadata", pin_metadata_is_read);
	g_test_add_func("/piv/generated", generated_key_is_read);
	g_test_add_func("/piv/signature", signatures_are_read);
	g_test_add_func("/piv/certificate", certificates_are_read_as_written);
	g_test_add_func("/piv/tlv", elements_have_lengths_of_three_kinds);
	g_test_add_func("/piv/uri", uris_name_tokens_and_slots);
	g_test_add_func("/crypto/cipher", blocks_are_as_their_standards_say);
	g_test_add_func("/crypto/card-certificate", certificates_tell_key_and_name);
	return g_test_run();
}
