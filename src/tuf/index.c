/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The index's bytes (tuf/index.h says what it is for): a header, each role's entry, and the sha256
 * of all that. Numbers are in the machine's byte order, since an index never leaves its machine; a
 * foreign one fails at the header.
 */

#include "tuf/index.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define MAGIC      "Pavise index 2\n"
#define ORDER      ((guint32)0x01020304)
#define KEY_ID_HEX 64

void pv_index_entry_free(PvIndexEntry *entry)
{
	if (!entry)
		return;
	g_free(entry->role);
	g_clear_pointer(&entry->proven, g_hash_table_unref);
	pv_target_places_free(entry->places);
	g_free(entry);
}

GHashTable *pv_index_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				     (GDestroyNotify)pv_index_entry_free);
}

/* --- writing ------------------------------------------------------------------------------ */

static void put(GByteArray *to, const void *data, gsize size)
{
	g_byte_array_append(to, data, (guint)size);
}

static void put_u32(GByteArray *to, guint32 value)
{
	put(to, &value, sizeof value);
}

static void put_text(GByteArray *to, const char *text)
{
	put_u32(to, (guint32)strlen(text));
	put(to, text, strlen(text));
}

static void put_places(GByteArray *to, const PvTargetPlaces *places)
{
	put_u32(to, places->start);
	put_u32(to, places->end);
	put_u32(to, places->members->len);
	put(to, places->members->data, places->members->len * sizeof(PvTargetPlace));
}

static void put_entry(GByteArray *to, const PvIndexEntry *entry)
{
	GHashTableIter iter;
	void *id;

	put_text(to, entry->role);
	put(to, &entry->stamp, sizeof entry->stamp);
	put(to, &entry->checked_ns, sizeof entry->checked_ns);
	put(to, &entry->file.length, sizeof entry->file.length);
	put(to, entry->file.sha256.raw, 32);
	put_u32(to, entry->file.sha512.size);
	put(to, entry->file.sha512.raw, 64);
	put_u32(to, g_hash_table_size(entry->proven));
	g_hash_table_iter_init(&iter, entry->proven);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		put_text(to, id);
	put_u32(to, entry->places != NULL);
	if (entry->places)
		put_places(to, entry->places);
}

GBytes *pv_index_write(GHashTable *entries)
{
	GByteArray *to = g_byte_array_new();
	GHashTableIter iter;
	PvIndexEntry *entry;
	PvDigest sum;

	put(to, MAGIC, sizeof MAGIC);
	put_u32(to, ORDER);
	put_u32(to, g_hash_table_size(entries));
	g_hash_table_iter_init(&iter, entries);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&entry))
		put_entry(to, entry);
	sum = pv_digest_of(PV_HASH_SHA256, to->data, to->len);
	put(to, sum.raw, sum.size);
	return g_byte_array_free_to_bytes(to);
}

/* --- reading ------------------------------------------------------------------------------ */

typedef struct {
	const guint8 *at, *end;
	GError **error;
} Reader;

static gboolean take(Reader *in, void *ret_data, gsize size)
{
	if ((gsize)(in->end - in->at) < size)
		return pv_fail(in->error, PV_ERROR_SYNTAX, "the index is cut off");
	memcpy(ret_data, in->at, size);
	in->at += size;
	return TRUE;
}

/* A count of things of at least @size bytes each: not more than can follow. */
static gboolean take_count(Reader *in, gsize size, guint32 max, guint32 *ret_count)
{
	guint32 count;

	if (!take(in, &count, sizeof count))
		return FALSE;
	if (count > max || count > (gsize)(in->end - in->at) / size)
		return pv_fail(in->error, PV_ERROR_LIMIT, "the index counts %u of something",
			       count);
	*ret_count = count;
	return TRUE;
}

static char *take_text(Reader *in, guint32 max)
{
	g_autofree char *text = NULL;
	guint32 length;

	if (!take_count(in, 1, max, &length))
		return NULL;
	text = g_malloc0(length + 1);
	if (!take(in, text, length))
		return NULL;
	if (strlen(text) != length)
		return pv_fail_null(in->error, PV_ERROR_SYNTAX, "a NUL in the index");
	return g_steal_pointer(&text);
}

static gboolean take_proven(Reader *in, PvIndexEntry *entry)
{
	guint32 count;

	entry->proven = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!take_count(in, sizeof count, PV_KEYS_MAX, &count))
		return FALSE;
	for (guint32 i = 0; i < count; i++) {
		char *id = take_text(in, KEY_ID_HEX);

		if (!id)
			return FALSE;
		g_hash_table_add(entry->proven, id);
	}
	return TRUE;
}

