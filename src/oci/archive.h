/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/image.h"

/*
 * The outer tar of a docker or OCI archive, as a table of contents: where each file's bytes are.
 * Nothing is unpacked. Layers inside are read by oci/layer.
 */
typedef struct PvArchive PvArchive;

/**
 * pv_archive_open:
 * @fd: (transfer full): a regular file, closed with the archive, also on failure
 * @name: for messages
 *
 * Walks the headers. Entries that are no file, hard link or symbolic link are left out; of two of
 * one name the later counts.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_IO.
 */
PvArchive *pv_archive_open(int fd, const char *name, GError **error);

/**
 * pv_archive_open_path:
 */
PvArchive *pv_archive_open_path(const char *path, GError **error);

/**
 * pv_archive_open_stream:
 *
 * Spools a pipe to an unlinked file below TMPDIR (/var/tmp), PV_ARCHIVE_BYTES_MAX at most.
 */
PvArchive *pv_archive_open_stream(int fd, GError **error);

void pv_archive_free(PvArchive *archive);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvArchive, pv_archive_free)

/**
 * pv_archive_find:
 * @path: "blobs/sha256/…"; links inside the archive are followed
 *
 * Returns: TRUE and the bytes, whose fd stays the archive's; FALSE if there is no such file.
 */
gboolean pv_archive_find(const PvArchive *archive, const char *path, PvBlobRange *ret_range);

/**
 * pv_archive_read:
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_LIMIT, PV_ERROR_IO.
 *
 * Returns: (transfer full): a whole file, unverified.
 */
GBytes *pv_archive_read(const PvArchive *archive, const char *path, gsize max_bytes,
			GError **error);

/**
 * pv_archive_read_range:
 *
 * Returns: (transfer full): all bytes of a range whose size the caller has checked.
 */
GBytes *pv_archive_read_range(const PvBlobRange *range, const char *what, GError **error);
