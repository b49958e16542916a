/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PostgreSQL by libpq, and what speaks its protocol. Several services may use one database. Every
 * exchange has a deadline here, beside the statement timeout at the server: a server that hangs or
 * a network that swallows packets costs seconds and not for ever. A location may hold a password, so
 * no error text repeats it; the server's own words do not contain it.
 */

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/driver.h"

#define GRACE_MS  5000 /* beyond the statement timeout, for the network */
#define CONNECT_S "5"
#define BATCH     64 /* statements on their way at one time */
#define CHANNEL   "pavise_trust"
#define SCHEMA_LOCK \
	"7085762650301" /* any number nobody else has: makers of the schema queue here */
#define INT2_OID 21
#define INT4_OID 23
#define INT8_OID 20

typedef struct {
	char *location;
	guint connections, timeout_ms;
} Backend;

typedef struct {
	PGconn *pg;
	guint timeout_ms;
	gboolean broken; /* an answer is missing: what comes next would be taken for it */
	gboolean listening;
	gboolean prepared[PV_SQL_STATEMENTS];
} Connection;

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)

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

/* --- errors ------------------------------------------------------------------------------- */

static gboolean fail_lost(Connection *connection, GError **error)
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

static gboolean fail_result(Connection *connection, const PGresult *result, GError **error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *why = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;

	if (!state || PQstatus(connection->pg) != CONNECTION_OK)
		return fail_lost(connection, error);
	return pv_fail(error, is_passing(state) ? PV_ERROR_UNREACHABLE : PV_ERROR_IO,
		       "PostgreSQL refused: %s (%s)", why ? why : "no reason given", state);
}

/* --- waiting ------------------------------------------------------------------------------ */

/* Until the socket can be read (or written, if @writing), at most until @until_us. */
static gboolean wait_socket(Connection *connection, gboolean writing, gint64 until_us)
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

static gint64 deadline_of(const Connection *connection)
{
	return g_get_monotonic_time() + ((gint64)connection->timeout_ms + GRACE_MS) * 1000;
}

/* Waits until PQgetResult() will not block. */
static gboolean await(Connection *connection, gint64 until_us, GError **error)
{
	while (!connection->broken) {
		int unsent = PQflush(connection->pg);

		if (unsent < 0)
			break;
		if (unsent == 0 && !PQisBusy(connection->pg))
			return TRUE;
		if (!wait_socket(connection, unsent > 0, until_us) ||
		    !PQconsumeInput(connection->pg))
			break;
	}
	return fail_lost(connection, error);
}

/* (transfer full): the next result; NULL without an error at the end of a statement's results. */
static PGresult *next_result(Connection *connection, gint64 until_us, GError **error)
{
	if (!await(connection, until_us, error))
		return NULL;
	return PQgetResult(connection->pg);
}

/* Reads all results of what was sent; the first one is returned. */
static PGresult *only_result(Connection *connection, GError **error)
{
	gint64 until = deadline_of(connection);
	g_autoptr(GError) failure = NULL;
	PGresult *first = next_result(connection, until, &failure), *more;

	while (!failure && (more = next_result(connection, until, &failure)))
		PQclear(more);
	if (failure) {
		PQclear(first);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
	if (!first)
		fail_lost(connection, error);
	return first;
}

static gboolean is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* (transfer full): the first result of constant text, good. */
static PGresult *execute(Connection *connection, const char *sql, GError **error)
{
	g_autoptr(PGresult) result = NULL;

	if (connection->broken || !PQsendQuery(connection->pg, sql))
		return fail_lost(connection, error), NULL;
	result = only_result(connection, error);
	if (result && !is_good(result)) {
		fail_result(connection, result, error);
		return NULL;
	}
	return g_steal_pointer(&result);
}

static gboolean run(Connection *connection, const char *sql, GError **error)
{
	g_autoptr(PGresult) result = execute(connection, sql, error);

	return result != NULL;
}

/* --- connections -------------------------------------------------------------------------- */

static void disconnect(void *data)
{
	Connection *connection = data;

	PQfinish(connection->pg);
	g_free(connection);
}

/* What this session needs whatever the server's configuration says. */
static gboolean set_session(Connection *connection, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"SET statement_timeout = %u; SET lock_timeout = %u;"
		"SET idle_in_transaction_session_timeout = %u; SET client_min_messages = error;"
		"SELECT set_config('synchronous_commit', 'on', false)"
		" WHERE current_setting('synchronous_commit') = 'off'",
		connection->timeout_ms, connection->timeout_ms / 2,
		connection->timeout_ms + GRACE_MS);

	return run(connection, sql, error);
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
	Connection *connection = g_new0(Connection, 1);

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
	const Connection *connection = data;

	return !connection->broken && PQstatus(connection->pg) == CONNECTION_OK &&
	       PQtransactionStatus(connection->pg) == PQTRANS_IDLE;
}

