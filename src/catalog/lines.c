/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lines of text databases, without copying them: dpkg, apk and os-release are read through these.
 */

#include "catalog/lines.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

gboolean pv_lines_next(PvSpan *text, PvSpan *ret_line)
{
	const char *end;

	if (text->size == 0)
		return FALSE;
	end = memchr(text->data, '\n', text->size);
	*ret_line = (PvSpan){ text->data, end ? (gsize)(end - text->data) : text->size };
	text->data += ret_line->size + (end != NULL);
	text->size -= ret_line->size + (end != NULL);
	return TRUE;
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

PvSpan pv_span_strip(PvSpan span)
{
	while (span.size > 0 && is_blank(span.data[0])) {
		span.data++;
		span.size--;
	}
	while (span.size > 0 && is_blank(span.data[span.size - 1]))
		span.size--;
	return span;
}

gboolean pv_span_equal(PvSpan span, const char *text)
{
	return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

gboolean pv_span_set(GString *into, PvSpan span, const char *what, guint line_number,
		     GError **error)
{
	if (span.size > PV_PACKAGE_FIELD_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "line %u: %s has %zu bytes, at most %d are accepted", line_number,
			       what, span.size, PV_PACKAGE_FIELD_BYTES_MAX);
	if (memchr(span.data, '\0', span.size))
		return pv_fail(error, PV_ERROR_SYNTAX, "line %u: %s has a NUL", line_number, what);
	g_string_truncate(into, 0);
	g_string_append_len(into, span.data, (gssize)span.size);
	return TRUE;
}
