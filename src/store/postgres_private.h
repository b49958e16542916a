/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <libpq-fe.h>

#include "store/driver.h"

/* What the parts of the PostgreSQL driver share. */

#define PV_POSTGRES_GRACE_MS 5000 /* beyond the statement timeout, for the network */

typedef struct {
	PGconn *pg;
	guint timeout_ms;
	gboolean broken; /* an answer is missing: what comes next would be taken for it */
	gboolean listening;
	gboolean prepared[PV_SQL_STATEMENTS];
} PvPostgres; /* one connection */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)

/* FALSE with PV_ERROR_UNREACHABLE; the connection is of no use any more. */
gboolean pv_postgres_fail_lost(PvPostgres *connection, GError **error);
/* FALSE with what @result says; PV_ERROR_UNREACHABLE if it may be tried again. */
gboolean pv_postgres_fail_result(PvPostgres *connection, const PGresult *result, GError **error);

/* Until the socket can be read (or written, if @writing), at most until @until_us. */
gboolean pv_postgres_wait(PvPostgres *connection, gboolean writing, gint64 until_us);
/* When an exchange that begins now has to be over. */
gint64 pv_postgres_deadline(const PvPostgres *connection);

/* (transfer full): the next result; NULL without an error at the end of a statement's results. */
PGresult *pv_postgres_next_result(PvPostgres *connection, gint64 until_us, GError **error);
/* (transfer full): the first of all results of what was sent. */
PGresult *pv_postgres_only_result(PvPostgres *connection, GError **error);
gboolean pv_postgres_is_good(const PGresult *result);

/* (transfer full): the first result of constant text, good. */
PGresult *pv_postgres_execute(PvPostgres *connection, const char *sql, GError **error);
gboolean pv_postgres_run(PvPostgres *connection, const char *sql, GError **error);

/* As PvStoreDriver says. */
PvSqlResult *pv_postgres_query(void *connection, PvStatement which, const PvSqlValue *values,
			       guint count, GError **error);
GPtrArray *pv_postgres_query_many(void *connection, PvStatement which, const PvSqlValue *values,
				  guint count, guint rows, GError **error);
