/* SPDX-License-Identifier: Apache-2.0 */

#include "base/sorted.h"

static void assert_order(const GPtrArray *texts, const char *expected)
{
	g_autoptr(GString) joined = g_string_new(NULL);

	for (guint i = 0; i < texts->len; i++)
		g_string_append_printf(joined, "%s%s", i ? " " : "", (char *)texts->pdata[i]);
	g_assert_cmpstr(joined->str, ==, expected);
}

/* By bytes: capitals first, what is not ASCII last, a prefix before what continues it. */
static void test_texts(void)
{
	static const char *const texts[] = { "b", "é", "a/b", "B", "a", "10", "9", "a" };
	g_autoptr(GPtrArray) array = g_ptr_array_new();

	pv_sort_texts(array);
	g_assert_cmpuint(array->len, ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_ptr_array_add(array, (void *)texts[i]);
	pv_sort_texts(array);
	assert_order(array, "10 9 B a a a/b b é");
}

static void test_names(void)
{
	g_autoptr(GHashTable) table = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GPtrArray) none = pv_sorted_names(table);
	g_autoptr(GPtrArray) names = NULL;

	g_assert_cmpuint(none->len, ==, 0);
	g_hash_table_add(table, (void *)"targets/releases");
	g_hash_table_add(table, (void *)"targets");
	g_hash_table_add(table, (void *)"targets/alice");
	names = pv_sorted_names(table);
	assert_order(names, "targets targets/alice targets/releases");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/sorted/texts", test_texts);
	g_test_add_func("/base/sorted/names", test_names);
	return g_test_run();
}
