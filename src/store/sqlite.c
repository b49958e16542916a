/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The embedded store: one SQLite file in write-ahead mode with full sync, so that a publish is there
 * whole or not at all whatever happens to the process or the machine. One connection behind one
 * lock: SQLite's own locking would serialise the writers anyway.
 */

#include <sqlite3.h>
#include <string.h>

#include "base/error.h"
#include "store/drivers.h"

#define SCHEMA_VERSION 1

static const char schema[] =
	"CREATE TABLE files (gun TEXT NOT NULL, role TEXT NOT NULL, version INTEGER NOT NULL,"
	" sha256 BLOB NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL,"
	" data BLOB NOT NULL, PRIMARY KEY (gun, role, version)) WITHOUT ROWID;"
	"CREATE INDEX files_by_hash ON files (gun, role, sha256);"
	/* The newest timestamp of each GUN again, so that the clock finds what to renew. */
	"CREATE TABLE renewals (gun TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX renewals_by_time ON renewals (expires);"
	"CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, created INTEGER NOT NULL,"
	" nanoseconds INTEGER NOT NULL, gun TEXT NOT NULL, version INTEGER NOT NULL,"
	" sha256 TEXT NOT NULL, deletion INTEGER NOT NULL);"
	"CREATE INDEX changes_by_gun ON changes (gun, id);";

typedef enum {
	GET_NEWEST,
	GET_VERSION,
	GET_HASH,
	HIGHEST,
	INSERT,
	CHANGE,
	RENEW,
	REMOVE,
	FORGET,
	CHANGES_AFTER,
	CHANGES_BEFORE,
	EXPIRING,
	CHECK,
	STATEMENTS
} Statement;

static const char *const texts[STATEMENTS] = {
	[GET_NEWEST] = "SELECT data, version, created FROM files WHERE gun = ?1 AND role = ?2"
		       " ORDER BY version DESC LIMIT 1",
	[GET_VERSION] = "SELECT data, version, created FROM files WHERE gun = ?1 AND role = ?2"
			" AND version = ?3",
	[GET_HASH] = "SELECT data, version, created FROM files WHERE gun = ?1 AND role = ?2"
		     " AND sha256 = ?3 ORDER BY version DESC LIMIT 1",
	[HIGHEST] = "SELECT max(version) FROM files WHERE gun = ?1 AND role = ?2",
	[INSERT] = "INSERT INTO files (gun, role, version, sha256, created, expires, data)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[CHANGE] = "INSERT INTO changes (created, nanoseconds, gun, version, sha256, deletion)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[RENEW] = "INSERT INTO renewals (gun, expires) VALUES (?1, ?2)"
		  " ON CONFLICT (gun) DO UPDATE SET expires = excluded.expires",
	[REMOVE] = "DELETE FROM files WHERE gun = ?1",
	[FORGET] = "DELETE FROM renewals WHERE gun = ?1",
	[CHANGES_AFTER] = "SELECT id, created, nanoseconds, gun, version, sha256, deletion"
			  " FROM changes WHERE id > ?1 AND (?2 IS NULL OR gun = ?2)"
			  " ORDER BY id LIMIT ?3",
	[CHANGES_BEFORE] = "SELECT * FROM (SELECT id, created, nanoseconds, gun, version, sha256,"
			   " deletion FROM changes WHERE (?1 < 1 OR id < ?1)"
			   " AND (?2 IS NULL OR gun = ?2) ORDER BY id DESC LIMIT ?3) ORDER BY id",
	[EXPIRING] = "SELECT gun FROM renewals WHERE expires < ?1 ORDER BY expires LIMIT ?2",
	[CHECK] = "SELECT count(*) FROM renewals WHERE expires < 0",
};

typedef struct {
	GMutex lock;
	sqlite3 *database;
	sqlite3_stmt *statements[STATEMENTS];
} Backend;

static gboolean fail(Backend *backend, const char *what, GError **error)
{
	return pv_fail(error, PV_ERROR_IO, "the store could not %s: %s", what,
		       sqlite3_errmsg(backend->database));
}

static gboolean matches(const char *location)
{
	return strcmp(location, "sqlite") == 0;
}

