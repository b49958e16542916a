/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of a PIV card: versions, metadata, objects, signatures. Bounded steps, no I/O. */

#include "token/piv_answers.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "token/piv_key.h"

gboolean pv_piv_read_version(PvTlv answer, guint32 *ret_version, GError **error)
{
	if (answer.size != 3)
		return pv_fail(error, PV_ERROR_SYNTAX, "version of the card: %zu bytes, expected 3",
			       answer.size);
	*ret_version =
		(guint32)answer.data[0] << 16 | (guint32)answer.data[1] << 8 | answer.data[2];
	return TRUE;
}

gboolean pv_piv_read_serial(PvTlv answer, guint32 *ret_serial, GError **error)
{
	guint32 serial = 0;

	if (answer.size != 4)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "serial number of the card: %zu bytes, expected 4", answer.size);
	for (gsize i = 0; i < 4; i++)
		serial = serial << 8 | answer.data[i];
	*ret_serial = serial;
	return TRUE;
}

void pv_piv_metadata_clear(PvPivMetadata *metadata)
{
	g_clear_pointer(&metadata->public, pv_public_key_unref);
}

/* One element of a slot's metadata; the public key is read when the algorithm is known. */
static gboolean take_slot_element(guint32 tag, PvTlv value, const char *what,
				  PvPivMetadata *metadata, PvTlv *public, GError **error)
{
	static const gsize sizes[] = { [1] = 1, [2] = 2, [3] = 1 };

	if (tag >= 1 && tag < G_N_ELEMENTS(sizes) && value.size != sizes[tag])
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: element %02x has %zu bytes, expected %zu", what, tag,
			       value.size, sizes[tag]);
	switch (tag) {
	case 1:
		metadata->algorithm = value.data[0];
		break;
	case 2:
		if (value.data[0] > PV_PIN_MATCH_ALWAYS || value.data[1] > PV_TOUCH_CACHED)
			return pv_fail(error, PV_ERROR_UNSUPPORTED,
				       "%s: PIN policy %u and touch policy %u, at most %d and %d "
				       "are known",
				       what, value.data[0], value.data[1], PV_PIN_MATCH_ALWAYS,
				       PV_TOUCH_CACHED);
		metadata->pin = value.data[0];
		metadata->touch = value.data[1];
		break;
	case 3:
		metadata->origin = value.data[0];
		break;
	case 4:
		*public = value;
		break;
	default: /* newer firmware may tell more */
		break;
	}
	return TRUE;
}

gboolean pv_piv_read_metadata(PvTlv answer, const char *what, PvPivMetadata *ret_metadata,
			      GError **error)
{
	g_auto(PvPivMetadata) metadata = { 0 };
	PvTlv value, public = { NULL, 0 };
	guint32 tag;

	while (answer.size > 0)
		if (!pv_tlv_next(&answer, what, &tag, &value, error) ||
		    !take_slot_element(tag, value, what, &metadata, &public, error))
			return FALSE;
	if (metadata.algorithm == 0 || !public.data)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: no %s in the card's answer", what,
			       metadata.algorithm == 0 ? "algorithm" : "public key");
	if (pv_piv_key_is_known(metadata.algorithm)) {
		metadata.public = pv_piv_key_read(public, what, metadata.algorithm, error);
		if (!metadata.public)
			return FALSE;
	}
	*ret_metadata = metadata;
	metadata = (PvPivMetadata){ 0 };
	return TRUE;
}

static gboolean take_reference_element(guint32 tag, PvTlv value, const char *what,
				       PvPivReference *reference, GError **error)
{
	static const gsize sizes[] = { [1] = 1, [2] = 2, [5] = 1, [6] = 2 };

	if (tag < G_N_ELEMENTS(sizes) && sizes[tag] > 0 && value.size != sizes[tag])
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: element %02x has %zu bytes, expected %zu", what, tag,
			       value.size, sizes[tag]);
	switch (tag) {
	case 1:
		reference->algorithm = value.data[0];
		break;
	case 2:
		reference->touch =
			value.data[1] <= PV_TOUCH_CACHED ? value.data[1] : PV_TOUCH_UNKNOWN;
		break;
	case 5:
		reference->is_factory = value.data[0] != 0;
		break;
	case 6:
		reference->tries_max = value.data[0];
		reference->tries_left = value.data[1];
		break;
	default:
		break;
	}
	return TRUE;
}

gboolean pv_piv_read_reference(PvTlv answer, const char *what, PvPivReference *ret_reference,
			       GError **error)
{
	PvPivReference reference = { .tries_max = -1, .tries_left = -1 };
	PvTlv value;
	guint32 tag;

	while (answer.size > 0)
		if (!pv_tlv_next(&answer, what, &tag, &value, error) ||
		    !take_reference_element(tag, value, what, &reference, error))
			return FALSE;
	*ret_reference = reference;
	return TRUE;
}

