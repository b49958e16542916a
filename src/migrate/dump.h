/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "migrate/source.h"

/* A plain-text dump, read as a stream: of SQL only what mysqldump and pg_dump write is known. */

/* What differs between the two. */
typedef struct {
	gboolean has_backslashes; /* escapes in '…' */
	gboolean has_hash_comments;
	gboolean has_copy;  /* COPY … FROM stdin, lines that start with a backslash, $…$ */
	gboolean has_bytea; /* values of bytes are written \x and digits */
} PvDumpDialect;

extern const PvDumpDialect pv_dump_mysql, pv_dump_postgres;

/* Gives the next bytes, at most @size; 0 at the end, -1 with errno set. */
typedef gssize (*PvDumpRead)(void *data, char *buffer, gsize size);

/**
 * pv_dump_rows:
 * @read: where the untrusted text comes from
 *
 * Calls @row for each row of @table. Errors: PV_ERROR_SYNTAX and PV_ERROR_LIMIT with the line,
 * PV_ERROR_NOT_FOUND (no such table in it), PV_ERROR_IO.
 */
gboolean pv_dump_rows(const PvDumpDialect *dialect, PvDumpRead read, void *data,
		      const PvMigrateTable *table, PvMigrateRow row, void *user_data,
		      GError **error);

/* As pv_dump_rows(), of the file @path. */
gboolean pv_dump_file_rows(const PvDumpDialect *dialect, const char *path,
			   const PvMigrateTable *table, PvMigrateRow row, void *user_data,
			   GError **error);
