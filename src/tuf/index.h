/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/metadata.h"

/*
 * The index of the remembered metadata: what was verified once is not parsed, canonicalised and
 * hashed again, so that a repository of 10,000 tags answers a look-up like one of 10.
 *
 * For each role that was verified it holds
 *   - which file it was made from: sha256, sha512 and length;
 *   - the ids of the keys whose signatures on that file were found good;
 * and of a large targets role also
 *   - the file's stamp on disk;
 *   - where in that file each target stands.
 *
 * What it is trusted for is little. Root, timestamp and snapshot are read and hashed every time,
 * and the snapshot says which targets file is the right one, by hash; an index of another file does
 * not count. Digest, length, version, expiry, keys and delegations are read from the metadata
 * itself: the index only says where. It is believed in two things alone: that the signatures were
 * good, and that a targets file whose stamp has not changed has not changed (as git believes of its
 * index; a file that was touched just before it was looked at is hashed again: PV_INDEX_SETTLE_MS).
 * Both lie in the user's trust directory, beside the root from which all trust comes: who can write
 * the index can replace that root. It ends with its own sha256, so that a torn or damaged one is
 * not used, but made anew.
 */

/* What fstat(2) tells of a file that changes whenever its content is written. */
typedef struct {
	guint64 device, inode, size;
	gint64 modified_ns, changed_ns;
} PvFileStamp;

gboolean pv_file_stamp(int fd, PvFileStamp *ret_stamp);

/*
 * FALSE if the file may have been written once more in the same tick of the clock after it was
 * looked at, at @looked_at_ns since 1970.
 */
gboolean pv_file_stamp_is_settled(const PvFileStamp *stamp, gint64 looked_at_ns);

typedef struct {
	char *role;
	PvFileStamp stamp; /* zero, as @checked_ns, without @places */
	gint64 checked_ns; /* when the file of that stamp was found to have these hashes */
	PvFileMeta file;
	GHashTable *proven;     /* set of char*: key ids */
	PvTargetPlaces *places; /* of the targets; NULL of other roles and of small ones */
} PvIndexEntry;

void pv_index_entry_free(PvIndexEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvIndexEntry, pv_index_entry_free)

/**
 * pv_index_parse:
 * @bytes: untrusted
 *
 * Every place lies inside its file and inside the braces of `targets`. Errors: PV_ERROR_SYNTAX,
 * PV_ERROR_LIMIT.
 *
 * Returns: (transfer full): role → PvIndexEntry.
 */
GHashTable *pv_index_parse(GBytes *bytes, GError **error);

GHashTable *pv_index_new(void); /* role → PvIndexEntry, empty */

/* (transfer full): the bytes of an index of role → PvIndexEntry. */
GBytes *pv_index_write(GHashTable *entries);

/**
 * pv_index_entry_is_of:
 * @fd: the role's file, open for reading
 * @now_ns: since 1970
 *
 * TRUE if the file is still the one of the entry: by its stamp, or, if that has changed or is too
 * young to be relied on, by its hash. @ret_renewed (out): the stamp and the time in the entry were
 * set anew, so that the index is worth storing.
 */
gboolean pv_index_entry_is_of(PvIndexEntry *entry, int fd, gint64 now_ns, gboolean *ret_renewed);

/**
 * pv_index_skeleton:
 *
 * Reads the role's metadata without its targets, from the two ends of its file. `files` is empty,
 * `known` and `proven` are the entry's.
 */
PvMetadata *pv_index_skeleton(const PvIndexEntry *entry, int fd, GError **error);

/**
 * pv_index_find:
 * @ret_meta: (out) (nullable): what the file says of target @name; NULL if it has none
 *
 * FALSE with PV_ERROR_SYNTAX if the file is not as the entry says.
 */
gboolean pv_index_find(const PvIndexEntry *entry, int fd, const char *name, PvFileMeta **ret_meta,
		       GError **error);
