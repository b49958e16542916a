/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/manifest.h"

#define ID "\"sha256:abababababababababababababababababababababababababababababababab\""

static PvConfig *parse(const char *text, guint layers, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_config_parse(bytes, layers, "c", error);
}

static void test_history(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvConfig) config =
		parse("{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"rootfs\":{"
		      "\"type\":\"layers\",\"diff_ids\":[" ID "," ID "," ID "]},\"history\":["
		      "{\"created_by\":\"ADD\"},{\"created_by\":\"ENV\",\"empty_layer\":true},"
		      "{\"created_by\":\"RUN\",\"empty_layer\":false}]}",
		      3, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(config->platform.variant, ==, "v7");
	g_assert_cmpstr(config->created_by[0], ==, "ADD");
	g_assert_cmpstr(config->created_by[1], ==, "RUN");
	g_assert_cmpstr(config->created_by[2], ==, "");
	g_assert_cmpuint(config->diff_ids[2].raw[31], ==, 0xab);
}

static void test_no_layers(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvConfig) config =
		parse("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}", 0, &error);

	g_assert_no_error(error);
	g_assert_cmpuint(config->layer_count, ==, 0);
	g_assert_cmpstr(config->platform.os, ==, "");
}

static void test_damaged(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "[]", "c: not a JSON object" },
		{ "{}", "c: rootfs.type is not 'layers'" },
		{ "{\"rootfs\":{\"type\":\"layers\"}}", "c: 0 diff_ids, but 1 layers" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID "," ID "]}}",
		  "c: 2 diff_ids, but 1 layers" },
		{ "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[1]}}",
		  "c: diff id 0 is no string" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(rows[i].text, 1, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_assert_cmpstr(error->message, ==, rows[i].message);
	}
}

static void test_limits(void)
{
	static const char head[] =
		"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]},\"history\":[";

	for (int offset = -1; offset <= 1; offset++) {
		g_autoptr(GString) many = g_string_new(head);
		g_autoptr(GString) large = g_string_new(head);
		g_autoptr(GError) first = NULL, second = NULL;
		g_autoptr(PvConfig) one = NULL, two = NULL;

		for (int i = 0; i < PV_HISTORY_ENTRIES_MAX + offset; i++)
			g_string_append(many, i ? ",{}" : "{}");
		g_string_append(many, "]}");
		g_string_append(large, "]}");
		while (large->len < PV_CONFIG_BYTES_MAX + (gsize)offset)
			g_string_append_c(large, ' ');
		one = parse(many->str, 0, &first);
		two = parse(large->str, 0, &second);
		g_assert_cmpint(one != NULL, ==, offset <= 0);
		g_assert_cmpint(two != NULL, ==, offset <= 0);
		g_assert_true(offset <= 0 || g_error_matches(first, PV_ERROR, PV_ERROR_LIMIT));
		g_assert_true(offset <= 0 || g_error_matches(second, PV_ERROR, PV_ERROR_LIMIT));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config/history", test_history);
	g_test_add_func("/config/no-layers", test_no_layers);
	g_test_add_func("/config/damaged", test_damaged);
	g_test_add_func("/config/limits", test_limits);
	return g_test_run();
}
