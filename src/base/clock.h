/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A moment in UTC with the nanoseconds that Notary's metadata carries. Compare with
 * pv_time_compare(). Real time is read through clock_gettime(CLOCK_REALTIME), so that faketime
 * can set it in tests.
 */
typedef struct {
	gint64 seconds;     /* since 1970-01-01T00:00:00Z */
	gint32 nanoseconds; /* 0 … 999,999,999 */
} PvTime;

#define PV_TIME_TEXT_SIZE 36 /* bytes: "9999-12-31T23:59:59.999999999Z" and its NUL fit */

PvTime pv_time_now(void);

/**
 * pv_time_add_seconds:
 *
 * Returns: @time moved by @seconds, which may be negative.
 */
PvTime pv_time_add_seconds(PvTime time, gint64 seconds);

/**
 * pv_time_compare:
 *
 * Returns: below, equal to or above 0 as @a is before, at or after @b.
 */
int pv_time_compare(PvTime a, PvTime b);

/**
 * pv_time_parse:
 * @text: untrusted, @length bytes
 *
 * Reads RFC 3339 as Go's time.Time does: `2036-11-20T20:43:03.593068616Z`, up to nine decimals,
 * `Z` or a numeric offset. Years 1 to 9999, real days only; leap seconds are refused.
 *
 * Errors: PV_ERROR_SYNTAX.
 */
gboolean pv_time_parse(const char *text, gsize length, PvTime *ret_time, GError **error);

/**
 * pv_time_format:
 * @ret_text: PV_TIME_TEXT_SIZE bytes
 *
 * Writes RFC 3339 in UTC as Go does (trust.md 0.1): `Z`, decimals only as far as needed.
 */
void pv_time_format(PvTime time, char *ret_text);
