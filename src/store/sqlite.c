/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The embedded store: one SQLite file in write-ahead mode with full sync, so that a publish is there
 * whole or not at all whatever happens to the process or the machine. Readers have connections of
 * their own and do not wait for a writer's sync; writers wait for each other here rather than in
 * SQLite, which would poll.
 */

#include <sqlite3.h>
#include <string.h>

#include "base/error.h"
#include "store/driver.h"

#define CONNECTIONS 4
#define BUSY_MS     10000

typedef struct {
	char *path;
	GMutex writing;
} Backend;

typedef struct {
	Backend *backend;
	sqlite3 *database;
	sqlite3_stmt *statements[PV_SQL_STATEMENTS];
} Connection;

static gboolean fail(Connection *connection, const char *what, GError **error)
{
	return pv_fail(error, PV_ERROR_IO, "the store could not %s: %s", what,
		       sqlite3_errmsg(connection->database));
}

static gboolean matches(const char *location)
{
	return strcmp(location, "sqlite") == 0;
}

static void *open_backend(const char *location, const char *directory,
			  const PvStoreOptions *options, GError **error)
{
	Backend *backend = g_new0(Backend, 1);

	backend->path = g_build_filename(directory, "trust.db", NULL);
	g_mutex_init(&backend->writing);
	return backend;
}

static void close_backend(void *data)
{
	Backend *backend = data;

	g_mutex_clear(&backend->writing);
	g_free(backend->path);
	g_free(backend);
}

static guint connections(void *backend)
{
	return CONNECTIONS;
}

static void disconnect(void *data)
{
	Connection *connection = data;

	for (guint i = 0; i < PV_SQL_STATEMENTS; i++)
		sqlite3_finalize(connection->statements[i]);
	sqlite3_close(connection->database);
	g_free(connection);
}

