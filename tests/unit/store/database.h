/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "store/store.h"

/* Stores for tests: each test gets an empty one of each backend. */

typedef struct {
	const char *driver; /* "sqlite" or "postgresql" */
	char *directory;
	char *location;
	PvStoreOptions options;
	PvStore *store;
} Database;

typedef void (*DatabaseTest)(Database *database);

/* Adds the test once for each driver, or only for @only. */
void database_add_test(const char *name, const char *only, DatabaseTest test);

/* g_test_run(), then ends the server that was started for it. */
int database_run_tests(void);

/* Another store on the same database. */
PvStore *database_open(const Database *database, const PvStoreOptions *options);

/* Closes the store and opens it with other options. */
void database_reopen(Database *database);

/* The first column of the first row, asked past the store. */
gint64 database_number(const Database *database, const char *sql);
void database_execute(const Database *database, const char *sql);

/* On PostgreSQL: a transaction that ran @sql and stays open. */
void *database_lock(const Database *database, const char *sql);
void database_unlock(void *lock);

/* Makes the server do "restart", "down" or "up" (tests/postgres). */
void database_server(const char *action);

/* An update of @role: its bytes are made from @text unless that is NULL. */
PvStoreUpdate database_update(const char *role, gint64 version, const char *text);

/* Publishes on top of what is the newest now, root, targets, snapshot and timestamp of @version. */
gboolean database_publish(PvStore *store, const char *gun, gint64 version, const char *text,
			  PvTime now, GError **error);

/* The newest timestamp's digest; FALSE if there is none. */
gboolean database_base(PvStore *store, const char *gun, PvDigest *ret_base);

void database_assert_file(PvStore *store, const char *gun, const char *role, gint64 version,
			  const char *text);