PvPublicKey *pv_piv_read_generated(PvTlv answer, const char *what, guint8 algorithm, GError **error)
{
	PvTlv public;

	return pv_tlv_only(answer, what, 0x7f49, &public, error)
		       ? pv_piv_key_read(public, what, algorithm, error)
		       : NULL;
}

gboolean pv_piv_read_object(PvTlv answer, const char *what, PvTlv *ret_content, GError **error)
{
	return pv_tlv_only(answer, what, 0x53, ret_content, error);
}

GBytes *pv_piv_read_certificate(PvTlv content, const char *what, GError **error)
{
	PvTlv der = { NULL, 0 }, value;
	guint32 tag;

	while (content.size > 0) {
		if (!pv_tlv_next(&content, what, &tag, &value, error))
			return NULL;
		if (tag == 0x70 && !der.data) {
			der = value;
		} else if (tag == 0x71 && value.size == 1) {
			if (value.data[0] != 0)
				return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
						    "%s: it is compressed", what);
		} else if (tag == 0x70 || tag == 0x71) {
			return pv_fail_null(error, PV_ERROR_SYNTAX,
					    "%s: element %02x of %zu bytes is not expected there",
					    what, tag, value.size);
		}
	}
	if (der.size == 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: the object holds no certificate",
				    what);
	return g_bytes_new(der.data, der.size);
}

GByteArray *pv_piv_write_certificate(GBytes *der)
{
	GByteArray *content = g_byte_array_new();

	pv_tlv_put(content, 0x70, g_bytes_get_data(der, NULL), g_bytes_get_size(der));
	pv_tlv_put_byte(content, 0x71, 0);
	pv_tlv_put(content, 0xfe, NULL, 0);
	return content;
}

/* A positive DER INTEGER, to exactly @bytes. */
static gboolean take_scalar(PvTlv *rest, const char *what, guint8 *to, gsize bytes, GError **error)
{
	PvTlv number;

	if (!pv_tlv_expect(rest, what, 0x02, &number, error))
		return FALSE;
	if (number.size > 1 && number.data[0] == 0)
		number = (PvTlv){ number.data + 1, number.size - 1 };
	else if (number.size == 0 || (number.data[0] & 0x80))
		number.size = bytes + 1; /* nothing, or below zero */
	if (number.size > bytes)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: a number in the signature is not a scalar of %zu bytes", what,
			       bytes);
	memset(to, 0, bytes - number.size);
	memcpy(to + bytes - number.size, number.data, number.size);
	return TRUE;
}

GBytes *pv_piv_read_signature(PvTlv answer, const char *what, gsize scalar_bytes, GError **error)
{
	guint8 raw[2 * PV_PIV_SCALAR_BYTES_MAX];
	PvTlv outer, der, pair;

	g_assert(scalar_bytes > 0 && scalar_bytes <= PV_PIV_SCALAR_BYTES_MAX);
	if (!pv_tlv_only(answer, what, 0x7c, &outer, error) ||
	    !pv_tlv_only(outer, what, 0x82, &der, error) ||
	    !pv_tlv_only(der, what, 0x30, &pair, error) ||
	    !take_scalar(&pair, what, raw, scalar_bytes, error) ||
	    !take_scalar(&pair, what, raw + scalar_bytes, scalar_bytes, error))
		return NULL;
	if (pair.size > 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: %zu bytes after the signature",
				    what, pair.size);
	return g_bytes_new(raw, 2 * scalar_bytes);
}

gboolean pv_piv_read_step(PvTlv answer, const char *what, guint32 tag, gsize size, PvTlv *ret_value,
			  GError **error)
{
	PvTlv outer, value;

	if (!pv_tlv_only(answer, what, 0x7c, &outer, error) ||
	    !pv_tlv_only(outer, what, tag, &value, error))
		return FALSE;
	if (value.size != size)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: %zu bytes, expected a block of %zu",
			       what, value.size, size);
	*ret_value = value;
	return TRUE;
}

gboolean pv_piv_read_admin(PvTlv content, gboolean *ret_is_protected, GError **error)
{
	static const char what[] = "admin object of the card";
	gboolean is_protected = FALSE;
	PvTlv all, value;
	guint32 tag;

	if (!pv_tlv_only(content, what, 0x80, &all, error))
		return FALSE;
	while (all.size > 0) {
		if (!pv_tlv_next(&all, what, &tag, &value, error))
			return FALSE;
		if (tag == 0x81 && value.size == 1)
			is_protected = (value.data[0] & 0x02) != 0;
	}
	*ret_is_protected = is_protected;
	return TRUE;
}

gboolean pv_piv_read_protected(PvTlv content, PvTlv *ret_key, GError **error)
{
	static const char what[] = "management key under the PIN";
	PvTlv all, value;
	guint32 tag;

	if (!pv_tlv_only(content, what, 0x88, &all, error))
		return FALSE;
	while (all.size > 0) {
		if (!pv_tlv_next(&all, what, &tag, &value, error))
			return FALSE;
		if (tag == 0x89 && value.size > 0) {
			*ret_key = value;
			return TRUE;
		}
	}
	return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: the object holds none", what);
}
