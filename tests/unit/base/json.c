/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static json_t *load(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_json_load(bytes, PV_MIB, "test", error);
}

static void test_refused(void)
{
	static const char *const texts[] = { "",        "{",        "{}x", "{\"a\":1,\"a\":2}",
					     "[1e400]", "\"\xff\"", "{}{}" };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(load(texts[i], &error));
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
		g_autoptr(json_t) value = load(text, &error);

		if (offset <= 0) {
			g_assert_no_error(error);
			g_assert_nonnull(value);
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		}
	}
}

static void test_brackets_in_strings(void)
{
	g_autofree char *open = g_strnfill(1000, '[');
	g_autofree char *text = g_strconcat("[\"\\\"", open, "\"]", NULL);
	g_autoptr(json_t) value = load(text, NULL);

	g_assert_nonnull(value);
}

static void test_size(void)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static("[1]", 3);
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) value = pv_json_load(bytes, 3, "test", NULL);

	g_assert_nonnull(value);
	g_assert_null(pv_json_load(bytes, 2, "test", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/json/refused", test_refused);
	g_test_add_func("/base/json/depth", test_depth);
	g_test_add_func("/base/json/brackets-in-strings", test_brackets_in_strings);
	g_test_add_func("/base/json/size", test_size);
	return g_test_run();
}
