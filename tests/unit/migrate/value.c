/* SPDX-License-Identifier: Apache-2.0 */

/* What may stand in a column, and how many rows may. */

#include "migrate/value.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static PvMigrateField field_of(const char *text)
{
	return (PvMigrateField){ text, text ? strlen(text) : 0 };
}

static void test_text(void)
{
	const PvMigrateField zero = { "a\0b", 3 }, cut = { "abc", 2 };
	const PvMigrateField null = field_of(NULL), empty = field_of("");
	const PvMigrateField latin = field_of("\xe9t\xe9"), word = field_of("\xc3\xa9");
	g_autofree char *two = pv_value_text(&cut, 2);
	g_autofree char *e = pv_value_text(&word, 2);

	g_assert_null(pv_value_text(&null, 10));
	g_assert_null(pv_value_text(&empty, 10));
	g_assert_null(pv_value_text(&zero, 10));
	g_assert_null(pv_value_text(&latin, 10));
	g_assert_null(pv_value_text(&cut, 1));
	g_assert_cmpstr(two, ==, "ab");
	g_assert_cmpstr(e, ==, "\xc3\xa9");
}

static void test_number(void)
{
	static const struct {
		const char *text;
		gboolean is_good;
		gint64 number;
	} cases[] = {
		{ "0", TRUE, 0 },
		{ "2147483647", TRUE, G_MAXINT32 },
		{ "-1", TRUE, -1 },
		{ "9223372036854775807", TRUE, G_MAXINT64 },
		{ "-9223372036854775808", TRUE, G_MININT64 },
		{ "9223372036854775808", FALSE, 0 },
		{ "000000000000000000000000001", FALSE, 0 },
		{ "1.0", FALSE, 0 },
		{ " 1", FALSE, 0 },
		{ "1 ", FALSE, 0 },
		{ "0x1", FALSE, 0 },
		{ "", FALSE, 0 },
		{ NULL, FALSE, 0 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const PvMigrateField field = field_of(cases[i].text);
		gint64 number = 7;

		g_assert_true(pv_value_number(&field, &number) == cases[i].is_good);
		g_assert_cmpint(number, ==, cases[i].is_good ? cases[i].number : 7);
	}
}

static void test_time(void)
{
	static const char *const good[] = { "2026-11-25 14:22:50.123456",
					    "2026-11-25 14:22:50.123456+00",
					    "2026-11-25 14:22:50.1234560" };
	static const char *const bad[] = { "0000-00-00 00:00:00",
					   "2026-11-25",
					   "2026-11-25T14:22:50",
					   "2026-02-30 00:00:00",
					   "infinity",
					   "-infinity",
					   "2026-11-25 14:22:50 BC",
					   "2026-11-25 14:22:50+",
					   "2026-11-25 14:22:50.123456789012345678901234567890",
					   "" };

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		const PvMigrateField field = field_of(good[i]);
		PvTime time;

		g_assert_true(pv_value_time(&field, &time));
		g_assert_cmpint(time.seconds, ==, 1795616570);
		g_assert_cmpint(time.nanoseconds, ==, 123456000);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		const PvMigrateField field = field_of(bad[i]);
		PvTime time = { 7, 7 };

		g_assert_false(pv_value_time(&field, &time));
		g_assert_cmpint(time.seconds, ==, 7);
	}
}

static void test_rows(void)
{
	PvRowCount count = { .kept = PV_MIGRATE_ROWS_MAX - 2 };
	g_autoptr(GError) error = NULL;

	g_assert_true(pv_row_count_add(&count, TRUE, &error));
	g_assert_cmpuint(count.kept, ==, PV_MIGRATE_ROWS_MAX - 1);
	g_assert_true(pv_row_count_add(&count, TRUE, &error));
	g_assert_cmpuint(count.kept, ==, PV_MIGRATE_ROWS_MAX);
	g_assert_true(pv_row_count_add(&count, FALSE, &error));
	g_assert_false(pv_row_count_add(&count, TRUE, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_nonnull(strstr(error->message, "more than 5000000 rows"));
	g_assert_cmpuint(count.kept, ==, PV_MIGRATE_ROWS_MAX);
	g_assert_cmpuint(count.read, ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/migrate/value/text", test_text);
	g_test_add_func("/migrate/value/number", test_number);
	g_test_add_func("/migrate/value/time", test_time);
	g_test_add_func("/migrate/value/rows", test_rows);
	return g_test_run();
}
