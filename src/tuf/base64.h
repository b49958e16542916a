/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Standard base64, strictly: the one spelling that encodes back to the same text. Another
 * character, `=` anywhere but at the end, and bits set behind the last byte are refused.
 */

/* The size of what @text decodes to, if its length and padding are in order. */
gboolean pv_base64_size(const char *text, gsize length, gsize *ret_size);

/* @text, of a length and padding that make @size bytes, into @to. */
gboolean pv_base64_decode(const char *text, guint8 *to, gsize size);

/* TRUE if pv_base64_decode() would decode it, for less. */
gboolean pv_base64_is_valid(const char *text, gsize size);

/* @size bytes as text to @to, of (size + 2) / 3 * 4 characters; no NUL is put behind it. */
void pv_base64_encode(const guint8 *data, gsize size, char *to);
