/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* A run of bytes in somebody else's memory. */
typedef struct {
	const char *data;
	gsize size;
} PvSpan;

/**
 * pv_lines_next:
 * @text: (inout): what is left of a text; moved behind the line and its end
 * @ret_line: (out): the next line without its newline
 *
 * Returns: FALSE at the end of the text.
 */
gboolean pv_lines_next(PvSpan *text, PvSpan *ret_line);

/**
 * pv_span_strip:
 *
 * Returns: @span without blanks (space, tab, carriage return) at both ends.
 */
PvSpan pv_span_strip(PvSpan span);

gboolean pv_span_equal(PvSpan span, const char *text);

/**
 * pv_span_set:
 * @into: replaced by a copy of @span
 *
 * Errors: PV_ERROR_SYNTAX if it has a NUL, PV_ERROR_LIMIT if it is longer than
 * PV_PACKAGE_FIELD_BYTES_MAX; @what and @line_number are for the message.
 */
gboolean pv_span_set(GString *into, PvSpan span, const char *what, guint line_number,
		     GError **error);
