/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "store/statements.h"
#include "store/store.h"

/*
 * A storage backend: a database that runs the statements of statements.h. Everything else (what a
 * publish is, retention, quotas, the pool of connections) is the same for all and not the driver's.
 * A connection is used by one thread at a time.
 */

typedef enum { PV_SQL_NULL, PV_SQL_INTEGER, PV_SQL_TEXT, PV_SQL_BYTES } PvSqlKind;

/* A parameter; borrowed for the call. */
typedef struct {
	PvSqlKind kind;
	gint64 integer;
	const void *data; /* of TEXT (ends in NUL) and BYTES */
	gsize size;
} PvSqlValue;

PvSqlValue pv_sql_integer(gint64 value);
PvSqlValue pv_sql_text(const char *text); /* NULL is NULL */
PvSqlValue pv_sql_bytes(const void *data, gsize size);
PvSqlValue pv_sql_digest(const PvDigest *digest);

/* A column of a result. */
typedef struct {
	gboolean is_null;
	gint64 integer; /* of a number */
	GBytes *bytes;  /* of text (ends in NUL, which is not counted) and bytes */
} PvSqlCell;

typedef struct {
	guint columns;
	GArray *cells;  /* of PvSqlCell, row by row */
	gint64 changed; /* rows that the statement made, changed or removed */
} PvSqlResult;

PvSqlCell pv_sql_cell_bytes(const void *data, gsize size); /* copies @data */

PvSqlResult *pv_sql_result_new(guint columns);
void pv_sql_result_free(PvSqlResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvSqlResult, pv_sql_result_free)
GPtrArray *pv_sql_results_new(void); /* of PvSqlResult, which it owns */

guint pv_sql_rows(const PvSqlResult *result);
gint64 pv_sql_get_integer(const PvSqlResult *result, guint row, guint column); /* 0 for NULL */
const char *pv_sql_get_text(const PvSqlResult *result, guint row, guint column);
GBytes *pv_sql_get_bytes(const PvSqlResult *result, guint row, guint column); /* may be NULL */

/* Errors: PV_ERROR_UNSUPPORTED, if @version is not PV_STORE_SCHEMA. */
gboolean pv_sql_check_schema(gint64 version, GError **error);

typedef struct {
	const char *name;        /* "sqlite" */
	const char *description; /* one line */
	/* TRUE if @location (what follows --store) is this backend's. */
	gboolean (*matches)(const char *location);
	/* What all connections share. */
	void *(*open)(const char *location, const char *directory, const PvStoreOptions *options,
		      GError **error);
	void (*close)(void *backend);
	guint (*connections)(void *backend); /* how many are of use */
	/*
	 * A failure of the connection, after which it is of no use any more, is
	 * PV_ERROR_UNREACHABLE; so is a transaction that the database broke off for another's sake:
	 * both may be tried again.
	 */
	void *(*connect)(void *backend, GError **error);
	void (*disconnect)(void *connection);
	gboolean (*is_usable)(void *connection);
	/* Makes the tables if there are none and checks their version, safe against others. */
	gboolean (*make_schema)(void *connection, GError **error);
	/* A transaction that writes. */
	gboolean (*begin)(void *connection, GError **error);
	gboolean (*commit)(void *connection, GError **error);
	void (*rollback)(void *connection);
	/* One statement; outside of a transaction it is one by itself. */
	PvSqlResult *(*query)(void *connection, PvStatement which, const PvSqlValue *values,
			      guint count, GError **error);
	/*
	 * A statement for each of @rows rows of @count values: all are sent before the first answer
	 * is awaited. Returns: (transfer full): one PvSqlResult for each.
	 */
	GPtrArray *(*query_many)(void *connection, PvStatement which, const PvSqlValue *values,
				 guint count, guint rows, GError **error);
	/*
	 * (nullable): NULL where nobody else writes. Waits @timeout_ms or until another service
	 * may have written; the first call begins to listen.
	 */
	gboolean (*wait)(void *connection, guint timeout_ms, GError **error);
} PvStoreDriver;

extern const PvStoreDriver *const pv_store_drivers[];
extern const gsize pv_store_drivers_count;

/* One driver a file; each has its row in registry.c. */
extern const PvStoreDriver pv_store_sqlite;
extern const PvStoreDriver pv_store_postgres;