/* --- transactions ------------------------------------------------------------------------- */

static gboolean begin(void *connection, GError **error)
{
	return run(connection, "BEGIN ISOLATION LEVEL READ COMMITTED", error);
}

static void rollback(void *data)
{
	Connection *connection = data;

	if (!connection->broken && !run(connection, "ROLLBACK", NULL))
		connection->broken = TRUE;
}

/* The notice goes by itself after the commit: where it is not known, the clock does without. */
static gboolean commit(void *data, GError **error)
{
	g_autoptr(PGresult) result = execute(data, "COMMIT; NOTIFY " CHANNEL, error);

	if (!result)
		return FALSE;
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return pv_fail(error, PV_ERROR_IO, "PostgreSQL rolled back what was to be stored");
	return TRUE;
}

/* --- the schema --------------------------------------------------------------------------- */

/* The first value of the first row, as a number. */
static gboolean number_of(Connection *connection, const char *sql, gint64 *ret_value,
			  GError **error)
{
	g_autoptr(PGresult) result = execute(connection, sql, error);

	if (!result)
		return FALSE;
	*ret_value = PQntuples(result) ? g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
	return TRUE;
}

static gboolean check_encoding(Connection *connection, GError **error)
{
	const char *encoding = PQparameterStatus(connection->pg, "server_encoding");

	if (!encoding || g_ascii_strcasecmp(encoding, "UTF8") == 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "the database is encoded in %s; make one with ENCODING 'UTF8'", encoding);
}

static gboolean make_tables(Connection *connection, gint64 *ret_version, GError **error)
{
	gint64 exists;

	if (!number_of(connection, "SELECT pg_advisory_xact_lock(" SCHEMA_LOCK ")", &exists,
		       error) ||
	    !number_of(connection, "SELECT count(to_regclass('trust_state'))", &exists, error))
		return FALSE;
	for (guint i = 0; exists == 0 && pv_sql_schema[i]; i++) {
		if (!run(connection, pv_sql_schema[i], error))
			return FALSE;
	}
	return number_of(connection, pv_sql_statements[PV_SQL_SCHEMA], ret_version, error);
}

static gboolean make_schema(void *data, GError **error)
{
	Connection *connection = data;
	gint64 version;

	if (!check_encoding(connection, error) || !begin(connection, error))
		return FALSE;
	if (!make_tables(connection, &version, error)) {
		rollback(connection);
		return pv_fail_wrap(error, "making the store's tables");
	}
	return commit(connection, error) && pv_sql_check_schema(version, error);
}

/* --- statements --------------------------------------------------------------------------- */

static gboolean prepare(Connection *connection, PvStatement which, char *ret_name, GError **error)
{
	g_autoptr(PGresult) result = NULL;

	g_snprintf(ret_name, 16, "s%d", (int)which);
	if (connection->prepared[which])
		return TRUE;
	if (connection->broken ||
	    !PQsendPrepare(connection->pg, ret_name, pv_sql_statements[which], 0, NULL))
		return fail_lost(connection, error);
	result = only_result(connection, error);
	if (!result)
		return FALSE;
	if (!is_good(result))
		return fail_result(connection, result, error);
	connection->prepared[which] = TRUE;
	return TRUE;
}

#define PARAMETERS_MAX 8

/* Sends one execution. Numbers go as text, the rest as bytes. */
static gboolean send_one(Connection *connection, const char *name, const PvSqlValue *values,
			 guint count, GError **error)
{
	const char *data[PARAMETERS_MAX];
	char numbers[PARAMETERS_MAX][24];
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];

	g_assert(count <= PARAMETERS_MAX);
	for (guint i = 0; i < count; i++) {
		const PvSqlValue *value = &values[i];

		data[i] = value->data;
		lengths[i] = (int)value->size;
		formats[i] = value->kind == PV_SQL_BYTES;
		if (value->kind == PV_SQL_NULL)
			data[i] = NULL;
		if (value->kind == PV_SQL_INTEGER) {
			g_snprintf(numbers[i], sizeof numbers[i], "%" G_GINT64_FORMAT,
				   value->integer);
			data[i] = numbers[i];
		}
	}
	if (connection->broken ||
	    !PQsendQueryPrepared(connection->pg, name, (int)count, data, lengths, formats, 1))
		return fail_lost(connection, error);
	return TRUE;
}

static gint64 integer_of(const guint8 *value, int size)
{
	guint64 bits = 0;

	for (int i = 0; i < size; i++)
		bits = bits << 8 | value[i];
	return size == 8 ? (gint64)bits : size == 4 ? (gint32)bits : (gint16)bits;
}

