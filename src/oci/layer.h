/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "crypto/digest.h"

/*
 * One layer, one pass: compressed bytes → digest → inflate → diff id → tar walk → sinks. A sink is
 * whoever wants to see the entries: the catalogers, the unpacker. Entries are already checked: a
 * path has no "..", no empty or NUL part, no leading slash, and at most the limits of limits.h.
 */

typedef enum {
	PV_TAR_FILE,
	PV_TAR_DIRECTORY,
	PV_TAR_SYMLINK,
	PV_TAR_HARDLINK,
	PV_TAR_CHARACTER,
	PV_TAR_BLOCK,
	PV_TAR_FIFO
} PvTarType;

typedef enum {
	PV_WHITEOUT_NONE,
	PV_WHITEOUT_FILE,  /* `.wh.NAME`: path is that of NAME, which the layer removes */
	PV_WHITEOUT_OPAQUE /* `.wh..wh..opq`: path is the directory whose lower content is hidden */
} PvWhiteout;

typedef struct {
	const char *name; /* "user.x"; from PAX SCHILY.xattr.* */
	const guint8 *value;
	gsize size;
} PvTarXattr;

typedef struct {
	PvTarType type;
	PvWhiteout whiteout;
	const char
		*path; /* from the root, without leading or trailing slash; "" is the root itself */
	const char
		*link; /* symlink: as stored; hard link: a checked path like @path; otherwise "" */
	guint64 size;  /* bytes of content; 0 unless a file */
	guint32 mode;  /* permission bits, 07777 at most */
	guint64 uid, gid;
	gint64 mtime; /* seconds */
	guint32 mtime_nanoseconds;
	guint32 device_major, device_minor;
	const PvTarXattr *xattrs;
	guint xattr_count;
} PvTarEntry;

typedef struct {
	/* Each entry; what it points to is valid until the sink's next call. */
	gboolean (*entry)(void *sink, const PvTarEntry *entry, GError **error);
	/* A file's content in pieces, after its entry if wants said so. */
	gboolean (*content)(void *sink, const guint8 *data, gsize size, GError **error);
	/* After the last piece of a file's content. */
	gboolean (*end)(void *sink, GError **error);
	/* TRUE if the sink wants the content of the entry it was just given; NULL wants all. */
	gboolean (*wants)(void *sink, const PvTarEntry *entry);
	void *sink;
} PvLayerSink;

typedef struct {
	PvDigest digest;  /* of the bytes as stored */
	PvDigest diff_id; /* of the tar */
	guint64 size;     /* bytes as stored */
	guint64 tar_size; /* bytes of tar */
	guint64 entries;
} PvLayerResult;

/**
 * pv_layer_read:
 * @fd: read with pread() from @offset, @size bytes
 * @media_type: a hint only; gzip and zstd are told by their magic, all else is a plain tar
 * @sinks: @sink_count of them; each sees every entry
 * @ret_result: (out): what the layer really is; the caller compares it with what was promised and
 * throws away all a sink made if it differs
 *
 * Errors: PV_ERROR_SYNTAX (a damaged archive), PV_ERROR_LIMIT, PV_ERROR_ESCAPE (a path that leaves
 * the root), PV_ERROR_IO, and whatever a sink returns.
 */
gboolean pv_layer_read(int fd, guint64 offset, guint64 size, const char *media_type,
		       const PvLayerSink *sinks, guint sink_count, PvLayerResult *ret_result,
		       GError **error);

/**
 * pv_layer_hash:
 *
 * Hashes the stored bytes only. After pv_layer_read() failed it tells a layer that is not the
 * promised one (say that) from one that was made damaged; it also serves digests other than
 * SHA-256.
 *
 * Errors: PV_ERROR_IO, PV_ERROR_LIMIT.
 */
gboolean pv_layer_hash(int fd, guint64 offset, guint64 size, PvHash hash, PvDigest *ret_digest,
		       GError **error);
