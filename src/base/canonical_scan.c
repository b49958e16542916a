/* SPDX-License-Identifier: Apache-2.0 */

/* Looking through JSON's text eight bytes at a time: most of it is the inside of strings. */

#include <string.h>

#include "base/canonical_private.h"

/* The repeated byte @c in a word. */
#define BYTES(c) (0x0101010101010101ULL * (c))

/* Eight bytes that @at points to hold a quote, a backslash or a control character (maybe: a byte
 * after such a one may be told as one too). */
static inline gboolean has_special(const char *at)
{
	guint64 word, quote, backslash;

	memcpy(&word, at, sizeof word);
	quote = word ^ BYTES('"');
	backslash = word ^ BYTES('\\');
	return ((((quote - BYTES(1)) & ~quote) | ((backslash - BYTES(1)) & ~backslash) |
		 ((word - BYTES(0x20)) & ~word)) &
		BYTES(0x80)) != 0;
}

const char *pv_canonical_find_special(const char *at, const char *end)
{
	while (end - at >= 8 && !has_special(at))
		at += 8;
	while (at < end && *at != '"' && *at != '\\' && (guchar)*at >= 0x20)
		at++;
	return at;
}

gboolean pv_canonical_is_ascii(const char *at, const char *end)
{
	guint64 all = 0, word;

	for (; end - at >= 8; at += 8) {
		memcpy(&word, at, sizeof word);
		all |= word;
	}
	for (; at < end; at++)
		all |= (guchar)*at;
	return (all & BYTES(0x80)) == 0;
}
