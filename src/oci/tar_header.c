/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One tar header block: fixed fields of octal text, or base-256 where GNU tar or star needed more
 * room. POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar 1.34 manual, "Basic Tar Format".
 */

#include <string.h>

#include "base/error.h"
#include "oci/tar_private.h"

typedef struct {
	guint offset, size;
	const char *name; /* for messages */
} Field;

static const Field name_field = { 0, 100, "name" };
static const Field mode_field = { 100, 8, "mode" };
static const Field uid_field = { 108, 8, "uid" };
static const Field gid_field = { 116, 8, "gid" };
static const Field size_field = { 124, 12, "size" };
static const Field mtime_field = { 136, 12, "mtime" };
static const Field checksum_field = { 148, 8, "checksum" };
static const Field link_field = { 157, 100, "link name" };
static const Field magic_field = { 257, 8, "magic" };
static const Field major_field = { 329, 8, "device major" };
static const Field minor_field = { 337, 8, "device minor" };
static const Field prefix_field = { 345, 155, "prefix" };

#define TYPE_OFFSET 156

/* Base-256: the first bit marks it, the second is the sign. */
static gboolean read_binary(const guint8 *at, const Field *field, gint64 *ret_value, GError **error)
{
	gboolean negative = (at[0] & 0x40) != 0;
	guint8 fill = negative ? 0xff : 0;
	guint64 value = negative ? G_MAXUINT64 : 0;

	for (guint i = 0; i < field->size; i++) {
		guint8 byte = i > 0 ? at[i] : (guint8)(negative ? at[0] | 0x80 : at[0] & 0x7f);

		if (i + 8 < field->size && byte != fill)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "tar header: %s does not fit 63 bits", field->name);
		value = value << 8 | byte;
	}
	if (((gint64)value < 0) != negative)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar header: %s does not fit 63 bits",
			       field->name);
	*ret_value = (gint64)value;
	return TRUE;
}

/* Octal digits between spaces and NULs; all blank is zero. */
static gboolean read_number(const guint8 *block, const Field *field, gint64 *ret_value,
			    GError **error)
{
	const guint8 *at = block + field->offset;
	guint i = 0;
	guint64 value = 0;

	if (at[0] & 0x80)
		return read_binary(at, field, ret_value, error);
	while (i < field->size && (at[i] == ' ' || at[i] == '\0'))
		i++;
	for (; i < field->size && at[i] >= '0' && at[i] <= '7'; i++)
		value = value << 3 | (guint64)(at[i] - '0'); /* 12 digits are 36 bits */
	for (; i < field->size; i++) {
		if (at[i] != ' ' && at[i] != '\0')
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "tar header: %s has byte 0x%02x, expected octal digits",
				       field->name, at[i]);
	}
	*ret_value = (gint64)value;
	return TRUE;
}

static gboolean read_positive(const guint8 *block, const Field *field, guint64 *ret_value,
			      GError **error)
{
	gint64 value = 0;

	if (!read_number(block, field, &value, error))
		return FALSE;
	if (value < 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar header: %s is negative", field->name);
	*ret_value = (guint64)value;
	return TRUE;
}

static gboolean read_small(const guint8 *block, const Field *field, guint32 *ret_value,
			   GError **error)
{
	guint64 value = 0;

	if (!read_positive(block, field, &value, error))
		return FALSE;
	if (value > G_MAXUINT32)
		return pv_fail(error, PV_ERROR_SYNTAX, "tar header: %s does not fit 32 bits",
			       field->name);
	*ret_value = (guint32)value;
	return TRUE;
}

/* The sum of all bytes, as if the checksum's own were blanks. */
static gint64 sum_of(const guint8 *block, gboolean is_signed)
{
	gint32 sum = 0; /* at most 512 * 255 */

	if (is_signed) {
		for (guint i = 0; i < PV_TAR_BLOCK_BYTES; i++)
			sum += (gint8)block[i];
		for (guint i = 0; i < checksum_field.size; i++)
			sum += ' ' - (gint8)block[checksum_field.offset + i];
		return sum;
	}
	for (guint i = 0; i < PV_TAR_BLOCK_BYTES; i++)
		sum += block[i];
	for (guint i = 0; i < checksum_field.size; i++)
		sum += ' ' - block[checksum_field.offset + i];
	return sum;
}

/* Of unsigned bytes, or of signed ones, as some writers of history made it. */
static gboolean check_sum(const guint8 *block, GError **error)
{
	gint64 told = 0, plain = sum_of(block, FALSE);

	if (!read_number(block, &checksum_field, &told, error))
		return FALSE;
	if (told != plain && told != sum_of(block, TRUE))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "tar header: checksum is %" G_GINT64_FORMAT
			       ", expected %" G_GINT64_FORMAT,
			       told, plain);
	return TRUE;
}

static void read_text(const guint8 *block, const Field *field, char *ret_text)
{
	gsize length = strnlen((const char *)block + field->offset, field->size);

	memcpy(ret_text, block + field->offset, length);
	ret_text[length] = '\0';
}

/* ustar joins prefix and name; GNU's own format uses that room for times; star for both. */
static void read_name(const guint8 *block, PvTarHeader *header)
{
	Field prefix = prefix_field;
	gsize length;

	read_text(block, &name_field, header->name);
	if (memcmp(block + magic_field.offset, "ustar", 6) != 0 || block[prefix.offset] == 0)
		return;
	if (memcmp(block + 508, "tar", 4) == 0)
		prefix.size = 131;
	length = strnlen((const char *)block + prefix.offset, prefix.size);
	memmove(header->name + length + 1, header->name, strlen(header->name) + 1);
	memcpy(header->name, block + prefix.offset, length);
	header->name[length] = '/';
}

gboolean pv_tar_header_read(const guint8 *block, PvTarHeader *ret_header, GError **error)
{
	PvTarHeader header = { .type = (char)block[TYPE_OFFSET] };

	if (!check_sum(block, error) || !read_small(block, &mode_field, &header.mode, error) ||
	    !read_positive(block, &uid_field, &header.uid, error) ||
	    !read_positive(block, &gid_field, &header.gid, error) ||
	    !read_positive(block, &size_field, &header.size, error) ||
	    !read_number(block, &mtime_field, &header.mtime, error))
		return FALSE;
	if ((header.type == '3' || header.type == '4') &&
	    (!read_small(block, &major_field, &header.device_major, error) ||
	     !read_small(block, &minor_field, &header.device_minor, error)))
		return FALSE;
	header.mode &= 07777;
	read_name(block, &header);
	read_text(block, &link_field, header.link);
	*ret_header = header;
	return TRUE;
}