static PvSqlCell cell_of(const PGresult *result, int row, int column)
{
	const char *value = PQgetvalue(result, row, column);
	int size = PQgetlength(result, row, column);
	PvSqlCell cell = { PQgetisnull(result, row, column), 0, NULL };
	Oid type = PQftype(result, column);

	if (cell.is_null)
		return cell;
	if (type != INT8_OID && type != INT4_OID && type != INT2_OID)
		return pv_sql_cell_bytes(value, (gsize)size);
	cell.integer = integer_of((const guint8 *)value, size);
	return cell;
}

/* (transfer full): NULL and an error if @from is not good. */
static PvSqlResult *result_of(Connection *connection, const PGresult *from, GError **error)
{
	PvSqlResult *result;

	if (!from || !is_good(from)) {
		fail_result(connection, from, error);
		return NULL;
	}
	result = pv_sql_result_new((guint)PQnfields(from));
	result->changed = g_ascii_strtoll(PQcmdTuples((PGresult *)from), NULL, 10);
	for (int row = 0; row < PQntuples(from); row++) {
		for (int column = 0; column < PQnfields(from); column++) {
			PvSqlCell cell = cell_of(from, row, column);

			g_array_append_val(result->cells, cell);
		}
	}
	return result;
}

static PvSqlResult *query(void *data, PvStatement which, const PvSqlValue *values, guint count,
			  GError **error)
{
	Connection *connection = data;
	g_autoptr(PGresult) result = NULL;
	char name[16];

	if (!prepare(connection, which, name, error) ||
	    !send_one(connection, name, values, count, error))
		return NULL;
	result = only_result(connection, error);
	return result ? result_of(connection, result, error) : NULL;
}

/* Takes what @rows statements of a pipeline and its end answer; the first error is the error. */
static gboolean collect(Connection *connection, guint rows, GPtrArray *results, GError **error)
{
	gint64 until = deadline_of(connection);
	g_autoptr(GError) failure = NULL;

	for (guint i = 0; i <= rows; i++) {
		g_autoptr(GError) lost = NULL;
		g_autoptr(PGresult) result = next_result(connection, until, &lost);
		PvSqlResult *one;
		PGresult *end;

		if (lost) {
			g_propagate_error(error, g_steal_pointer(&lost));
			return FALSE;
		}
		if (i == rows) /* the mark at the end of a pipeline, which nothing follows */
			break;
		if (!failure && (one = result_of(connection, result, &failure)))
			g_ptr_array_add(results, one);
		end = next_result(connection, until, &lost);
		PQclear(end);
		if (lost) {
			g_propagate_error(error, g_steal_pointer(&lost));
			return FALSE;
		}
	}
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return *error == NULL;
}

static gboolean run_pipeline(Connection *connection, const char *name, const PvSqlValue *values,
			     guint count, guint rows, GPtrArray *results, GError **error)
{
	gboolean done = TRUE;

	if (!PQenterPipelineMode(connection->pg))
		return fail_lost(connection, error);
	for (guint i = 0; done && i < rows; i++)
		done = send_one(connection, name, values + (gsize)i * count, count, error);
	if (done && !PQpipelineSync(connection->pg))
		done = fail_lost(connection, error);
	done = done && collect(connection, rows, results, error);
	if (!connection->broken && !PQexitPipelineMode(connection->pg))
		connection->broken = TRUE;
	return done;
}

static GPtrArray *query_many(void *data, PvStatement which, const PvSqlValue *values, guint count,
			     guint rows, GError **error)
{
	Connection *connection = data;
	g_autoptr(GPtrArray) results = pv_sql_results_new();
	g_autoptr(GError) failure = NULL;
	char name[16];

	if (rows > 0 && !prepare(connection, which, name, error))
		return NULL;
	for (guint done = 0; done < rows; done += BATCH) {
		if (!run_pipeline(connection, name, values + (gsize)done * count, count,
				  MIN(BATCH, rows - done), results, &failure)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	return g_steal_pointer(&results);
}

/* --- others' changes ---------------------------------------------------------------------- */

static gboolean wait_change(void *data, guint timeout_ms, GError **error)
{
	Connection *connection = data;
	gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	PGnotify *notice;

	if (!connection->listening) {
		/* A server that does not know LISTEN is asked by the clock. */
		connection->listening = TRUE;
		run(connection, "LISTEN " CHANNEL, NULL);
	}
	if (connection->broken)
		return fail_lost(connection, error);
	if (timeout_ms > 0)
		wait_socket(connection, FALSE, until);
	if (!PQconsumeInput(connection->pg))
		return fail_lost(connection, error);
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
	.query = query,
	.query_many = query_many,
	.wait = wait_change,
};