static void close_backend(void *data)
{
	Backend *backend = data;

	for (guint i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(backend->statements[i]);
	sqlite3_close(backend->database);
	g_mutex_clear(&backend->lock);
	g_free(backend);
}

static gboolean execute(Backend *backend, const char *sql, const char *what, GError **error)
{
	if (sqlite3_exec(backend->database, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(backend, what, error);
	return TRUE;
}

static gboolean make_schema(Backend *backend, GError **error)
{
	g_autofree char *set = g_strdup_printf("PRAGMA user_version = %d; COMMIT", SCHEMA_VERSION);
	sqlite3_stmt *statement;
	int version = -1;

	if (!execute(backend, "BEGIN IMMEDIATE", "lock itself", error))
		return FALSE;
	if (sqlite3_prepare_v2(backend->database, "PRAGMA user_version", -1, &statement, NULL) ==
	    SQLITE_OK) {
		if (sqlite3_step(statement) == SQLITE_ROW)
			version = sqlite3_column_int(statement, 0);
		sqlite3_finalize(statement);
	}
	if (version == SCHEMA_VERSION)
		return execute(backend, "COMMIT", "begin", error);
	if (version != 0)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "the store has schema %d, this program knows %d; use the program "
			       "that wrote it, or a newer one",
			       version, SCHEMA_VERSION);
	return execute(backend, schema, "make its tables", error) &&
	       execute(backend, set, "make its tables", error);
}

static gboolean prepare(Backend *backend, GError **error)
{
	for (guint i = 0; i < STATEMENTS; i++) {
		if (sqlite3_prepare_v3(backend->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &backend->statements[i], NULL) != SQLITE_OK)
			return fail(backend, "prepare its statements", error);
	}
	return TRUE;
}

static void *open_backend(const char *location, const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "trust.db", NULL);
	Backend *backend = g_new0(Backend, 1);

	g_mutex_init(&backend->lock);
	if (sqlite3_open_v2(path, &backend->database,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK) {
		pv_fail(error, PV_ERROR_IO, "cannot open %s: %s", path,
			sqlite3_errmsg(backend->database));
	} else if (sqlite3_busy_timeout(backend->database, 10000) == SQLITE_OK &&
		   execute(backend,
			   "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			   "PRAGMA secure_delete = OFF; PRAGMA cache_size = -8192",
			   "set itself up", error) &&
		   make_schema(backend, error) && prepare(backend, error)) {
		return backend;
	}
	close_backend(backend);
	return NULL;
}

static sqlite3_stmt *begin(Backend *backend, Statement which)
{
	sqlite3_stmt *statement = backend->statements[which];

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return statement;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static gboolean step_done(Backend *backend, sqlite3_stmt *statement, GError **error)
{
	int result = sqlite3_step(statement);

	sqlite3_reset(statement);
	return result == SQLITE_DONE || fail(backend, "write", error);
}

static gboolean get(void *data, const char *gun, const char *role, const PvDigest *sha256,
		    gint64 version, PvStoredFile *ret_file, GError **error)
{
	Backend *backend = data;
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&backend->lock);
	sqlite3_stmt *statement = begin(backend, sha256        ? GET_HASH
						 : version > 0 ? GET_VERSION
							       : GET_NEWEST);
	gboolean found = FALSE;
	int result;

	bind_text(statement, 1, gun);
	bind_text(statement, 2, role);
	if (sha256)
		sqlite3_bind_blob(statement, 3, sha256->raw, sha256->size, SQLITE_STATIC);
	else if (version > 0)
		sqlite3_bind_int64(statement, 3, version);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		ret_file->data = g_bytes_new(sqlite3_column_blob(statement, 0),
					     (gsize)sqlite3_column_bytes(statement, 0));
		ret_file->version = sqlite3_column_int64(statement, 1);
		ret_file->created = (PvTime){ sqlite3_column_int64(statement, 2), 0 };
		found = TRUE;
	} else if (result == SQLITE_DONE) {
		pv_fail(error, PV_ERROR_NOT_FOUND, "no %s of %s is stored", role, gun);
	} else {
		fail(backend, "read", error);
	}
	sqlite3_reset(statement);
	return found;
}

static gboolean insert_one(Backend *backend, const char *gun, const PvStoreUpdate *update,
			   PvTime now, GError **error)
{
	sqlite3_stmt *statement = begin(backend, HIGHEST);
	gint64 highest = 0;
	PvDigest sha256;
	const void *data;
	gsize size;

	bind_text(statement, 1, gun);
	bind_text(statement, 2, update->role);
	if (sqlite3_step(statement) != SQLITE_ROW)
		return fail(backend, "read", error);
	highest = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	if (highest >= update->version)
		return pv_fail(error, PV_ERROR_CONFLICT,
			       "version %" G_GINT64_FORMAT " of %s of %s is stored already",
			       highest, update->role, gun);
	data = g_bytes_get_data(update->data, &size);
	sha256 = pv_digest_of(PV_HASH_SHA256, data, size);
	statement = begin(backend, INSERT);
	bind_text(statement, 1, gun);
	bind_text(statement, 2, update->role);
	sqlite3_bind_int64(statement, 3, update->version);
	sqlite3_bind_blob(statement, 4, sha256.raw, sha256.size, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, now.seconds);
	sqlite3_bind_int64(statement, 6, update->expires.seconds);
	sqlite3_bind_blob64(statement, 7, data, size, SQLITE_STATIC);
	return step_done(backend, statement, error);
}

static gboolean insert_change(Backend *backend, const char *gun, gint64 version, const char *sha256,
			      gboolean deletion, PvTime now, GError **error)
{
	sqlite3_stmt *statement = begin(backend, CHANGE);

	sqlite3_bind_int64(statement, 1, now.seconds);
	sqlite3_bind_int64(statement, 2, now.nanoseconds);
	bind_text(statement, 3, gun);
	sqlite3_bind_int64(statement, 4, version);
	bind_text(statement, 5, sha256);
	sqlite3_bind_int(statement, 6, deletion);
	return step_done(backend, statement, error);
}

static gboolean insert_timestamp(Backend *backend, const char *gun, const PvStoreUpdate *update,
				 PvTime now, GError **error)
{
	sqlite3_stmt *statement = begin(backend, RENEW);
	PvDigest sha256 = pv_digest_of(PV_HASH_SHA256, g_bytes_get_data(update->data, NULL),
				       g_bytes_get_size(update->data));
	g_autofree char *hex = pv_digest_hex(&sha256);

	bind_text(statement, 1, gun);
	sqlite3_bind_int64(statement, 2, update->expires.seconds);
	return step_done(backend, statement, error) &&
	       insert_change(backend, gun, update->version, hex, FALSE, now, error);
}

static gboolean finish(Backend *backend, gboolean good, GError **error)
{
	if (good && execute(backend, "COMMIT", "write", error))
		return TRUE;
	sqlite3_exec(backend->database, "ROLLBACK", NULL, NULL, NULL);
	return FALSE;
}

static gboolean publish(void *data, const char *gun, const PvStoreUpdate *updates, guint count,
			PvTime now, GError **error)
{
	Backend *backend = data;
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&backend->lock);
	gboolean good = execute(backend, "BEGIN IMMEDIATE", "lock itself", error);

	if (!good)
		return FALSE;
	for (guint i = 0; good && i < count; i++) {
		good = insert_one(backend, gun, &updates[i], now, error);
		if (good && strcmp(updates[i].role, "timestamp") == 0)
			good = insert_timestamp(backend, gun, &updates[i], now, error);
	}
	return finish(backend, good, error);
}

