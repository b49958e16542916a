/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The form of records between a program and its worker, without I/O. Integers are little-endian;
 * a text is its length with NUL (u32), its bytes and a NUL, so that it is used where it lies.
 */

#include "sandbox/record.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define TEXT(count) ((count) * (PV_PACKAGE_FIELD_BYTES_MAX + 5))
#define PATH        (PV_TAR_PATH_BYTES_MAX + 5)

static const PvRecordInfo infos[PV_RECORD_TYPES] = {
	[PV_RECORD_READ_LAYER] = { "read-layer", FALSE, 17 + PATH },
	[PV_RECORD_READ_FILE] = { "read-file", FALSE, PATH },
	[PV_RECORD_HELLO] = { "hello", TRUE, 4 },
	[PV_RECORD_FILE] = { "file", TRUE, 64 + PATH },
	[PV_RECORD_PACKAGE] = { "package", TRUE, TEXT(6) },
	[PV_RECORD_DISTRO] = { "distro", TRUE, TEXT(4) },
	[PV_RECORD_UNREADABLE] = { "unreadable", TRUE, PATH + TEXT(1) },
	[PV_RECORD_HIDDEN] = { "hidden", TRUE, 1 + PATH },
	[PV_RECORD_LINK] = { "link", TRUE, 2 * PATH },
	[PV_RECORD_LAYER_DONE] = { "layer-done", TRUE, 2 * (2 + PV_DIGEST_BYTES_MAX) + 16 },
	[PV_RECORD_FILE_DONE] = { "file-done", TRUE, 0 },
	[PV_RECORD_FAILED] = { "failed", TRUE, 4 + TEXT(1) + 1 + 2 + PV_DIGEST_BYTES_MAX },
};

const PvRecordInfo *pv_record_info(guint type)
{
	return type < PV_RECORD_TYPES && infos[type].name ? &infos[type] : NULL;
}

void pv_record_start(GByteArray *record, PvRecordType type)
{
	guint8 header[PV_RECORD_HEADER_BYTES] = { (guint8)type };

	g_byte_array_set_size(record, 0);
	g_byte_array_append(record, header, sizeof(header));
}

static void put_number(GByteArray *record, guint64 value, guint bytes)
{
	guint8 raw[8];

	for (guint i = 0; i < bytes; i++)
		raw[i] = (guint8)(value >> (8 * i));
	g_byte_array_append(record, raw, bytes);
}

void pv_record_put_u8(GByteArray *record, guint8 value)
{
	put_number(record, value, 1);
}

void pv_record_put_u32(GByteArray *record, guint32 value)
{
	put_number(record, value, 4);
}

void pv_record_put_u64(GByteArray *record, guint64 value)
{
	put_number(record, value, 8);
}

void pv_record_put_text(GByteArray *record, const char *text)
{
	gsize size = strlen(text) + 1;

	put_number(record, size, 4);
	g_byte_array_append(record, (const guint8 *)text, (guint)size);
}

void pv_record_put_digest(GByteArray *record, const PvDigest *digest)
{
	put_number(record, (guint64)digest->hash, 1);
	put_number(record, digest->size, 1);
	g_byte_array_append(record, digest->raw, digest->size);
}

gboolean pv_record_end(GByteArray *record, GError **error)
{
	const PvRecordInfo *info = &infos[record->data[0]];
	gsize size = record->len - PV_RECORD_HEADER_BYTES;

	if (size > info->max_bytes)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "record %s: %zu bytes to send, at most %zu may be", info->name, size,
			       info->max_bytes);
	for (guint i = 0; i < 4; i++)
		record->data[1 + i] = (guint8)(size >> (8 * i));
	return TRUE;
}

static guint64 number_at(const guint8 *data, guint bytes)
{
	guint64 value = 0;

	for (guint i = bytes; i-- > 0;)
		value = value << 8 | data[i];
	return value;
}

gboolean pv_record_read_header(const guint8 *header, gboolean from_worker, guint *ret_type,
			       gsize *ret_size, GError **error)
{
	const PvRecordInfo *info = pv_record_info(header[0]);
	gsize size = (gsize)number_at(header + 1, 4);

	if (!info || info->from_worker != from_worker)
		return pv_fail(error, PV_ERROR_SYNTAX, "a record of type %u does not belong here",
			       header[0]);
	if (size > info->max_bytes)
		return pv_fail(error, PV_ERROR_LIMIT, "record %s: %zu bytes, at most %zu may be",
			       info->name, size, info->max_bytes);
	*ret_type = header[0];
	*ret_size = size;
	return TRUE;
}

static gboolean take(PvRecord *record, gsize size, const guint8 **ret_data, GError **error)
{
	if (size > record->size)
		return pv_fail(error, PV_ERROR_SYNTAX, "record %s: ends early",
			       infos[record->type].name);
	*ret_data = record->data;
	record->data += size;
	record->size -= size;
	return TRUE;
}

static gboolean get_number(PvRecord *record, guint bytes, guint64 *ret_value, GError **error)
{
	const guint8 *data = NULL;

	if (!take(record, bytes, &data, error))
		return FALSE;
	*ret_value = number_at(data, bytes);
	return TRUE;
}

gboolean pv_record_get_u8(PvRecord *record, guint8 *ret_value, GError **error)
{
	guint64 value = 0;

	if (!get_number(record, 1, &value, error))
		return FALSE;
	*ret_value = (guint8)value;
	return TRUE;
}

gboolean pv_record_get_u32(PvRecord *record, guint32 *ret_value, GError **error)
{
	guint64 value = 0;

	if (!get_number(record, 4, &value, error))
		return FALSE;
	*ret_value = (guint32)value;
	return TRUE;
}

gboolean pv_record_get_u64(PvRecord *record, guint64 *ret_value, GError **error)
{
	return get_number(record, 8, ret_value, error);
}

gboolean pv_record_get_text(PvRecord *record, const char **ret_text, GError **error)
{
	const guint8 *data = NULL;
	guint64 size = 0;

	if (!get_number(record, 4, &size, error) || !take(record, (gsize)size, &data, error))
		return FALSE;
	if (size == 0 || memchr(data, '\0', (gsize)size) != data + size - 1)
		return pv_fail(error, PV_ERROR_SYNTAX, "record %s: a text is not a text",
			       infos[record->type].name);
	*ret_text = (const char *)data;
	return TRUE;
}

gboolean pv_record_get_digest(PvRecord *record, PvDigest *ret_digest, GError **error)
{
	PvDigest digest = { 0 };
	guint8 hash = 0;
	const guint8 *data = NULL;

	if (!pv_record_get_u8(record, &hash, error) ||
	    !pv_record_get_u8(record, &digest.size, error))
		return FALSE;
	if (!(hash == PV_HASH_SHA256 && digest.size == 32) &&
	    !(hash == PV_HASH_SHA512 && digest.size == 64))
		return pv_fail(error, PV_ERROR_SYNTAX, "record %s: a digest of an unknown hash",
			       infos[record->type].name);
	digest.hash = (PvHash)hash;
	if (!take(record, digest.size, &data, error))
		return FALSE;
	memcpy(digest.raw, data, digest.size);
	*ret_digest = digest;
	return TRUE;
}

gboolean pv_record_done(const PvRecord *record, GError **error)
{
	if (record->size > 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "record %s: %zu bytes too many",
			       infos[record->type].name, record->size);
	return TRUE;
}