/* Each place inside the braces, behind the one before it, and of a size that is looked at. */
static gboolean check_places(Reader *in, const PvIndexEntry *entry)
{
	const PvTargetPlaces *places = entry->places;
	guint64 end = (guint64)places->start + 1;

	if (entry->stamp.size != entry->file.length || places->end > entry->file.length ||
	    end + 1 > places->end)
		return pv_fail(in->error, PV_ERROR_SYNTAX, "the index points outside its file");
	for (guint i = 0; i < places->members->len; i++) {
		const PvTargetPlace *place = &g_array_index(places->members, PvTargetPlace, i);

		if (place->at < end || place->size > PV_INDEX_MEMBER_BYTES_MAX)
			return pv_fail(in->error, PV_ERROR_SYNTAX, "the index is out of order");
		end = (guint64)place->at + place->size;
	}
	return end < places->end ||
	       pv_fail(in->error, PV_ERROR_SYNTAX, "the index points outside its targets");
}

static gboolean take_places(Reader *in, PvIndexEntry *entry)
{
	PvTargetPlaces *places = entry->places = pv_target_places_new(0);
	guint32 count;

	if (!take(in, &places->start, sizeof places->start) ||
	    !take(in, &places->end, sizeof places->end) ||
	    !take_count(in, sizeof(PvTargetPlace), PV_TARGETS_MAX, &count))
		return FALSE;
	g_array_append_vals(places->members, in->at, count);
	in->at += count * sizeof(PvTargetPlace);
	return check_places(in, entry);
}

static PvIndexEntry *take_entry(Reader *in)
{
	g_autoptr(PvIndexEntry) entry = g_new0(PvIndexEntry, 1);
	guint32 has_sha512, has_places;
	PvRoleKind kind;

	entry->role = take_text(in, PV_ROLE_NAME_BYTES_MAX);
	if (!entry->role || !pv_role_kind(entry->role, &kind, in->error) ||
	    !take(in, &entry->stamp, sizeof entry->stamp) ||
	    !take(in, &entry->checked_ns, sizeof entry->checked_ns) ||
	    !take(in, &entry->file.length, sizeof entry->file.length) ||
	    !take(in, entry->file.sha256.raw, 32) || !take(in, &has_sha512, sizeof has_sha512) ||
	    !take(in, entry->file.sha512.raw, 64) || !take_proven(in, entry) ||
	    !take(in, &has_places, sizeof has_places) || (has_places && !take_places(in, entry)))
		return NULL;
	if (entry->file.length > PV_METADATA_BYTES_MAX)
		return pv_fail_null(in->error, PV_ERROR_LIMIT, "the index is of a file too long");
	entry->file.sha256.hash = PV_HASH_SHA256;
	entry->file.sha256.size = 32;
	entry->file.sha512.hash = PV_HASH_SHA512;
	entry->file.sha512.size = has_sha512 ? 64 : 0;
	return g_steal_pointer(&entry);
}

/* Leaves in @in what is between the header and the sum. */
static gboolean open_index(Reader *in, guint32 *ret_count)
{
	gsize size = (gsize)(in->end - in->at);
	char magic[sizeof MAGIC];
	guint32 order;
	PvDigest sum;

	if (size < 32)
		return pv_fail(in->error, PV_ERROR_SYNTAX, "the index is cut off");
	sum = pv_digest_of(PV_HASH_SHA256, in->at, size - 32);
	if (memcmp(sum.raw, in->end - 32, 32) != 0)
		return pv_fail(in->error, PV_ERROR_SYNTAX, "the index is damaged");
	in->end -= 32;
	if (!take(in, magic, sizeof magic) || !take(in, &order, sizeof order))
		return FALSE;
	if (memcmp(magic, MAGIC, sizeof magic) != 0 || order != ORDER)
		return pv_fail(in->error, PV_ERROR_SYNTAX, "an index of another form");
	return take_count(in, 1, PV_DELEGATIONS_MAX + 3, ret_count);
}

GHashTable *pv_index_parse(GBytes *bytes, GError **error)
{
	g_autoptr(GHashTable) entries = pv_index_new();
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);
	Reader in = { data, data + size, error };
	guint32 count;

	if (!open_index(&in, &count))
		return NULL;
	for (guint32 i = 0; i < count; i++) {
		PvIndexEntry *entry = take_entry(&in);

		if (!entry)
			return NULL;
		g_hash_table_replace(entries, entry->role, entry);
	}
	if (in.at != in.end)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "bytes behind the index");
	return g_steal_pointer(&entries);
}
