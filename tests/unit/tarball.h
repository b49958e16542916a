/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tars made by hand, byte by byte, for tests that need what no tar program would write. */

#include <glib.h>
#include <stdio.h>
#include <string.h>

static inline void tarball_checksum(guint8 *block)
{
	guint sum = 0;

	memset(block + 148, ' ', 8);
	for (guint i = 0; i < 512; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
	block[155] = ' ';
}

/* A header block; @link and @size count whatever @type is. */
static inline guint8 *tarball_header(GByteArray *tar, char type, const char *name, guint64 size,
				     const char *link)
{
	guint at = tar->len;
	guint8 *block;

	g_byte_array_set_size(tar, at + 512);
	block = tar->data + at;
	memset(block, 0, 512);
	memcpy(block, name, MIN(strlen(name), 100));
	memcpy(block + 100, "0000644", 7);
	memcpy(block + 108, "0000000", 7);
	memcpy(block + 116, "0000000", 7);
	for (guint i = 11; i-- > 0; size >>= 3)
		block[124 + i] = (guint8)('0' + (size & 7));
	memcpy(block + 136, "00000000000", 11);
	block[156] = (guint8)type;
	memcpy(block + 157, link, MIN(strlen(link), 100));
	memcpy(block + 257, "ustar\00000", 8);
	tarball_checksum(block);
	return block;
}

static inline void tarball_content(GByteArray *tar, const void *data, gsize size)
{
	guint zeros = (512 - size % 512) % 512, at;

	g_byte_array_append(tar, data, (guint)size);
	at = tar->len;
	g_byte_array_set_size(tar, at + zeros);
	memset(tar->data + at, 0, zeros);
}

static inline void tarball_file(GByteArray *tar, const char *name, const char *text)
{
	tarball_header(tar, '0', name, strlen(text), "");
	tarball_content(tar, text, strlen(text));
}

/* An extension: 'x' or 'g' with records, 'L' or 'K' with a name. */
static inline void tarball_extension(GByteArray *tar, char type, const void *data, gsize size)
{
	tarball_header(tar, type, "././@LongLink", size, "");
	tarball_content(tar, data, size);
}

/* One PAX record in front of the next entry. */
static inline void tarball_pax(GByteArray *tar, const char *key, const void *value, gsize size)
{
	g_autoptr(GByteArray) record = g_byte_array_new();
	gsize rest = strlen(key) + size + 3, length = rest;
	char digits[32];

	while (length != rest + (gsize)snprintf(digits, sizeof(digits), "%zu", length))
		length = rest + strlen(digits);
	g_byte_array_append(record, (const guint8 *)digits, (guint)strlen(digits));
	g_byte_array_append(record, (const guint8 *)" ", 1);
	g_byte_array_append(record, (const guint8 *)key, (guint)strlen(key));
	g_byte_array_append(record, (const guint8 *)"=", 1);
	g_byte_array_append(record, value, (guint)size);
	g_byte_array_append(record, (const guint8 *)"\n", 1);
	tarball_extension(tar, 'x', record->data, record->len);
}

static inline void tarball_end(GByteArray *tar)
{
	guint at = tar->len;

	g_byte_array_set_size(tar, at + 1024);
	memset(tar->data + at, 0, 1024);
}
