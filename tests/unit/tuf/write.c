/* SPDX-License-Identifier: Apache-2.0 */

/* Writing metadata: the exact form, and what is not written because somebody could read more into it. */

#include <string.h>

#include "base/error.h"
#include "tuf/metadata.h"

static GBytes *empty_targets(void)
{
	PvMetadataDraft draft = { .kind = PV_ROLE_TARGETS, .version = 2 };
	g_autoptr(GError) error = NULL;
	GBytes *written = NULL;

	g_assert_true(pv_time_parse("2029-11-22T20:43:03.63Z", 23, &draft.expires, NULL));
	written = pv_metadata_write_signed(&draft, &error);
	g_assert_no_error(error);
	return written;
}

static void test_form(void)
{
	const char *expected =
		"{\"signed\":{\"_type\":\"Targets\",\"delegations\":{\"keys\":{},\"roles\":[]},"
		"\"expires\":\"2029-11-22T20:43:03.63Z\",\"targets\":{},\"version\":2},"
		"\"signatures\":[{\"keyid\":\"ab\",\"method\":\"ecdsa\",\"sig\":\"c2ln\"}]}";
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	g_autoptr(GBytes) part = empty_targets(), bytes = g_bytes_new_static("sig", 3), file = NULL;
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(signatures, pv_signature_new("ab", "ecdsa", bytes));
	file = pv_metadata_write_file(part, signatures, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(file, NULL), g_bytes_get_size(file), expected,
			strlen(expected));
}

/* A kept signature of somebody else must not open a string in the file that we write. */
static void test_words(void)
{
	static const struct {
		const char *key_id, *method, *what;
	} cases[] = {
		{ "ab\",\"x\":\"", "ecdsa", "*key id with the byte 0x22*" },
		{ "ab\\", "ecdsa", "*key id with the byte 0x5c*" },
		{ "ab\f", "ecdsa", "*key id with the byte 0x0c*" },
		{ "ab", "ec dsa", "*method with the byte 0x20*" },
		{ "ab", "\303\251", "*method with the byte 0xc3*" },
	};
	g_autoptr(GBytes) part = empty_targets(), bytes = g_bytes_new_static("sig", 3);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) signatures =
			g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
		g_autoptr(GError) error = NULL;

		g_ptr_array_add(signatures,
				pv_signature_new(cases[i].key_id, cases[i].method, bytes));
		g_assert_null(pv_metadata_write_file(part, signatures, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_assert_true(g_pattern_match_simple(cases[i].what, error->message));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf/write/form", test_form);
	g_test_add_func("/tuf/write/words", test_words);
	return g_test_run();
}
