/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "base/limits.h"
#include "migrate/dump.h"

/* Inside the dump reader: words from dump_token.c, statements in dump.c, COPY in dump_copy.c. */

typedef enum {
	PV_TOKEN_END,
	PV_TOKEN_WORD,   /* a keyword, a bare name or a number */
	PV_TOKEN_NAME,   /* a quoted name */
	PV_TOKEN_STRING, /* '…', or 0x… decoded */
	PV_TOKEN_MARK,   /* any other character */
} PvToken;

typedef struct {
	const PvDumpDialect *dialect;
	PvDumpRead read;
	void *read_data;
	char *buffer;
	gsize at, end;
	int read_errno;
	guint64 line;
	PvToken token;
	GString *text; /* of the token */
	const PvMigrateTable *table;
	PvMigrateRow row;
	void *row_data;
	gboolean has_table;
	GPtrArray *columns; /* char*: of the table as CREATE TABLE, INSERT or COPY told it */
	/* The row being read: each wanted column's bytes. */
	GString *values[PV_MIGRATE_COLUMNS_MAX];
	gboolean is_set[PV_MIGRATE_COLUMNS_MAX];
} PvDump;

/* The next byte, -1 at the end. */
int pv_dump_get(PvDump *dump);
int pv_dump_peek(PvDump *dump);

/* Reads the next token. Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_IO. */
gboolean pv_dump_next(PvDump *dump, GError **error);

/* "line 12: " and what is wrong there. */
gboolean pv_dump_fail(const PvDump *dump, PvErrorCode code, const char *why, GError **error);

/* FALSE if @text would get longer than a value may be. */
gboolean pv_dump_append(GString *text, int byte);

/*
 * Takes what is in the buffer up to @one, @other or the end of a line, all at once: a value is many
 * plain bytes. FALSE as above.
 */
gboolean pv_dump_append_plain(PvDump *dump, GString *text, char one, char other);

/* The index in the table of column @position of the dump, or -1 for one that is not wanted. */
int pv_dump_wanted(const PvDump *dump, guint position);
gboolean pv_dump_check_columns(const PvDump *dump, GError **error);
void pv_dump_start_row(PvDump *dump);
gboolean pv_dump_end_row(PvDump *dump, GError **error);

/* The lines after COPY … FROM stdin; */
gboolean pv_dump_copy_rows(PvDump *dump, GError **error);
