/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The index beside the file it was made from (tuf/index.h): is it still that file, and what does
 * the file say at the places the index names? Only pieces of the file are read, with pread(2): a
 * file that shrinks meanwhile is an error and no fault of memory.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/index.h"

#define NS_IN_MS G_GINT64_CONSTANT(1000000)
#define NS_IN_S  G_GINT64_CONSTANT(1000000000)

static gint64 ns_of(struct timespec time)
{
	return time.tv_sec * NS_IN_S + time.tv_nsec;
}

gboolean pv_file_stamp(int fd, PvFileStamp *ret_stamp)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return FALSE;
	*ret_stamp = (PvFileStamp){ .device = st.st_dev,
				    .inode = st.st_ino,
				    .size = (guint64)st.st_size,
				    .modified_ns = ns_of(st.st_mtim),
				    .changed_ns = ns_of(st.st_ctim) };
	return TRUE;
}

static gboolean read_at(int fd, guint8 *to, gsize size, gsize at, GError **error)
{
	while (size > 0) {
		ssize_t got = pread(fd, to, size, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pv_fail_errno(error, errno, "cannot read metadata");
		if (got == 0)
			return pv_fail(error, PV_ERROR_SYNTAX, "metadata is shorter than it was");
		to += got;
		at += (gsize)got;
		size -= (gsize)got;
	}
	return TRUE;
}

/* Piece by piece, so that no memory has to be filled. */
static gboolean has_hash(int fd, const PvFileMeta *file)
{
	g_autoptr(PvHasher) hasher = pv_hasher_new(PV_HASH_SHA256);
	guint8 piece[64 * PV_KIB];
	PvDigest found;

	for (gsize at = 0; at < file->length; at += sizeof piece) {
		gsize size = MIN(sizeof piece, file->length - at);

		if (!read_at(fd, piece, size, at, NULL))
			return FALSE;
		pv_hasher_feed(hasher, piece, size);
	}
	found = pv_hasher_finish(g_steal_pointer(&hasher));
	return pv_digest_equal(&found, &file->sha256);
}

/*
 * How long a stamp may stay the same while the file changes. Stamps go with the kernel's tick, every 10 ms
 * at the most; some file systems keep whole seconds only, or every second one.
 */
static gint64 tick_ns(const PvFileStamp *stamp)
{
	gboolean is_coarse = stamp->changed_ns % NS_IN_S == 0 || stamp->modified_ns % NS_IN_S == 0;

	return (is_coarse ? PV_INDEX_SETTLE_COARSE_MS : PV_INDEX_SETTLE_MS) * NS_IN_MS;
}

gboolean pv_file_stamp_is_settled(const PvFileStamp *stamp, gint64 checked_ns)
{
	gint64 latest = checked_ns - tick_ns(stamp);

	return stamp->changed_ns <= latest && stamp->modified_ns <= latest;
}

gboolean pv_index_entry_is_of(PvIndexEntry *entry, int fd, gint64 now_ns, gboolean *ret_renewed)
{
	PvFileStamp stamp;
	gboolean same;

	if (!pv_file_stamp(fd, &stamp) || stamp.size != entry->file.length)
		return FALSE;
	same = memcmp(&stamp, &entry->stamp, sizeof stamp) == 0;
	if (same && pv_file_stamp_is_settled(&stamp, entry->checked_ns))
		return TRUE;
	if (!has_hash(fd, &entry->file))
		return FALSE;
	if (!same || pv_file_stamp_is_settled(&stamp, now_ns)) {
		entry->stamp = stamp;
		entry->checked_ns = now_ns;
		*ret_renewed = TRUE;
	}
	return TRUE;
}

PvMetadata *pv_index_skeleton(const PvIndexEntry *entry, int fd, GError **error)
{
	gsize head = (gsize)entry->places->start + 1, foot = (gsize)entry->places->end - 1;
	gsize rest = entry->file.length - foot;
	guint8 *text = g_malloc(head + rest);
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, head + rest);
	PvMetadata *metadata;

	if (!read_at(fd, text, head, 0, error) || !read_at(fd, text + head, rest, foot, error))
		return NULL;
	metadata = pv_metadata_parse_known(entry->role, bytes, error);
	if (!metadata)
		return NULL;
	g_clear_pointer(&metadata->file, g_bytes_unref);
	g_clear_pointer(&metadata->canonical, g_bytes_unref);
	metadata->known = pv_file_meta_copy(&entry->file);
	metadata->proven = g_hash_table_ref(entry->proven);
	return metadata;
}

/* --- finding a target ----------------------------------------------------------------------- */

static const PvTargetPlace *place_of(const PvIndexEntry *entry, guint index)
{
	return &g_array_index(entry->places->members, PvTargetPlace, index);
}

/* What stands at a place, with its name; the bytes around it must be those around a member. */
static PvFileMeta *target_at(const PvIndexEntry *entry, int fd, guint index, char **ret_name,
			     GError **error)
{
	const PvTargetPlace *place = place_of(entry, index);
	g_autofree guint8 *text = g_malloc((gsize)place->size + 2);
	const guint8 *around = text + place->size + 1;

	if (!read_at(fd, text, (gsize)place->size + 2, (gsize)place->at - 1, error))
		return NULL;
	if (!strchr("{, \t\r\n", text[0]) || !strchr("}, \t\r\n", *around) || !text[0] || !*around)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "no target stands where one should");
	return pv_target_parse((const char *)text + 1, place->size, ret_name, error);
}

/* TRUE if between two neighbours, or one and a brace, nothing is left out. */
static gboolean is_adjacent(const PvIndexEntry *entry, int fd, guint after)
{
	const PvTargetPlaces *places = entry->places;
	gsize from = (gsize)places->start + 1, to = (gsize)places->end - 1;
	gsize commas = after > 0 && after < places->members->len;
	guint8 between[2];

	if (after > 0)
		from = (gsize)place_of(entry, after - 1)->at + place_of(entry, after - 1)->size;
	if (after < places->members->len)
		to = place_of(entry, after)->at;
	if (to - from != commas)
		return FALSE;
	return commas == 0 || (read_at(fd, between, 1, from, NULL) && between[0] == ',');
}

gboolean pv_index_find(const PvIndexEntry *entry, int fd, const char *name, PvFileMeta **ret_meta,
		       GError **error)
{
	guint low = 0, high = entry->places->members->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		g_autofree char *found = NULL;
		g_autoptr(PvFileMeta) meta = target_at(entry, fd, middle, &found, error);
		int order;

		if (!meta)
			return FALSE;
		order = strcmp(name, found);
		if (order == 0) {
			*ret_meta = g_steal_pointer(&meta);
			return TRUE;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	if (!is_adjacent(entry, fd, low))
		return pv_fail(error, PV_ERROR_SYNTAX, "something stands between two targets");
	*ret_meta = NULL;
	return TRUE;
}
