/* SPDX-License-Identifier: Apache-2.0 */

/* Values of database rows: text, numbers and times, all of them untrusted; and how many rows. */

#include "migrate/value.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define TIME_BYTES_MAX 32 /* bytes: what a database writes has at most 29 */

char *pv_value_text(const PvMigrateField *field, gsize max_bytes)
{
	if (!field->data || field->size == 0 || field->size > max_bytes ||
	    !g_utf8_validate_len(field->data, field->size, NULL))
		return NULL;
	return g_strndup(field->data, field->size);
}

gboolean pv_value_number(const PvMigrateField *field, gint64 *ret_number)
{
	g_autofree char *text = pv_value_text(field, 20);

	return text && g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, ret_number, NULL);
}

gboolean pv_value_time(const PvMigrateField *field, PvTime *ret_time)
{
	g_autofree char *text = pv_value_text(field, TIME_BYTES_MAX);
	g_autofree char *rfc = NULL;
	char *space = text ? strchr(text, ' ') : NULL;

	if (!space)
		return FALSE;
	*space = 'T';
	rfc = g_strconcat(text, g_str_has_suffix(text, "+00") ? ":00" : "Z", NULL);
	return pv_time_parse(rfc, strlen(rfc), ret_time, NULL);
}

gboolean pv_row_count_add(PvRowCount *count, gboolean is_kept, GError **error)
{
	if (is_kept && count->kept >= PV_MIGRATE_ROWS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d rows that are needed",
			       PV_MIGRATE_ROWS_MAX);
	count->kept += is_kept ? 1 : 0;
	count->read++;
	return TRUE;
}
