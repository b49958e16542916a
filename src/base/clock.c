/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Time as trust metadata writes it: RFC 3339 with up to nine decimals, trailing zeros trimmed.
 * GDateTime stops at microseconds and rounds, which would change signed bytes.
 */

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"

#define NANOSECONDS 1000000000

PvTime pv_time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (PvTime){ now.tv_sec, (gint32)now.tv_nsec };
}

PvTime pv_time_add_seconds(PvTime time, gint64 seconds)
{
	time.seconds += seconds;
	return time;
}

int pv_time_compare(PvTime a, PvTime b)
{
	if (a.seconds != b.seconds)
		return a.seconds < b.seconds ? -1 : 1;
	return (a.nanoseconds > b.nanoseconds) - (a.nanoseconds < b.nanoseconds);
}

/* Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant, days_from_civil). */
static gint64 days_since_epoch(int year, int month, int day)
{
	gint64 y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	gint64 year_of_era = y - era * 400;
	gint64 day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

typedef struct {
	const char *at, *end;
} Cursor;

static gboolean take_number(Cursor *in, int digits, int low, int high, int *ret_number)
{
	int number = 0;

	if (in->end - in->at < digits)
		return FALSE;
	for (int i = 0; i < digits; i++) {
		if (!g_ascii_isdigit(in->at[i]))
			return FALSE;
		number = number * 10 + (in->at[i] - '0');
	}
	in->at += digits;
	*ret_number = number;
	return number >= low && number <= high;
}

static gboolean take_char(Cursor *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return FALSE;
	in->at++;
	return TRUE;
}

static gboolean take_fraction(Cursor *in, gint32 *ret_nanoseconds)
{
	gint32 value = 0, scale = NANOSECONDS;

	*ret_nanoseconds = 0;
	if (!take_char(in, '.'))
		return TRUE;
	for (; in->at < in->end && g_ascii_isdigit(*in->at); in->at++) {
		if (scale == 1)
			return FALSE;
		scale /= 10;
		value += (*in->at - '0') * scale;
	}
	*ret_nanoseconds = value;
	return scale < NANOSECONDS;
}

static gboolean take_offset(Cursor *in, gint64 *ret_seconds)
{
	int hours, minutes, sign = 1;

	*ret_seconds = 0;
	if (take_char(in, 'Z'))
		return TRUE;
	if (take_char(in, '-'))
		sign = -1;
	else if (!take_char(in, '+'))
		return FALSE;
	if (!take_number(in, 2, 0, 23, &hours) || !take_char(in, ':') ||
	    !take_number(in, 2, 0, 59, &minutes))
		return FALSE;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return TRUE;
}

gboolean pv_time_parse(const char *text, gsize length, PvTime *ret_time, GError **error)
{
	Cursor in = { text, text + length };
	int year, month, day, hour, minute, second;
	gint32 nanoseconds;
	gint64 offset, days;

	if (!take_number(&in, 4, 1, 9999, &year) || !take_char(&in, '-') ||
	    !take_number(&in, 2, 1, 12, &month) || !take_char(&in, '-') ||
	    !take_number(&in, 2, 1, g_date_get_days_in_month((GDateMonth)month, (GDateYear)year),
			 &day) ||
	    !take_char(&in, 'T') || !take_number(&in, 2, 0, 23, &hour) || !take_char(&in, ':') ||
	    !take_number(&in, 2, 0, 59, &minute) || !take_char(&in, ':') ||
	    !take_number(&in, 2, 0, 59, &second) || !take_fraction(&in, &nanoseconds) ||
	    !take_offset(&in, &offset) || in.at != in.end)
		return pv_fail(error, PV_ERROR_SYNTAX, "time: not RFC 3339 at byte %zu of %zu",
			       (gsize)(in.at - text), length);

	days = days_since_epoch(year, month, day);
	ret_time->seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
	ret_time->nanoseconds = nanoseconds;
	return TRUE;
}

void pv_time_format(PvTime time, char *ret_text)
{
	time_t seconds = (time_t)time.seconds;
	struct tm utc;
	char decimals[16] = "";

	gmtime_r(&seconds, &utc);
	if (time.nanoseconds > 0) {
		gsize length =
			(gsize)g_snprintf(decimals, sizeof(decimals), ".%09d", time.nanoseconds);

		while (decimals[length - 1] == '0')
			decimals[--length] = '\0';
	}
	g_snprintf(ret_text, PV_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
		   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
		   utc.tm_sec, decimals);
}
