/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/record.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static PvRecord received(GByteArray *bytes)
{
	PvRecord record = { 0 };

	g_assert_true(pv_record_end(bytes, NULL));
	g_assert_true(pv_record_read_header(bytes->data, TRUE, &record.type, &record.size, NULL));
	g_assert_cmpuint(record.size, ==, bytes->len - PV_RECORD_HEADER_BYTES);
	record.data = bytes->data + PV_RECORD_HEADER_BYTES;
	return record;
}

static void test_round_trip(void)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	PvDigest digest = pv_digest_of(PV_HASH_SHA512, "x", 1), again;
	PvRecord record;
	guint8 u8;
	guint32 u32;
	guint64 u64;
	const char *text;

	pv_record_start(bytes, PV_RECORD_FAILED);
	pv_record_put_u8(bytes, 200);
	pv_record_put_u32(bytes, 0x89abcdef);
	pv_record_put_u64(bytes, 0x0123456789abcdef);
	pv_record_put_text(bytes, "");
	pv_record_put_text(bytes, "grün");
	pv_record_put_digest(bytes, &digest);
	record = received(bytes);
	g_assert_cmpuint(record.type, ==, PV_RECORD_FAILED);
	g_assert_true(pv_record_get_u8(&record, &u8, NULL) && u8 == 200);
	g_assert_true(pv_record_get_u32(&record, &u32, NULL) && u32 == 0x89abcdef);
	g_assert_true(pv_record_get_u64(&record, &u64, NULL) && u64 == 0x0123456789abcdef);
	g_assert_true(pv_record_get_text(&record, &text, NULL));
	g_assert_cmpstr(text, ==, "");
	g_assert_true(pv_record_get_text(&record, &text, NULL));
	g_assert_cmpstr(text, ==, "grün");
	g_assert_false(pv_record_done(&record, NULL));
	g_assert_true(pv_record_get_digest(&record, &again, NULL));
	g_assert_true(pv_digest_equal(&digest, &again));
	g_assert_true(pv_record_done(&record, NULL));
	g_assert_false(pv_record_get_u8(&record, &u8, NULL));
}

/* Every row at its limit - 1, limit, limit + 1, in both roles. */
static void test_limits(void)
{
	for (guint type = 0; type < 256; type++) {
		const PvRecordInfo *info = pv_record_info(type);
		guint8 header[PV_RECORD_HEADER_BYTES] = { (guint8)type };
		guint got_type;
		gsize got_size;

		if (!info) {
			g_autoptr(GError) error = NULL;

			g_assert_false(
				pv_record_read_header(header, TRUE, &got_type, &got_size, &error));
			g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
			continue;
		}
		for (gsize size = MAX(info->max_bytes, (gsize)1) - 1; size <= info->max_bytes + 1;
		     size++) {
			g_autoptr(GError) error = NULL;
			g_autoptr(GByteArray) bytes = g_byte_array_new();
			gboolean fits = size <= info->max_bytes;

			for (guint i = 0; i < 4; i++)
				header[1 + i] = (guint8)(size >> (8 * i));
			g_assert_true(pv_record_read_header(header, info->from_worker, &got_type,
							    &got_size, &error) == fits);
			if (!fits)
				g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
			g_clear_error(&error);
			g_assert_false(pv_record_read_header(header, !info->from_worker, &got_type,
							     &got_size, &error));
			g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
			pv_record_start(bytes, (PvRecordType)type);
			g_byte_array_set_size(bytes, PV_RECORD_HEADER_BYTES + (guint)size);
			g_assert_true(pv_record_end(bytes, NULL) == fits);
		}
	}
}

static void test_hostile_texts(void)
{
	static const struct {
		const char *bytes;
		gsize size;
	} texts[] = { { "\0\0\0\0", 4 },      { "\2\0\0\0ab", 6 },          { "\2\0\0\0a", 5 },
		      { "\3\0\0\0a\0\0", 7 }, { "\377\377\377\377a\0", 6 }, { "\1\0", 2 } };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		PvRecord record = { PV_RECORD_LINK, (const guint8 *)texts[i].bytes, texts[i].size };
		g_autoptr(GError) error = NULL;
		const char *text;

		g_assert_false(pv_record_get_text(&record, &text, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	}
}

static void test_hostile_digests(void)
{
	static const char *const digests[] = { "\0\100", "\1\40", "\2\40", "\0\40" };

	for (guint i = 0; i < G_N_ELEMENTS(digests); i++) {
		PvRecord record = { PV_RECORD_FAILED, (const guint8 *)digests[i], 2 };
		PvDigest digest;

		g_assert_false(pv_record_get_digest(&record, &digest, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sandbox/record/round-trip", test_round_trip);
	g_test_add_func("/sandbox/record/limits", test_limits);
	g_test_add_func("/sandbox/record/hostile-texts", test_hostile_texts);
	g_test_add_func("/sandbox/record/hostile-digests", test_hostile_digests);
	return g_test_run();
}
