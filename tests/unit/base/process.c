/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

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

typedef struct {
	guint count;
	gsize longest;
	const char *stop; /* a line that ends it */
} Lines;

static gboolean count_line(void *user_data, const char *line, GError **error)
{
	Lines *lines = user_data;

	lines->count++;
	lines->longest = MAX(lines->longest, strlen(line));
	return !lines->stop || strcmp(line, lines->stop) != 0 ||
	       pv_fail(error, PV_ERROR_REFUSED, "stopped");
}

static void test_lines(void)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)"echo one; echo; printf three; exit 5",
			 NULL };
	char *endless[] = { (char *)"sh", (char *)"-c", (char *)"yes", NULL };
	char *missing[] = { (char *)"/nonexistent/program", NULL };
	Lines lines = { 0 }, stopped = { .stop = "y" };
	g_autoptr(GError) error = NULL;
	int status;

	g_assert_true(pv_process_lines(argv, count_line, &lines, &status, &error));
	g_assert_no_error(error);
	g_assert_cmpint(status, ==, 5);
	g_assert_cmpuint(lines.count, ==, 3);
	g_assert_cmpuint(lines.longest, ==, 5);
	g_assert_false(pv_process_lines(endless, count_line, &stopped, &status, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_REFUSED);
	g_assert_cmpuint(stopped.count, ==, 1);
	g_clear_error(&error);
	g_assert_false(pv_process_lines(missing, count_line, &lines, &status, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

static void test_line_limit(void)
{
	for (gint beyond = -1; beyond <= 1; beyond++) {
		g_autofree char *script =
			g_strdup_printf("head -c %zu /dev/zero | tr '\\0' x; echo; echo end",
					PV_CHILD_LINE_BYTES_MAX + (gsize)beyond);
		char *argv[] = { (char *)"sh", (char *)"-c", script, NULL };
		g_autoptr(GError) error = NULL;
		Lines lines = { 0 };
		int status;

		g_assert_cmpint(pv_process_lines(argv, count_line, &lines, &status, &error), ==,
				beyond <= 0);
		if (beyond > 0)
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		else
			g_assert_cmpuint(lines.longest, ==,
					 PV_CHILD_LINE_BYTES_MAX + (gsize)beyond);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/process/echo", test_echo);
	g_test_add_func("/base/process/bounds", test_bounds);
	g_test_add_func("/base/process/lines", test_lines);
	g_test_add_func("/base/process/line-limit", test_line_limit);
	return g_test_run();
}
