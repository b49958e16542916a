/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PostgreSQL by libpq, and what speaks its protocol. Several services may use one database. Every
 * exchange has a deadline here, beside the statement timeout at the server: a server that hangs or
 * a network that swallows packets costs seconds and not for ever. A location may hold a password, so
 * no error text repeats it; the server's own words do not contain it.
 */

#include <string.h>

#include "base/error.h"
#include "store/postgres_private.h"

#define CONNECT_S "5"
#define CHANNEL   "pavise_trust"
#define SCHEMA_LOCK \
	"7085762650301" /* any number nobody else has: makers of the schema queue here */

typedef struct {
	char *location;
	guint connections, timeout_ms;
} Backend;

static gboolean matches(const char *location)
{
	return g_str_has_prefix(location, "postgresql://") ||
	       g_str_has_prefix(location, "postgres://");
}

static void *open_backend(const char *location, const char *directory,
			  const PvStoreOptions *options, GError **error)
{
	PQconninfoOption *parsed = PQconninfoParse(location, NULL);
	Backend *backend;

	if (!parsed)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "the store's address is no connection URI; expected "
				    "postgresql://USER@HOST:PORT/DATABASE?PARAMETER=VALUE");
	PQconninfoFree(parsed);
	backend = g_new0(Backend, 1);
	backend->location = g_strdup(location);
	backend->connections = options->connections;
	backend->timeout_ms = options->statement_timeout_ms;
	return backend;
}

static void close_backend(void *data)
{
	Backend *backend = data;

	explicit_bzero(backend->location, strlen(backend->location));
	g_free(backend->location);
	g_free(backend);
}

static guint connections(void *backend)
{
	return ((Backend *)backend)->connections;
}

/* --- connections -------------------------------------------------------------------------- */

static void disconnect(void *data)
{
	PvPostgres *connection = data;

	PQfinish(connection->pg);
	g_free(connection);
}

/* What this session needs whatever the server's configuration says. */
static gboolean set_session(PvPostgres *connection, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"SET statement_timeout = %u; SET lock_timeout = %u;"
		"SET idle_in_transaction_session_timeout = %u; SET client_min_messages = error;"
		"SELECT set_config('synchronous_commit', 'on', false)"
		" WHERE current_setting('synchronous_commit') = 'off'",
		connection->timeout_ms, connection->timeout_ms / 2,
		connection->timeout_ms + PV_POSTGRES_GRACE_MS);

	return pv_postgres_run(connection, sql, error);
}

static void *connect_backend(void *data, GError **error)
{
	/* What stands before dbname is a default that the URI may change. */
	static const char *const names[] = { "fallback_application_name", "connect_timeout",
					     "target_session_attrs",      "keepalives_idle",
					     "tcp_user_timeout",          "dbname",
					     "client_encoding",           NULL };
	const Backend *backend = data;
	const char *const values[] = { "pavise", CONNECT_S,         "read-write", "10",
				       "15000",  backend->location, "UTF8",       NULL };
	PvPostgres *connection = g_new0(PvPostgres, 1);

	connection->timeout_ms = backend->timeout_ms;
	connection->pg = PQconnectdbParams(names, values, 1);
	if (PQstatus(connection->pg) == CONNECTION_OK && PQsetnonblocking(connection->pg, 1) == 0) {
		if (set_session(connection, error))
			return connection;
	} else {
		g_autofree char *why = g_strdup(PQerrorMessage(connection->pg));

		g_strdelimit(g_strchomp(why), "\n", ' ');
		pv_fail(error, PV_ERROR_UNREACHABLE, "cannot connect to PostgreSQL: %s", why);
	}
	disconnect(connection);
	return NULL;
}

static gboolean is_usable(void *data)
{
	const PvPostgres *connection = data;

	return !connection->broken && PQstatus(connection->pg) == CONNECTION_OK &&
	       PQtransactionStatus(connection->pg) == PQTRANS_IDLE;
}

/* --- transactions ------------------------------------------------------------------------- */

static gboolean begin(void *connection, GError **error)
{
	return pv_postgres_run(connection, "BEGIN ISOLATION LEVEL READ COMMITTED", error);
}

