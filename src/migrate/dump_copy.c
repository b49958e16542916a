/* SPDX-License-Identifier: Apache-2.0 */

/* The lines between COPY … FROM stdin; and \. of pg_dump: fields between tabs, \N for NULL. */

#include "migrate/dump_private.h"

/* What stands after a backslash in a line of COPY; -1 at the end. */
static int copy_escape(PvDump *dump)
{
	int letter = pv_dump_get(dump);

	switch (letter) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'v':
		return '\v';
	default:
		return letter;
	}
}

/* One field; @ret_end is the byte after it: a tab or a newline; a point if it is the end, \\. */
static gboolean read_field(PvDump *dump, GString *into, gboolean *ret_is_null, int *ret_end,
			   GError **error)
{
	gboolean is_null = FALSE;

	g_string_truncate(into, 0);
	for (;;) {
		int byte = pv_dump_get(dump);

		if (byte == '\t' || byte == '\n') {
			*ret_is_null = is_null;
			*ret_end = byte;
			return TRUE;
		}
		if (byte == '\\' && into->len == 0 && !is_null && pv_dump_peek(dump) == 'N') {
			pv_dump_get(dump);
			is_null = TRUE;
			continue;
		}
		if (byte == '\\' && into->len == 0 && pv_dump_peek(dump) == '.') {
			*ret_end = pv_dump_get(dump);
			return TRUE;
		}
		if (byte == '\\')
			byte = copy_escape(dump);
		if (byte < 0)
			return pv_dump_fail(dump, PV_ERROR_SYNTAX,
					    "the dump ends within a table; is it whole?", error);
		if (is_null)
			return pv_dump_fail(dump, PV_ERROR_SYNTAX, "a NULL with more after it",
					    error);
		if (!pv_dump_append(into, byte) || !pv_dump_append_plain(dump, into, '\t', '\\'))
			return pv_dump_fail(dump, PV_ERROR_LIMIT, "a value is too long", error);
	}
}

/* One line. */
static gboolean read_row(PvDump *dump, gboolean *ret_is_end, GError **error)
{
	guint position = 0;
	int end = '\t';

	pv_dump_start_row(dump);
	for (; end == '\t'; position++) {
		int column = pv_dump_wanted(dump, position);
		GString *into = column < 0 ? dump->text : dump->values[column];
		gboolean is_null = FALSE;

		if (!read_field(dump, into, &is_null, &end, error))
			return FALSE;
		if (end == '.' && position == 0) {
			*ret_is_end = TRUE;
			return TRUE;
		}
		if (column >= 0)
			dump->is_set[column] = !is_null;
	}
	if (dump->columns->len == 0) /* another table */
		return TRUE;
	if (position != dump->columns->len)
		return pv_dump_fail(dump, PV_ERROR_SYNTAX,
				    "a row that has not the table's columns; is the dump whole?",
				    error);
	return pv_dump_end_row(dump, error);
}

gboolean pv_dump_copy_rows(PvDump *dump, GError **error)
{
	gboolean is_end = FALSE;
	int byte;

	while ((byte = pv_dump_get(dump)) >= 0 && byte != '\n')
		;
	while (!is_end) {
		if (!read_row(dump, &is_end, error))
			return FALSE;
	}
	while ((byte = pv_dump_get(dump)) >= 0 && byte != '\n')
		;
	return TRUE;
}
