/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <string.h>

#include "base/error.h"

static void test_round_trip(void)
{
	static const char *const texts[] = {
		"2036-11-20T20:43:03.593068616Z", "2026-12-07T20:43:03.63575975Z",
		"1970-01-01T00:00:00Z",           "2024-02-29T23:59:59.1Z",
		"9999-12-31T23:59:59.999999999Z", "0001-01-01T00:00:00Z",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		char text[PV_TIME_TEXT_SIZE];
		PvTime time;

		g_assert_true(pv_time_parse(texts[i], strlen(texts[i]), &time, &error));
		g_assert_no_error(error);
		pv_time_format(time, text);
		g_assert_cmpstr(text, ==, texts[i]);
	}
}

static void test_offset(void)
{
	PvTime utc, east;

	g_assert_true(pv_time_parse("2026-01-01T00:30:00Z", 20, &utc, NULL));
	g_assert_true(pv_time_parse("2026-01-01T02:30:00+02:00", 25, &east, NULL));
	g_assert_cmpint(pv_time_compare(utc, east), ==, 0);
}

static void test_refused(void)
{
	static const char *const texts[] = {
		"",
		"2023-02-29T00:00:00Z",
		"2023-13-01T00:00:00Z",
		"2023-01-01 00:00:00Z",
		"2023-01-01T24:00:00Z",
		"2023-01-01T00:00:60Z",
		"2023-01-01T00:00:00",
		"2023-01-01T00:00:00.Z",
		"2023-01-01T00:00:00.1234567890Z",
		"2023-01-01T00:00:00Zx",
		"0000-01-01T00:00:00Z",
		"+023-01-01T00:00:00Z",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		PvTime time;

		g_assert_false(pv_time_parse(texts[i], strlen(texts[i]), &time, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/clock/round-trip", test_round_trip);
	g_test_add_func("/base/clock/offset", test_offset);
	g_test_add_func("/base/clock/refused", test_refused);
	return g_test_run();
}
