/* SPDX-License-Identifier: Apache-2.0 */

/* The elements of which all that a PIV card says and hears is made. */

#include "token/tlv.h"

#include "base/error.h"

#define LONG_TAG     0x1f
#define LONG_LENGTH  0x80
#define LENGTH_BYTES 2

/* FALSE: the bytes end before the head does, or the length has more than two bytes. */
static gboolean read_head(const guint8 *at, gsize left, gsize *ret_head, guint32 *ret_tag,
			  gsize *ret_size)
{
	gsize head = 1, size, bytes;
	guint32 tag;

	if (left < 2)
		return FALSE;
	tag = at[0];
	if ((tag & LONG_TAG) == LONG_TAG)
		tag = tag << 8 | at[head++];
	if (head >= left)
		return FALSE;
	size = at[head++];
	if (size & LONG_LENGTH) {
		bytes = size & ~(gsize)LONG_LENGTH;
		if (bytes < 1 || bytes > LENGTH_BYTES || left - head < bytes)
			return FALSE;
		for (size = 0; bytes > 0; bytes--)
			size = size << 8 | at[head++];
	}
	*ret_head = head;
	*ret_tag = tag;
	*ret_size = size;
	return TRUE;
}

gboolean pv_tlv_next(PvTlv *rest, const char *what, guint32 *ret_tag, PvTlv *ret_value,
		     GError **error)
{
	gsize head, size;
	guint32 tag;

	if (!read_head(rest->data, rest->size, &head, &tag, &size))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: no tag and length in the last %zu bytes of the card's answer",
			       what, rest->size);
	if (rest->size - head < size)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: element %02x has %zu bytes, and %zu are left in the card's "
			       "answer",
			       what, tag, size, rest->size - head);
	*ret_tag = tag;
	*ret_value = (PvTlv){ rest->data + head, size };
	*rest = (PvTlv){ rest->data + head + size, rest->size - head - size };
	return TRUE;
}

gboolean pv_tlv_expect(PvTlv *rest, const char *what, guint32 tag, PvTlv *ret_value, GError **error)
{
	PvTlv after = *rest, value;
	guint32 found;

	if (!pv_tlv_next(&after, what, &found, &value, error))
		return FALSE;
	if (found != tag)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: element %02x in the card's answer, "
			       "expected %02x",
			       what, found, tag);
	*rest = after;
	*ret_value = value;
	return TRUE;
}

gboolean pv_tlv_only(PvTlv all, const char *what, guint32 tag, PvTlv *ret_value, GError **error)
{
	PvTlv value;

	if (!pv_tlv_expect(&all, what, tag, &value, error))
		return FALSE;
	if (all.size > 0)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: %zu bytes after element %02x of the card's answer", what,
			       all.size, tag);
	*ret_value = value;
	return TRUE;
}

PvTlv pv_tlv_of(GBytes *bytes)
{
	PvTlv all;

	all.data = g_bytes_get_data(bytes, &all.size);
	return all;
}

static void put(GByteArray *array, gsize value)
{
	guint8 byte = value & 0xff;

	g_byte_array_append(array, &byte, 1);
}

void pv_tlv_put(GByteArray *array, guint32 tag, const void *data, gsize size)
{
	g_assert(tag <= G_MAXUINT16 && size <= G_MAXUINT16);
	if (tag > G_MAXUINT8)
		put(array, tag >> 8);
	put(array, tag);
	if (size > G_MAXUINT8) {
		put(array, LONG_LENGTH | 2);
		put(array, size >> 8);
	} else if (size >= LONG_LENGTH) {
		put(array, LONG_LENGTH | 1);
	}
	put(array, size);
	if (size > 0)
		g_byte_array_append(array, data, (guint)size);
}

void pv_tlv_put_byte(GByteArray *array, guint32 tag, guint8 value)
{
	pv_tlv_put(array, tag, &value, 1);
}