static void rollback(void *data)
{
	PvPostgres *connection = data;

	if (!connection->broken && !pv_postgres_run(connection, "ROLLBACK", NULL))
		connection->broken = TRUE;
}

/* The notice goes by itself after the commit: where it is not known, the clock does without. */
static gboolean commit(void *data, GError **error)
{
	g_autoptr(PGresult) result = pv_postgres_execute(data, "COMMIT; NOTIFY " CHANNEL, error);

	if (!result)
		return FALSE;
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return pv_fail(error, PV_ERROR_IO, "PostgreSQL rolled back what was to be stored");
	return TRUE;
}

/* --- the schema --------------------------------------------------------------------------- */

/* The first value of the first row, as a number. */
static gboolean number_of(PvPostgres *connection, const char *sql, gint64 *ret_value,
			  GError **error)
{
	g_autoptr(PGresult) result = pv_postgres_execute(connection, sql, error);

	if (!result)
		return FALSE;
	*ret_value = PQntuples(result) ? g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	return TRUE;
}

static gboolean check_encoding(PvPostgres *connection, GError **error)
{
	const char *encoding = PQparameterStatus(connection->pg, "server_encoding");

	if (!encoding || g_ascii_strcasecmp(encoding, "UTF8") == 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "the database is encoded in %s; make one with ENCODING 'UTF8'", encoding);
}

/* What an older program has left becomes what this one knows. */
static gboolean take_steps(PvPostgres *connection, gint64 *version, GError **error)
{
	const char *const *step;

	while ((step = pv_sql_step(*version)) != NULL) {
		for (; *step; step++) {
			if (!pv_postgres_run(connection, *step, error))
				return FALSE;
		}
		++*version;
	}
	return TRUE;
}

static gboolean make_tables(PvPostgres *connection, gint64 *ret_version, GError **error)
{
	gint64 exists;

	if (!number_of(connection, "SELECT pg_advisory_xact_lock(" SCHEMA_LOCK ")", &exists,
		       error) ||
	    !number_of(connection, "SELECT count(to_regclass('trust_state'))", &exists, error))
		return FALSE;
	for (guint i = 0; exists == 0 && pv_sql_schema[i]; i++) {
		if (!pv_postgres_run(connection, pv_sql_schema[i], error))
			return FALSE;
	}
	return number_of(connection, pv_sql_statements[PV_SQL_SCHEMA], ret_version, error) &&
	       take_steps(connection, ret_version, error);
}

static gboolean make_schema(void *data, GError **error)
{
	PvPostgres *connection = data;
	gint64 version;

	if (!check_encoding(connection, error) || !begin(connection, error))
		return FALSE;
	if (!make_tables(connection, &version, error)) {
		rollback(connection);
		return pv_fail_wrap(error, "making the store's tables");
	}
	return commit(connection, error) && pv_sql_check_schema(version, error);
}

/* --- others' changes ---------------------------------------------------------------------- */

static gboolean wait_change(void *data, guint timeout_ms, GError **error)
{
	PvPostgres *connection = data;
	gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	PGnotify *notice;

	if (!connection->listening) {
		/* A server that does not know LISTEN is asked by the clock. */
		connection->listening = TRUE;
		pv_postgres_run(connection, "LISTEN " CHANNEL, NULL);
	}
	if (connection->broken)
		return pv_postgres_fail_lost(connection, error);
	if (timeout_ms > 0)
		pv_postgres_wait(connection, FALSE, until);
	if (!PQconsumeInput(connection->pg))
		return pv_postgres_fail_lost(connection, error);
	while ((notice = PQnotifies(connection->pg)))
		PQfreemem(notice);
	return TRUE;
}

const PvStoreDriver pv_store_postgres = {
	.name = "postgresql",
	.description = "a PostgreSQL database, for several services at once",
	.matches = matches,
	.open = open_backend,
	.close = close_backend,
	.connections = connections,
	.connect = connect_backend,
	.disconnect = disconnect,
	.is_usable = is_usable,
	.make_schema = make_schema,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.query = pv_postgres_query,
	.query_many = pv_postgres_query_many,
	.wait = wait_change,
};
