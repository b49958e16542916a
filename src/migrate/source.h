/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Where a Notary deployment is read from: its databases, live or dumped. A driver gives the rows of
 * one of Notary's tables (trust.md 10.1); what they mean is the importers' business. To add one,
 * write a PvMigrateDriver in a file of its own and a row in registry.c.
 */

/* One value; @data is NULL for SQL's NULL. Values live until the row function returns. */
typedef struct {
	const char *data;
	gsize size;
} PvMigrateField;

/* A table of Notary's; the last @optional_count of its columns may be missing (old schemas). */
typedef struct {
	const char *name;
	const char *const *columns;
	guint count, optional_count;
	const char *order; /* SQL: how a live database shall sort the rows: the newest first */
} PvMigrateTable;

enum {
	PV_FILE_GUN,
	PV_FILE_ROLE,
	PV_FILE_VERSION,
	PV_FILE_DATA,
	PV_FILE_SHA256,
	PV_FILE_CREATED,
	PV_FILE_DELETED
};
extern const PvMigrateTable pv_migrate_files;

enum { PV_CHANGE_CREATED, PV_CHANGE_GUN, PV_CHANGE_VERSION, PV_CHANGE_SHA256, PV_CHANGE_CATEGORY };
extern const PvMigrateTable pv_migrate_changes;

enum {
	PV_KEY_ROW_ID,
	PV_KEY_ROW_KEYWRAP,
	PV_KEY_ROW_ENCRYPTION,
	PV_KEY_ROW_ALGORITHM,
	PV_KEY_ROW_ALIAS,
	PV_KEY_ROW_PUBLIC,
	PV_KEY_ROW_PRIVATE,
	PV_KEY_ROW_GUN,
	PV_KEY_ROW_ROLE,
	PV_KEY_ROW_LAST_USED,
	PV_KEY_ROW_DELETED
};
extern const PvMigrateTable pv_migrate_keys;

#define PV_MIGRATE_COLUMNS_MAX 11

/**
 * PvMigrateRow:
 * @fields: one for each column of the table, untrusted; a missing optional column is NULL
 *
 * FALSE with an error ends the reading.
 */
typedef gboolean (*PvMigrateRow)(void *user_data, const PvMigrateField *fields, GError **error);

typedef struct {
	const char *name;
	const char *description;
	/* Is @source meant for this driver? @start: the first bytes of the file, if it is one. */
	gboolean (*matches)(const char *source, const char *start);
	gboolean (*read)(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			 void *user_data, GError **error);
} PvMigrateDriver;

extern const PvMigrateDriver pv_migrate_mysql, pv_migrate_postgres, pv_migrate_mysqldump,
	pv_migrate_pgdump;

/**
 * pv_migrate_read:
 * @source: mysql://USER@HOST:PORT/DATABASE, postgresql://…, or a file of mysqldump or pg_dump
 *
 * Calls @row for each row of @table.
 *
 * Errors: PV_ERROR_USAGE (no such source, a password in an address), PV_ERROR_NOT_FOUND,
 * PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNREACHABLE, PV_ERROR_IO, and what @row returns.
 */
gboolean pv_migrate_read(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			 void *user_data, GError **error);

/* The bytes of a value that PostgreSQL writes as \x and hexadecimal digits, in place. */
gboolean pv_migrate_decode_hex(char *text, gsize size, gsize *ret_size);
