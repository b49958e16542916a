/* SPDX-License-Identifier: Apache-2.0 */

/* A fresh database per test: a SQLite file, or a database on a PostgreSQL that is started once. */

#include "database.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

typedef struct {
	const char *driver;
	DatabaseTest test;
} Case;

static char *server_directory;
static char *server_uri;
static guint databases_made;

static char *run_server(const char *action, GError **error)
{
	g_autofree char *script = g_build_filename(g_getenv("G_TEST_SRCDIR"), "postgres", NULL);
	char *argv[] = { script, (char *)action, server_directory, NULL };
	char *output = NULL;
	int status;

	if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status,
			  error) ||
	    !g_spawn_check_wait_status(status, error))
		return NULL;
	return g_strchomp(output);
}

void database_server(const char *action)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *output = run_server(action, &error);

	g_assert_no_error(error);
}

static PGconn *connection_to(const char *uri)
{
	PGconn *connection = PQconnectdb(uri);

	g_assert_cmpstr(PQerrorMessage(connection), ==, "");
	return connection;
}

static gint64 postgres_number(const char *uri, const char *sql)
{
	PGconn *connection = connection_to(uri);
	PGresult *result = PQexec(connection, sql);
	gint64 value = 0;

	g_assert_cmpstr(PQresultErrorMessage(result), ==, "");
	if (PQntuples(result) > 0)
		value = g_ascii_strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	PQfinish(connection);
	return value;
}

static gint64 sqlite_number(const char *directory, const char *sql)
{
	g_autofree char *path = g_build_filename(directory, "trust.db", NULL);
	sqlite3_stmt *statement;
	sqlite3 *database;
	gint64 value = 0;

	g_assert_cmpint(sqlite3_open(path, &database), ==, SQLITE_OK);
	sqlite3_busy_timeout(database, 10000);
	if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
		g_error("%s: %s", sql, sqlite3_errmsg(database));
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(database);
	return value;
}

gint64 database_number(const Database *database, const char *sql)
{
	return strcmp(database->driver, "sqlite") == 0 ? sqlite_number(database->directory, sql)
						       : postgres_number(database->location, sql);
}

void database_execute(const Database *database, const char *sql)
{
	database_number(database, sql);
}

void *database_lock(const Database *database, const char *sql)
{
	PGconn *connection = connection_to(database->location);

	PQclear(PQexec(connection, "BEGIN"));
	PQclear(PQexec(connection, sql));
	g_assert_cmpint(PQtransactionStatus(connection), ==, PQTRANS_INTRANS);
	return connection;
}

void database_unlock(void *lock)
{
	PQfinish(lock);
}

/* (transfer full): the URI of a new, empty database. */
static char *new_postgres(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *name = g_strdup_printf("test%u", ++databases_made);
	g_autofree char *sql = g_strdup_printf("CREATE DATABASE %s", name);

	if (!server_uri) {
		server_directory = g_dir_make_tmp("pavise-postgres-XXXXXX", &error);
		g_assert_no_error(error);
		server_uri = run_server("start", &error);
		g_assert_no_error(error);
	}
	postgres_number(server_uri, sql);
	return g_strdup_printf("%.*s/%s", (int)(strrchr(server_uri, '/') - server_uri), server_uri,
			       name);
}

PvStore *database_open(const Database *database, const PvStoreOptions *options)
{
	g_autoptr(GError) error = NULL;
	PvStore *store = pv_store_open(database->location, database->directory, options, &error);

	g_assert_no_error(error);
	return store;
}

void database_reopen(Database *database)
{
	pv_store_close(database->store);
	database->store = database_open(database, &database->options);
}

static void run_case(const void *data)
{
	const Case *which = data;
	g_autoptr(GError) error = NULL;
	Database database = { .driver = which->driver };

	database.directory = g_dir_make_tmp("pavise-store-XXXXXX", &error);
	g_assert_no_error(error);
	database.location =
		strcmp(which->driver, "sqlite") == 0 ? g_strdup("sqlite") : new_postgres();
	pv_store_options_default(&database.options);
	database.store = database_open(&database, &database.options);
	which->test(&database);
	pv_store_close(database.store);
	g_assert_true(pv_file_remove_tree(database.directory, NULL));
	g_free(database.directory);
	g_free(database.location);
}

void database_add_test(const char *name, const char *only, DatabaseTest test)
{
	static const char *const drivers[] = { "sqlite", "postgresql" };

	for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
		g_autofree char *path = g_strdup_printf("/store/%s/%s", drivers[i], name);
		Case *which;

		if (only && strcmp(only, drivers[i]) != 0)
			continue;
		which = g_new(Case, 1);
		*which = (Case){ drivers[i], test };
		g_test_add_data_func_full(path, which, run_case, g_free);
	}
}

int database_run_tests(void)
{
	int status = g_test_run();

	if (server_uri)
		database_server("stop");
	if (server_directory)
		g_assert_true(pv_file_remove_tree(server_directory, NULL));
	g_free(server_directory);
	g_free(server_uri);
	return status;
}

PvStoreUpdate database_update(const char *role, gint64 version, const char *text)
{
	PvStoreUpdate update = { .role = role, .version = version };

	update.data = g_bytes_new(text, strlen(text));
	update.expires = (PvTime){ 4000000000, 0 };
	return update;
}

gboolean database_base(PvStore *store, const char *gun, PvDigest *ret_base)
{
	g_autoptr(GError) error = NULL;
	g_auto(PvStoredFile) file = { 0 };

	if (!pv_store_get(store, gun, "timestamp", NULL, 0, &file, &error)) {
		g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
		return FALSE;
	}
	*ret_base = file.sha256;
	return TRUE;
}

gboolean database_publish(PvStore *store, const char *gun, gint64 version, const char *text,
			  PvTime now, GError **error)
{
	static const char *const roles[] = { "root", "targets", "snapshot", "timestamp" };
	PvStoreUpdate updates[G_N_ELEMENTS(roles)];
	gboolean done, is_old;
	PvDigest base;

	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
		g_autofree char *data = g_strdup_printf("%s %s %" G_GINT64_FORMAT " %s", gun,
							roles[i], version, text);

		updates[i] = database_update(roles[i], version, data);
	}
	is_old = database_base(store, gun, &base);
	done = pv_store_publish(store, gun, is_old ? &base : NULL, updates, G_N_ELEMENTS(updates),
				now, error);
	for (gsize i = 0; i < G_N_ELEMENTS(updates); i++)
		g_bytes_unref(updates[i].data);
	return done;
}

void database_assert_file(PvStore *store, const char *gun, const char *role, gint64 version,
			  const char *text)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;
	g_autofree char *data =
		g_strdup_printf("%s %s %" G_GINT64_FORMAT " %s", gun, role, version, text);

	g_assert_true(pv_store_get(store, gun, role, NULL, version, &file, &error));
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(file.data, NULL), g_bytes_get_size(file.data), data,
			strlen(data));
	g_assert_cmpint(file.version, ==, version);
}