static gboolean execute(Connection *connection, const char *sql, const char *what, GError **error)
{
	if (sqlite3_exec(connection->database, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(connection, what, error);
	return TRUE;
}

static void *connect_backend(void *data, GError **error)
{
	Backend *backend = data;
	Connection *connection = g_new0(Connection, 1);

	connection->backend = backend;
	if (sqlite3_open_v2(backend->path, &connection->database,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		pv_fail(error, PV_ERROR_IO, "cannot open %s: %s", backend->path,
			sqlite3_errmsg(connection->database));
	} else if (sqlite3_busy_timeout(connection->database, BUSY_MS) == SQLITE_OK &&
		   execute(connection,
			   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			   "PRAGMA secure_delete = OFF; PRAGMA cache_size = -2048",
			   "set itself up", error)) {
		return connection;
	}
	disconnect(connection);
	return NULL;
}

static gboolean is_usable(void *connection)
{
	return TRUE;
}

/* --- transactions ------------------------------------------------------------------------- */

static gboolean begin(void *data, GError **error)
{
	Connection *connection = data;

	g_mutex_lock(&connection->backend->writing);
	if (execute(connection, "BEGIN IMMEDIATE", "lock itself", error))
		return TRUE;
	g_mutex_unlock(&connection->backend->writing);
	return FALSE;
}

static void rollback(void *data)
{
	Connection *connection = data;

	sqlite3_exec(connection->database, "ROLLBACK", NULL, NULL, NULL);
	g_mutex_unlock(&connection->backend->writing);
}

static gboolean commit(void *data, GError **error)
{
	Connection *connection = data;

	if (!execute(connection, "COMMIT", "write", error)) {
		rollback(connection);
		return FALSE;
	}
	g_mutex_unlock(&connection->backend->writing);
	return TRUE;
}

/* --- the schema --------------------------------------------------------------------------- */

static gboolean integer_of(Connection *connection, const char *sql, gint64 *ret_value,
			   GError **error)
{
	sqlite3_stmt *statement;
	gboolean found = FALSE;

	if (sqlite3_prepare_v2(connection->database, sql, -1, &statement, NULL) != SQLITE_OK)
		return fail(connection, "read its schema", error);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		*ret_value = sqlite3_column_int64(statement, 0);
		found = TRUE;
	}
	sqlite3_finalize(statement);
	return found || fail(connection, "read its schema", error);
}

static gboolean make_tables(Connection *connection, GError **error)
{
	gint64 tables;

	if (!integer_of(connection, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return FALSE;
	for (guint i = 0; tables == 0 && pv_sql_schema[i]; i++) {
		if (!execute(connection, pv_sql_schema[i], "make its tables", error))
			return FALSE;
	}
	return TRUE;
}

/* What an older program has left becomes what this one knows. */
static gboolean take_steps(Connection *connection, gint64 *ret_version, GError **error)
{
	const char *const *step;

	/* Tables that are not ours count as version 0. */
	integer_of(connection, pv_sql_statements[PV_SQL_SCHEMA], ret_version, NULL);
	while ((step = pv_sql_step(*ret_version)) != NULL) {
		for (; *step; step++) {
			if (!execute(connection, *step, "bring its tables up to date", error))
				return FALSE;
		}
		++*ret_version;
	}
	return TRUE;
}

static gboolean make_schema(void *data, GError **error)
{
	Connection *connection = data;
	gint64 version = 0;

	if (!begin(connection, error))
		return FALSE;
	if (!make_tables(connection, error) || !take_steps(connection, &version, error)) {
		rollback(connection);
		return FALSE;
	}
	return commit(connection, error) && pv_sql_check_schema(version, error);
}

/* --- statements --------------------------------------------------------------------------- */

/* SQLite numbers parameters by ?1, where $1 would be a name. */
static char *text_of(PvStatement which)
{
	char *text = g_strdup(pv_sql_statements[which]);

	return g_strdelimit(text, "$", '?');
}

static sqlite3_stmt *prepared(Connection *connection, PvStatement which, GError **error)
{
	sqlite3_stmt **statement = &connection->statements[which];
	g_autofree char *text = NULL;

	if (!*statement) {
		text = text_of(which);
		if (sqlite3_prepare_v3(connection->database, text, -1, SQLITE_PREPARE_PERSISTENT,
				       statement, NULL) != SQLITE_OK) {
			fail(connection, "prepare a statement", error);
			return NULL;
		}
	}
	return *statement;
}

static void bind(sqlite3_stmt *statement, int index, const PvSqlValue *value)
{
	switch (value->kind) {
	case PV_SQL_NULL:
		sqlite3_bind_null(statement, index);
		break;
	case PV_SQL_INTEGER:
		sqlite3_bind_int64(statement, index, value->integer);
		break;
	case PV_SQL_TEXT:
		sqlite3_bind_text64(statement, index, value->data, value->size, SQLITE_STATIC,
				    SQLITE_UTF8);
		break;
	case PV_SQL_BYTES:
		sqlite3_bind_blob64(statement, index, value->data, value->size, SQLITE_STATIC);
		break;
	}
}

static PvSqlCell cell_of(sqlite3_stmt *statement, int column)
{
	PvSqlCell cell = { FALSE, 0, NULL };
	const void *data;

	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_NULL:
		cell.is_null = TRUE;
		break;
	case SQLITE_INTEGER:
		cell.integer = sqlite3_column_int64(statement, column);
		break;
	default:
		data = sqlite3_column_blob(statement, column);
		cell = pv_sql_cell_bytes(data, (gsize)sqlite3_column_bytes(statement, column));
		break;
	}
	return cell;
}

static PvSqlResult *query(void *data, PvStatement which, const PvSqlValue *values, guint count,
			  GError **error)
{
	Connection *connection = data;
	sqlite3_stmt *statement = prepared(connection, which, error);
	g_autoptr(PvSqlResult) result = NULL;
	int changes = sqlite3_total_changes(connection->database), code;

	if (!statement)
		return NULL;
	for (guint i = 0; i < count; i++)
		bind(statement, (int)i + 1, &values[i]);
	result = pv_sql_result_new((guint)sqlite3_column_count(statement));
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < (int)result->columns; i++) {
			PvSqlCell cell = cell_of(statement, i);

			g_array_append_val(result->cells, cell);
		}
	}
	result->changed = sqlite3_total_changes(connection->database) - changes;
	if (code != SQLITE_DONE)
		fail(connection, sqlite3_stmt_readonly(statement) ? "read" : "write", error);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE ? g_steal_pointer(&result) : NULL;
}

static GPtrArray *query_many(void *data, PvStatement which, const PvSqlValue *values, guint count,
			     guint rows, GError **error)
{
	g_autoptr(GPtrArray) results = pv_sql_results_new();

	for (guint i = 0; i < rows; i++) {
		PvSqlResult *result = query(data, which, values + (gsize)i * count, count, error);

		if (!result)
			return NULL;
		g_ptr_array_add(results, result);
	}
	return g_steal_pointer(&results);
}

const PvStoreDriver pv_store_sqlite = {
	.name = "sqlite",
	.description = "one file in the data directory, nothing to set up",
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
};
