/* SPDX-License-Identifier: Apache-2.0 */

/* BER-TLV as PIV uses it: tags of one or two bytes, definite lengths of up to two bytes. */

#include "card.h"

gboolean rig_tlv_next(RigSpan *rest, guint32 *ret_tag, RigSpan *ret_value)
{
	const guint8 *at = rest->data, *end = at + rest->size;
	guint32 tag;
	gsize size, bytes;

	if (at == end)
		return FALSE;
	tag = *at++;
	if ((tag & 0x1f) == 0x1f) {
		if (at == end)
			return FALSE;
		tag = tag << 8 | *at++;
	}
	if (at == end)
		return FALSE;
	size = *at++;
	if (size & 0x80) {
		bytes = size & 0x7f;
		if (bytes < 1 || bytes > 2 || (gsize)(end - at) < bytes)
			return FALSE;
		for (size = 0; bytes > 0; bytes--)
			size = size << 8 | *at++;
	}
	if ((gsize)(end - at) < size)
		return FALSE;
	*ret_tag = tag;
	*ret_value = (RigSpan){ at, size };
	*rest = (RigSpan){ at + size, (gsize)(end - at) - size };
	return TRUE;
}

static void append_byte(GByteArray *array, gsize value)
{
	guint8 byte = value & 0xff;

	g_byte_array_append(array, &byte, 1);
}

void rig_tlv_append(GByteArray *array, guint32 tag, const guint8 *data, gsize size)
{
	g_assert(size <= 0xffff && tag <= 0xffff);
	if (tag > 0xff)
		append_byte(array, tag >> 8);
	append_byte(array, tag);
	if (size > 0xff) {
		append_byte(array, 0x82);
		append_byte(array, size >> 8);
	} else if (size > 0x7f) {
		append_byte(array, 0x81);
	}
	append_byte(array, size);
	if (size > 0)
		g_byte_array_append(array, data, (guint)size);
}
