/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/tar.h"

/* The parts of the tar reader: tar.c walks, tar_header.c reads a block, tar_pax.c extensions,
 * tar_name.c names. */

#define PV_TAR_BLOCK_BYTES 512 /* bytes: all in a tar is a multiple of it */

/* One header block, read but not yet joined with its extensions. */
typedef struct {
	char type;
	char name[257]; /* prefix and name joined */
	char link[101];
	guint64 size, uid, gid;
	gint64 mtime;
	guint32 mode, device_major, device_minor;
} PvTarHeader;

/**
 * pv_tar_header_read:
 * @block: PV_TAR_BLOCK_BYTES bytes, not all zero
 */
gboolean pv_tar_header_read(const guint8 *block, PvTarHeader *ret_header, GError **error);

/* What a PAX header says of the next entry. Texts point into the bytes it was read from. */
typedef struct {
	const char *path, *link; /* NULL if not told */
	gboolean has_size, has_uid, has_gid, has_mtime;
	guint64 size, uid, gid;
	gint64 mtime;
	guint32 mtime_nanoseconds;
	GArray *xattrs; /* of PvTarXattr */
} PvTarPax;

/**
 * pv_tar_pax_read:
 * @text: @size bytes, written to: keys and values get a NUL at their end
 * @global: TRUE for a 'g' header: it must not say what would change an entry's name or length
 * @pax: (out): cleared, then filled; its array is kept
 */
gboolean pv_tar_pax_read(char *text, gsize size, gboolean global, PvTarPax *pax, GError **error);

/**
 * pv_tar_name_clean:
 * @name: as stored
 * @what: for messages: "a name"
 * @ret_path: (out): PV_TAR_PATH_BYTES_MAX bytes: without leading and trailing slashes and
 * without "." and empty parts; "" is the root
 *
 * Errors: PV_ERROR_SYNTAX (an empty name), PV_ERROR_ESCAPE (a ".." part), PV_ERROR_LIMIT.
 */
gboolean pv_tar_name_clean(const char *name, const char *what, char *ret_path, GError **error);

/**
 * pv_tar_name_whiteout:
 * @path: (inout): a clean path; of a whiteout it becomes the path that is hidden
 * @ret_skip: (out): TRUE for aufs' own files, which are not part of the image
 */
gboolean pv_tar_name_whiteout(char *path, PvWhiteout *ret_whiteout, gboolean *ret_skip,
			      GError **error);
