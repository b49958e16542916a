/* SPDX-License-Identifier: Apache-2.0 */

/*
 * EC keys as PKCS#11 modules tell them (PKCS#11 2.40, 2.3.3): the standard wants an OCTET STRING
 * around the point, many modules leave it out. Which it is, the sizes tell: a bare point begins with
 * 04 as well, but then is as long as its curve demands.
 */

#include "token/pkcs11_key.h"

#define DER_OCTET_STRING 0x04
#define LONG_FORM        0x81

/* (transfer full): what is in the OCTET STRING; NULL unless it is one, and nothing follows. */
static GBytes *unwrapped(GBytes *point)
{
	gsize size, head = 2, length;
	const guint8 *bytes = g_bytes_get_data(point, &size);

	if (size < 2 || bytes[0] != DER_OCTET_STRING)
		return NULL;
	length = bytes[1];
	if (length == LONG_FORM && size > 2) {
		length = bytes[2];
		head = 3;
		if (length < 0x80)
			return NULL;
	} else if (length >= 0x80) {
		return NULL;
	}
	return length == size - head ? g_bytes_new_from_bytes(point, head, length) : NULL;
}

PvPublicKey *pv_pkcs11_ec_key(GBytes *parameters, GBytes *point, GError **error)
{
	g_autoptr(GBytes) inner = unwrapped(point);
	PvPublicKey *key = inner ? pv_public_key_new_point(parameters, inner, NULL) : NULL;

	return key ? key : pv_public_key_new_point(parameters, point, error);
}

GBytes *pv_pkcs11_wrap_point(GBytes *point)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(point, &size);
	const guint8 head[] = { DER_OCTET_STRING, LONG_FORM, (guint8)size };
	GByteArray *wrapped = g_byte_array_new();

	g_byte_array_append(wrapped, head, 1);
	g_byte_array_append(wrapped, head + (size < 0x80 ? 2 : 1), size < 0x80 ? 1 : 2);
	g_byte_array_append(wrapped, bytes, (guint)size);
	return g_byte_array_free_to_bytes(wrapped);
}
