/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <string.h>

#include "base/error.h"

static void test_echo(void)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"cat; echo oops >&2; exit 7", NULL };
	g_autofree char *long_text = g_strnfill(300000, 'x');
	g_autoptr(GBytes) input = g_bytes_new(long_text, 300000);
	g_auto(PvProcessResult) result = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_true(pv_process_run(argv, NULL, input, 300000, 10000, &result, &error));
	g_assert_no_error(error);
	g_assert_cmpint(result.exit_status, ==, 7);
	g_assert_true(g_bytes_equal(result.output, input));
	g_assert_cmpmem(g_bytes_get_data(result.errors, NULL), g_bytes_get_size(result.errors),
			"oops\n", 5);
}

static void test_bounds(void)
{
	char *flood[] = { (char *)"sh", (char *)"-c", (char *)"yes", NULL };
	char *sleeper[] = { (char *)"sleep", (char *)"60", NULL };
	char *missing[] = { (char *)"/nonexistent/program", NULL };
	g_auto(PvProcessResult) result = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_false(pv_process_run(flood, NULL, NULL, 1000, 10000, &result, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_false(pv_process_run(sleeper, NULL, NULL, 1000, 50, &result, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_clear_error(&error);
	g_assert_false(pv_process_run(missing, NULL, NULL, 1000, 0, &result, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/process/echo", test_echo);
	g_test_add_func("/base/process/bounds", test_bounds);
	return g_test_run();
}
