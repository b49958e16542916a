/* SPDX-License-Identifier: Apache-2.0 */
/* Records as either side receives them; the first byte says which, and the order of values. */
#include <stdint.h>
#include <string.h>

#include "sandbox/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean get(PvRecord *record, guint what)
{
	guint8 u8;
	guint32 u32;
	guint64 u64;
	const char *text;
	PvDigest digest;

	switch (what % 5) {
	case 0:
		return pv_record_get_u8(record, &u8, NULL);
	case 1:
		return pv_record_get_u32(record, &u32, NULL);
	case 2:
		return pv_record_get_u64(record, &u64, NULL);
	case 3:
		return pv_record_get_text(record, &text, NULL) &&
		       strlen(text) < G_MAXUINT32 - record->size;
	default:
		return pv_record_get_digest(record, &digest, NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	guint order = size ? data[0] : 0;

	for (size_t at = 1; at + PV_RECORD_HEADER_BYTES <= size;) {
		PvRecord record;

		if (!pv_record_read_header(data + at, order & 1, &record.type, &record.size, NULL))
			return 0;
		at += PV_RECORD_HEADER_BYTES;
		record.size = MIN(record.size, size - at);
		record.data = data + at;
		at += record.size;
		for (guint i = 0; i < 8 && get(&record, order / 2 + i * (1 + order % 3)); i++)
			;
		pv_record_done(&record, NULL);
	}
	return 0;
}