static gboolean remove_gun(void *data, const char *gun, PvTime now, GError **error)
{
	static const Statement tables[] = { REMOVE, FORGET };
	Backend *backend = data;
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&backend->lock);
	gboolean good = execute(backend, "BEGIN IMMEDIATE", "lock itself", error);
	int removed = 0;

	if (!good)
		return FALSE;
	for (gsize i = 0; good && i < G_N_ELEMENTS(tables); i++) {
		sqlite3_stmt *statement = begin(backend, tables[i]);

		bind_text(statement, 1, gun);
		good = step_done(backend, statement, error);
		removed += sqlite3_changes(backend->database);
	}
	if (good && removed > 0)
		good = insert_change(backend, gun, 0, "", TRUE, now, error);
	return finish(backend, good, error);
}

static PvStoreChange *change_of(sqlite3_stmt *statement)
{
	PvStoreChange *change = g_new0(PvStoreChange, 1);

	change->id = sqlite3_column_int64(statement, 0);
	change->created =
		(PvTime){ sqlite3_column_int64(statement, 1), sqlite3_column_int(statement, 2) };
	change->gun = g_strdup((const char *)sqlite3_column_text(statement, 3));
	change->version = sqlite3_column_int64(statement, 4);
	change->sha256 = g_strdup((const char *)sqlite3_column_text(statement, 5));
	change->is_deletion = sqlite3_column_int(statement, 6) != 0;
	return change;
}

static GPtrArray *changes(void *data, const char *gun, gint64 after, gint64 records, GError **error)
{
	Backend *backend = data;
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&backend->lock);
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_store_change_free);
	sqlite3_stmt *statement = begin(backend, records < 0 ? CHANGES_BEFORE : CHANGES_AFTER);
	int result;

	if (after < 0 && records > 0)
		return g_steal_pointer(&found); /* what comes after the newest: nothing yet */
	sqlite3_bind_int64(statement, 1, after);
	if (gun)
		bind_text(statement, 2, gun);
	sqlite3_bind_int64(statement, 3, records < 0 ? -records : records);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(found, change_of(statement));
	sqlite3_reset(statement);
	if (result != SQLITE_DONE) {
		fail(backend, "read", error);
		return NULL;
	}
	return g_steal_pointer(&found);
}

static GPtrArray *expiring(void *data, PvTime before, guint max, GError **error)
{
	Backend *backend = data;
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&backend->lock);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	sqlite3_stmt *statement = begin(backend, EXPIRING);
	int result;

	sqlite3_bind_int64(statement, 1, before.seconds);
	sqlite3_bind_int64(statement, 2, max);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		g_ptr_array_add(found, g_strdup((const char *)sqlite3_column_text(statement, 0)));
	sqlite3_reset(statement);
	if (result != SQLITE_DONE) {
		fail(backend, "read", error);
		return NULL;
	}
	return g_steal_pointer(&found);
}

static gboolean check(void *data, GError **error)
{
	Backend *backend = data;
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&backend->lock);
	sqlite3_stmt *statement = begin(backend, CHECK);
	int result = sqlite3_step(statement);

	sqlite3_reset(statement);
	return result == SQLITE_ROW || fail(backend, "read", error);
}

const PvStoreDriver pv_store_sqlite = {
	.name = "sqlite",
	.description = "one file in the data directory, nothing to set up",
	.matches = matches,
	.open = open_backend,
	.close = close_backend,
	.get = get,
	.publish = publish,
	.remove = remove_gun,
	.changes = changes,
	.expiring = expiring,
	.check = check,
};
