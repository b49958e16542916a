/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token/apdu, token/tlv: a card that answers with pieces of the input: a byte that says how many
 * bytes, and these; the answer is read as elements.
 */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "token/apdu.h"
#include "token/tlv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean transmit(void *data, const guint8 *command, gsize size, guint8 *answer,
			 gsize *ret_size, GError **error)
{
	PvTlv *rest = data;
	gsize piece;

	g_assert_cmpuint(size, >=, 5);
	if (rest->size == 0) {
		*ret_size = 0;
		return TRUE;
	}
	piece = MIN((gsize)rest->data[0], rest->size - 1);
	memcpy(answer, rest->data + 1, piece);
	*rest = (PvTlv){ rest->data + 1 + piece, rest->size - 1 - piece };
	*ret_size = piece;
	return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PvTlv rest = { data, size }, elements, value, first;
	const PvApduLine line = { &rest, transmit };
	static const guint8 zeros[300];
	g_autoptr(GBytes) answer = NULL;
	g_autoptr(GError) error = NULL;
	PvApdu apdu = { 0xcb, 0x3f, 0xff, zeros, size % 2 ? 3 : sizeof(zeros) };
	guint32 tag;
	guint status;

	if (!pv_apdu_send(&line, "fuzzing", apdu, &answer, &status, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	elements = pv_tlv_of(answer);
	g_assert_cmpuint(elements.size, <=, PV_APDU_ANSWER_BYTES_MAX);
	pv_tlv_only(elements, "fuzzing", 0x53, &first, NULL);
	while (elements.size > 0 && pv_tlv_next(&elements, "fuzzing", &tag, &value, NULL)) {
		g_autoptr(GByteArray) again = g_byte_array_new();
		PvTlv read;

		pv_tlv_put(again, tag, value.data, value.size);
		g_assert_true(
			pv_tlv_only((PvTlv){ again->data, again->len }, "again", tag, &read, NULL));
		g_assert_true(read.size == value.size &&
			      (read.size == 0 || memcmp(read.data, value.data, read.size) == 0));
	}
	return 0;
}
