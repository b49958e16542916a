/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * BER-TLV as PIV cards speak it: tags of one or two bytes, definite lengths of up to two bytes, no
 * recursion (ISO 7816-4 5.2.2, SP 800-73-4). What is read points into the bytes that were given.
 */
typedef struct {
	const guint8 *data;
	gsize size;
} PvTlv;

/**
 * pv_tlv_next:
 * @rest: (inout): untrusted: what is left; moved past the element on success
 *
 * Errors: PV_ERROR_SYNTAX (also when nothing is left), naming @what.
 */
gboolean pv_tlv_next(PvTlv *rest, const char *what, guint32 *ret_tag, PvTlv *ret_value,
		     GError **error);

/* As pv_tlv_next(), and the element has the tag @tag. */
gboolean pv_tlv_expect(PvTlv *rest, const char *what, guint32 tag, PvTlv *ret_value,
		       GError **error);

/* As pv_tlv_expect(), and nothing follows it in @all. */
gboolean pv_tlv_only(PvTlv all, const char *what, guint32 tag, PvTlv *ret_value, GError **error);

/* The bytes of @bytes, which must live on. */
PvTlv pv_tlv_of(GBytes *bytes);

/**
 * pv_tlv_put:
 * @array: gets the element appended
 * @tag: at most 0xffff
 * @size: at most 0xffff
 */
void pv_tlv_put(GByteArray *array, guint32 tag, const void *data, gsize size);
void pv_tlv_put_byte(GByteArray *array, guint32 tag, guint8 value);
