/* SPDX-License-Identifier: Apache-2.0 */

/* Strict reading and canonical form; jansson is the oracle for what is JSON at all. */

#include "base/canonical.h"

#include <jansson.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static PvDocument *parse(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_document_parse(bytes, "test", error);
}

static void test_canonical(void)
{
	static const char *const cases[][2] = {
		{ "{}", "{}" },
		{ " [ 1 , -2,0 ] ", "[1,-2,0]" },
		{ "{\"b\":1,\"a\":{\"d\":[],\"c\":null}}",
		  "{\"a\":{\"c\":null,\"d\":[]},\"b\":1}" },
		{ "\"\\u003c\\u00e9\\/\"", "\"<\xc3\xa9/\"" },
		{ "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"" },
		{ "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"" },
		{ "\"a\\nb\"", "\"a\nb\"" },
		{ "{\"\\u0061\":true,\"A\":false}", "{\"A\":false,\"a\":true}" },
		{ "{\"a\":1,\"a\\u0000b\":2}", NULL },
		{ "[[[{\"x\":[{\"z\":1,\"y\":2}]}]]]", "[[[{\"x\":[{\"y\":2,\"z\":1}]}]]]" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(PvDocument) document = parse(cases[i][0], &error);
		g_autoptr(GBytes) canonical = NULL;

		if (!cases[i][1]) {
			g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
			continue;
		}
		g_assert_no_error(error);
		canonical = pv_node_canonical(pv_document_root(document));
		g_assert_cmpmem(g_bytes_get_data(canonical, NULL), g_bytes_get_size(canonical),
				cases[i][1], strlen(cases[i][1]));
	}
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"[1,]",
		"[,1]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"[1 2]",
		"01",
		"-0",
		"1.0",
		"1e3",
		"+1",
		"-",
		"nul",
		"truex",
		"\"a",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\ud800\"",
		"\"\\udc00\"",
		"\"\\ud800\\u0041\"",
		"\"\t\"",
		"\"\xff\"",
		"{}{}",
		"{\"a\":1,\"a\":2}",
		"{\"b\":1,\"a\":2,\"b\":3}",
		"9007199254740993",
		"99999999999999999999",
		"]",
		"[}",
		"{\"a\":1]",
		"\"\\u0000\"",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(texts[i], &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	}
}

static void test_depth(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		gsize depth = (gsize)(PV_JSON_DEPTH_MAX + offset);
		g_autofree char *open = g_strnfill(depth, '['), *close = g_strnfill(depth, ']');
		g_autofree char *text = g_strconcat(open, close, NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvDocument) document = parse(text, &error);

		if (offset <= 0)
			g_assert_no_error(error);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_string_limit(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		g_autofree char *fill =
			g_strnfill(PV_JSON_STRING_BYTES_MAX + (gsize)(gssize)offset, 'x');
		g_autofree char *text = g_strconcat("\"", fill, "\"", NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvDocument) document = parse(text, &error);

		if (offset <= 0)
			g_assert_no_error(error);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_members(void)
{
	g_autoptr(PvDocument) document = parse("{\"z\":\"q\\n\",\"a\":[7,8]}", NULL);
	const PvNode *root = pv_document_root(document), *a = pv_node_member(root, "a");
	g_autofree char *z = pv_node_dup_string(pv_node_member(root, "z"));
	g_autofree char *first = pv_node_dup_name(pv_node_first(root));

	g_assert_cmpuint(pv_node_length(root), ==, 2);
	g_assert_cmpstr(z, ==, "q\n");
	g_assert_cmpstr(first, ==, "z");
	g_assert_cmpint(pv_node_integer(pv_node_next(pv_node_first(a))), ==, 8);
	g_assert_null(pv_node_next(pv_node_next(pv_node_first(a))));
	g_assert_null(pv_node_member(root, "b"));
}

static void test_file_form(void)
{
	g_autoptr(GBytes) raw =
		g_bytes_new_static("\"<a>&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"", 15);
	g_autoptr(GBytes) control = g_bytes_new_static("\"\n\"", 3);
	g_autoptr(GBytes) file = pv_canonical_file_form(raw, NULL);
	g_autoptr(GError) error = NULL;
	static const char expected[] = "\"\\u003ca\\u003e\\u0026\\u2028\\u2029\xe2\x80\xaa\"";

	g_assert_cmpmem(g_bytes_get_data(file, NULL), g_bytes_get_size(file), expected,
			strlen(expected));
	g_assert_null(pv_canonical_file_form(control, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
}

/* A file of 10,000 targets, as large repositories have them: read, canonical without a copy. */
static void test_large(void)
{
	GString *text = g_string_new("{\"_type\":\"Targets\",\"targets\":{");
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDocument) document = NULL;
	g_autoptr(GBytes) canonical = NULL;
	gint64 start;

	for (int i = 0; i < 10000; i++)
		g_string_append_printf(
			text,
			"%s\"v%05d\":{\"hashes\":{\"sha256\":"
			"\"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\",\"sha512\":"
			"\"58IrmUxZ2c8rSOVJseJGZmNgRZMNPafBrLKZ0cO3+TH5Sq5B7dosKyB6NuEPi8uNRSI+"
			"VIePWzFufOO2vAGWKQ==\"},\"length\":6}",
			i ? "," : "", i);
	g_string_append(text, "},\"version\":2}");
	start = g_get_monotonic_time();
	document = parse(text->str, &error);
	g_assert_no_error(error);
	canonical = pv_node_canonical(pv_document_root(document));
	g_test_message("10,000 targets: %" G_GINT64_FORMAT " us", g_get_monotonic_time() - start);
	g_assert_cmpmem(g_bytes_get_data(canonical, NULL), g_bytes_get_size(canonical), text->str,
			text->len);
	g_string_free(text, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/canonical/canonical", test_canonical);
	g_test_add_func("/base/canonical/refused", test_refused);
	g_test_add_func("/base/canonical/depth", test_depth);
	g_test_add_func("/base/canonical/string-limit", test_string_limit);
	g_test_add_func("/base/canonical/members", test_members);
	g_test_add_func("/base/canonical/file-form", test_file_form);
	g_test_add_func("/base/canonical/large", test_large);
	return g_test_run();
}
