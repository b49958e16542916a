/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Base64 of signatures, keys and hashes. A role of 10,000 targets has 20,000 hashes: a character
 * costs one look into a table, and nothing is allocated.
 */

#include "tuf/base64.h"

#define VALID 0x80 /* set beside the six bits of a base64 character */

/* clang-format off */
static const guint8 sextets[256] = {
	['+'] = VALID | 62, ['/'] = VALID | 63,
	['0'] = VALID | 52, 181, 182, 183, 184, 185, 186, 187, 188, 189,
	['A'] = VALID | 0, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140,
	141, 142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152, 153,
	['a'] = VALID | 26, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166,
	167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179,
};
/* clang-format on */

static inline guint sextet(char c)
{
	return sextets[(guchar)c];
}

gboolean pv_base64_size(const char *text, gsize length, gsize *ret_size)
{
	gsize padding = 0;

	if (length % 4 != 0)
		return FALSE;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	*ret_size = length / 4 * 3 - padding;
	return TRUE;
}

/* The one or two bytes that a last, padded group of four is: `AA==` or `AAA=`. */
static gboolean decode_rest(const char *text, guint8 *to, gsize rest)
{
	guint a = sextet(text[0]), b = sextet(text[1]), c = rest == 2 ? sextet(text[2]) : VALID;

	if (!(a & b & c & VALID) || (rest == 1 ? b & 15 : c & 3))
		return FALSE;
	to[0] = (guint8)(a << 2 | (b & 0x30) >> 4);
	if (rest == 2)
		to[1] = (guint8)(b << 4 | (c & 0x3c) >> 2);
	return TRUE;
}

gboolean pv_base64_decode(const char *text, guint8 *to, gsize size)
{
	for (; size >= 3; size -= 3, text += 4, to += 3) {
		guint a = sextet(text[0]), b = sextet(text[1]);
		guint c = sextet(text[2]), d = sextet(text[3]);

		if (!(a & b & c & d & VALID))
			return FALSE;
		to[0] = (guint8)(a << 2 | (b & 0x30) >> 4);
		to[1] = (guint8)(b << 4 | (c & 0x3c) >> 2);
		to[2] = (guint8)(c << 6 | (d & 0x3f));
	}
	return size == 0 || decode_rest(text, to, size);
}

gboolean pv_base64_is_valid(const char *text, gsize size)
{
	guint8 rest[2];
	guint all = VALID;

	for (; size >= 3; size -= 3, text += 4)
		all &= sextet(text[0]) & sextet(text[1]) & sextet(text[2]) & sextet(text[3]);
	return all && (size == 0 || decode_rest(text, rest, size));
}

void pv_base64_encode(const guint8 *data, gsize size, char *to)
{
	static const char characters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (; size >= 3; size -= 3, data += 3, to += 4) {
		guint group = (guint)data[0] << 16 | (guint)data[1] << 8 | data[2];

		to[0] = characters[group >> 18];
		to[1] = characters[group >> 12 & 63];
		to[2] = characters[group >> 6 & 63];
		to[3] = characters[group & 63];
	}
	if (size > 0) {
		guint group = (guint)data[0] << 16 | (size == 2 ? (guint)data[1] << 8 : 0);

		to[0] = characters[group >> 18];
		to[1] = characters[group >> 12 & 63];
		to[2] = size == 2 ? characters[group >> 6 & 63] : '=';
		to[3] = '=';
	}
}
