/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rig: commands to the virtual card, each after a byte with its length, so that the double of
 * the silicon itself cannot be crashed. The first byte chooses the card's firmware.
 */
#include <stdint.h>

#include "../tests/rig/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const guint32 firmwares[] = { RIG_FIRMWARE(4, 3, 7), RIG_FIRMWARE(5, 4, 3),
					     RIG_FIRMWARE(5, 7, 1) };
	g_autoptr(RigCard) card = NULL;

	if (size == 0)
		return 0;
	card = rig_card_new(firmwares[data[0] % G_N_ELEMENTS(firmwares)], 4242424);
	for (size_t at = 1; at < size; at += 1 + data[at]) {
		gsize length = MIN((gsize)data[at], size - at - 1);
		GByteArray *answer = rig_apdu(card, data + at + 1, length);

		g_assert_cmpuint(answer->len, >=, 2);
		g_assert_cmpuint(answer->len, <=, RIG_ANSWER_BYTES_MAX + 2);
		g_byte_array_unref(answer);
	}
	return 0;
}
