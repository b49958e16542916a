/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One exchange with PostgreSQL: what was sent, waited for with a deadline, and what came back or why
 * nothing did. Nothing here blocks for longer, whatever the server or the network does.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/error.h"
#include "store/postgres_private.h"

gboolean pv_postgres_fail_lost(PvPostgres *connection, GError **error)
{
	g_autofree char *why = g_strdup(PQerrorMessage(connection->pg));
	char *end = strchr(why, '\n');

	if (end)
		*end = '\0';
	connection->broken = TRUE;
	return pv_fail(error, PV_ERROR_UNREACHABLE, "the connection to PostgreSQL is lost: %s",
		       *why ? why : "no answer in time");
}

/*
 * What may be tried again (SQLSTATE): the connection is gone (08), the server stops or starts (57P),
 * has no room (53), or broke this transaction off for another's sake (40, 55P03).
 */
static gboolean is_passing(const char *state)
{
	static const char *const prefixes[] = { "08", "57P", "53300", "40", "55P03", "25P03" };

	for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
		if (g_str_has_prefix(state, prefixes[i]))
			return TRUE;
	}
	return FALSE;
}

gboolean pv_postgres_fail_result(PvPostgres *connection, const PGresult *result, GError **error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *why = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (!state || PQstatus(connection->pg) != CONNECTION_OK)
		return pv_postgres_fail_lost(connection, error);
	return pv_fail(error, is_passing(state) ? PV_ERROR_UNREACHABLE : PV_ERROR_IO,
		       "PostgreSQL refused: %s (%s)", why ? why : "no reason given", state);
}

/* --- waiting ------------------------------------------------------------------------------ */

/* Until the socket can be read (or written, if @writing), at most until @until_us. */
gboolean pv_postgres_wait(PvPostgres *connection, gboolean writing, gint64 until_us)
{
	struct pollfd wanted = { PQsocket(connection->pg), POLLIN, 0 };
	int ready;

	if (writing)
		wanted.events |= POLLOUT;
	do {
		gint64 left = until_us - g_get_monotonic_time();

		ready = left > 0 ? poll(&wanted, 1, (int)(left / 1000) + 1) : 0;
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

gint64 pv_postgres_deadline(const PvPostgres *connection)
{
	return g_get_monotonic_time() +
	       ((gint64)connection->timeout_ms + PV_POSTGRES_GRACE_MS) * 1000;
}

/* Waits until PQgetResult() will not block. */
static gboolean await(PvPostgres *connection, gint64 until_us, GError **error)
{
	while (!connection->broken) {
		int unsent = PQflush(connection->pg);

		if (unsent < 0)
			break;
		if (unsent == 0 && !PQisBusy(connection->pg))
			return TRUE;
		if (!pv_postgres_wait(connection, unsent > 0, until_us) ||
		    !PQconsumeInput(connection->pg))
			break;
	}
	return pv_postgres_fail_lost(connection, error);
}

/* (transfer full): the next result; NULL without an error at the end of a statement's results. */
PGresult *pv_postgres_next_result(PvPostgres *connection, gint64 until_us, GError **error)
{
	if (!await(connection, until_us, error))
		return NULL;
	return PQgetResult(connection->pg);
}

/* Reads all results of what was sent; the first one is returned. */
PGresult *pv_postgres_only_result(PvPostgres *connection, GError **error)
{
	gint64 until = pv_postgres_deadline(connection);
	g_autoptr(GError) failure = NULL;
	PGresult *first = pv_postgres_next_result(connection, until, &failure), *more;

	while (!failure && (more = pv_postgres_next_result(connection, until, &failure)))
		PQclear(more);
	if (failure) {
		PQclear(first);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (!first)
		pv_postgres_fail_lost(connection, error);
	return first;
}

gboolean pv_postgres_is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* (transfer full): the first result of constant text, good. */
PGresult *pv_postgres_execute(PvPostgres *connection, const char *sql, GError **error)
{
	g_autoptr(PGresult) result = NULL;

	if (connection->broken || !PQsendQuery(connection->pg, sql))
		return pv_postgres_fail_lost(connection, error), NULL;
	result = pv_postgres_only_result(connection, error);
	if (result && !pv_postgres_is_good(result)) {
		pv_postgres_fail_result(connection, result, error);
		return NULL;
	}
	return g_steal_pointer(&result);
}

gboolean pv_postgres_run(PvPostgres *connection, const char *sql, GError **error)
{
	g_autoptr(PGresult) result = pv_postgres_execute(connection, sql, error);

	return result != NULL;
}
