/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What an import did. */
typedef struct {
	guint64 records; /* taken */
	guint64 skipped; /* refused, each with a call of the `refused` function */
} PvImportResult;

typedef struct {
	/* Says why a record was refused. May be NULL. */
	void (*refused)(void *data, const char *sentence);
	/* Says how many records there are so far. May be NULL. */
	void (*progress)(void *data, guint64 records);
	void *data;
} PvImportListener;

/**
 * pv_import:
 * @output: the database to make or replace
 * @sources: NULL-terminated: directories of *.json (searched in depth), .json files, and archives:
 * zip, tar, and tar compressed with gzip or zstd
 *
 * A broken record is refused and counted, the others are taken; a broken archive, or a source
 * without any record, ends the import and leaves @output as it was.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_IO.
 */
gboolean pv_import(const char *output, const char *const *sources, const PvImportListener *listener,
		   PvImportResult *ret_result, GError **error);
