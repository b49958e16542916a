/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writing the advisory database: into a temporary file beside its place, committed in steps so that
 * memory stays bounded, renamed at the end. A crash leaves the old database and a file that the next
 * import removes.
 */

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "vuln/database.h"
#include "vuln/database_private.h"
#include "vuln/osv.h"

/*
 * A transaction that finds the map full is lost, so the map has always MAP_MARGIN free, which is more
 * than a transaction of these sizes can dirty: each entry its leaf page, the pages its value spills
 * to, and its share of branches.
 */
#define COMMIT_ENTRIES 5000
#define COMMIT_BYTES   (16 * PV_MIB)
#define MAP_STEP       (256 * PV_MIB)
#define MAP_MARGIN     (128 * PV_MIB)

struct PvDatabaseWriter {
	char *path, *temporary;
	int lock;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	guint pending; /* entries in @txn */
	gsize pending_bytes;
	guint64 records, entries;
	GHashTable *ecosystems; /* name → count */
	gboolean failed;        /* the file, not a record: there is no going on */
};

/* One entry as it goes into the file. */
typedef struct {
	guint8 key[PV_DATABASE_KEY_BYTES_MAX];
	gsize key_size;
	char *text;
	const char *ecosystem; /* of the PvOsvAffected */
} Entry;

static gboolean fail(int code, const char *what, GError **error)
{
	return pv_fail(error, PV_ERROR_IO, "the advisory database cannot %s: %s", what,
		       mdb_strerror(code));
}

void pv_database_writer_free(PvDatabaseWriter *writer)
{
	if (!writer)
		return;
	if (writer->txn)
		mdb_txn_abort(writer->txn);
	if (writer->env)
		mdb_env_close(writer->env);
	if (writer->temporary)
		unlink(writer->temporary);
	if (writer->lock >= 0)
		close(writer->lock);
	g_clear_pointer(&writer->ecosystems, g_hash_table_unref);
	g_free(writer->temporary);
	g_free(writer->path);
	g_free(writer);
}

static gboolean begin(PvDatabaseWriter *writer, GError **error)
{
	int code = mdb_txn_begin(writer->env, NULL, 0, &writer->txn);

	if (code == 0)
		code = mdb_dbi_open(writer->txn, NULL, 0, &writer->dbi);
	writer->pending = 0;
	writer->pending_bytes = 0;
	return code == 0 || fail(code, "begin", error);
}

static gboolean commit(PvDatabaseWriter *writer, GError **error)
{
	int code = mdb_txn_commit(writer->txn);

	writer->txn = NULL;
	return code == 0 || fail(code, "be written", error);
}

static gboolean open_env(PvDatabaseWriter *writer, GError **error)
{
	int code = mdb_env_create(&writer->env);

	if (code == 0)
		code = mdb_env_set_mapsize(writer->env, MAP_STEP);
	if (code == 0) /* one sync at the end makes it durable: until the rename nobody looks */
		code = mdb_env_open(writer->env, writer->temporary,
				    MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOLOCK, 0600);
	if (code != 0)
		return fail(code, "be made", error);
	return begin(writer, error);
}

PvDatabaseWriter *pv_database_writer_new(const char *path, GError **error)
{
	g_autoptr(PvDatabaseWriter) writer = g_new0(PvDatabaseWriter, 1);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *lock = g_strconcat(path, ".lock", NULL);

	writer->lock = -1;
	if (!pv_file_make_directory(directory, 0755, error))
		return NULL;
	writer->lock = pv_file_lock(lock, TRUE, error);
	if (writer->lock < 0)
		return NULL;
	writer->path = g_strdup(path);
	writer->temporary = g_strconcat(path, ".new", NULL);
	unlink(writer->temporary);
	writer->ecosystems = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!open_env(writer, error))
		return NULL;
	return g_steal_pointer(&writer);
}

static gboolean grow(PvDatabaseWriter *writer, GError **error)
{
	MDB_envinfo info;
	MDB_stat pages;
	int code;

	mdb_env_info(writer->env, &info);
	mdb_env_stat(writer->env, &pages);
	if ((info.me_last_pgno + 1) * pages.ms_psize + MAP_MARGIN <= info.me_mapsize)
		return TRUE;
	if (info.me_mapsize + MAP_STEP > PV_DATABASE_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "the advisory database grows beyond %" G_GSIZE_FORMAT " bytes",
			       (gsize)PV_DATABASE_BYTES_MAX);
	code = mdb_env_set_mapsize(writer->env, info.me_mapsize + MAP_STEP);
	return code == 0 || fail(code, "grow", error);
}

static gboolean put(PvDatabaseWriter *writer, const guint8 *key, gsize key_size, const void *data,
		    gsize size, GError **error)
{
	MDB_val name = { key_size, (void *)key }, value = { size, (void *)data };
	int code;

	if (writer->pending >= COMMIT_ENTRIES ||
	    (writer->pending > 0 && writer->pending_bytes + size > COMMIT_BYTES)) {
		if (!commit(writer, error) || !grow(writer, error) || !begin(writer, error))
			return FALSE;
	}
	code = mdb_put(writer->txn, writer->dbi, &name, &value, 0);
	if (code != 0)
		return fail(code, "take an entry", error);
	writer->pending++;
	writer->pending_bytes += size;
	return TRUE;
}

static void entry_free(void *data)
{
	Entry *entry = data;

	free(entry->text);
	g_free(entry);
}

static Entry *entry_of(const PvOsvAffected *affected, const char *id, guint number,
		       const char *what, GError **error)
{
	Entry *entry = g_new0(Entry, 1);

	entry->ecosystem = affected->ecosystem;
	entry->key_size =
		pv_database_key(affected->ecosystem, affected->name, id, number, entry->key);
	if (entry->key_size == 0) {
		g_free(entry);
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s: the package name \"%.64s…\" is too long", what,
				    affected->name);
	}
	entry->text = json_dumps(affected->entry, JSON_COMPACT);
	return entry;
}

/* All entries of a record, before the first is written: a record goes in whole or not at all. */
static GPtrArray *entries_of(const GPtrArray *all, const char *id, guint32 first, const char *what,
			     GError **error)
{
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
	gsize bytes = 0;

	for (guint i = 0; i < all->len; i++) {
		Entry *entry = entry_of(all->pdata[i], id, first + i, what, error);

		if (!entry)
			return NULL;
		g_ptr_array_add(entries, entry);
		bytes += strlen(entry->text);
		if (bytes > PV_OSV_ENTRIES_BYTES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "%s: more than %" G_GSIZE_FORMAT
					    " bytes for the packages it affects",
					    what, (gsize)PV_OSV_ENTRIES_BYTES_MAX);
	}
	return g_steal_pointer(&entries);
}

/*
 * Where the entries of a record begin. Some exporters write one advisory as several records of one
 * id, a release each: they add to each other.
 */
static gboolean find_first(PvDatabaseWriter *writer, const char *id, guint32 *ret_number,
			   GError **error)
{
	guint8 key[PV_DATABASE_KEY_BYTES_MAX];
	gsize size = pv_database_key("", PV_DATABASE_RECORD_NAME, id, 0, key);
	MDB_val name = { size, key }, value;
	int code = mdb_get(writer->txn, writer->dbi, &name, &value);

	if (code != 0 && code != MDB_NOTFOUND) {
		writer->failed = TRUE;
		return fail(code, "be read", error);
	}
	*ret_number = 0;
	if (code == 0)
		memcpy(ret_number, value.mv_data, sizeof *ret_number);
	*ret_number = GUINT32_FROM_BE(*ret_number);
	return TRUE;
}

static gboolean has_room_for(PvDatabaseWriter *writer, const GPtrArray *all, const char *what,
			     GError **error)
{
	guint fresh = 0;

	for (guint i = 0; i < all->len; i++)
		fresh += !g_hash_table_contains(writer->ecosystems,
						((PvOsvAffected *)all->pdata[i])->ecosystem);
	if (fresh == 0 || g_hash_table_size(writer->ecosystems) + fresh <= PV_ECOSYSTEMS_MAX)
		return TRUE;
	return pv_fail(error, PV_ERROR_LIMIT, "%s: more than %d ecosystems in one database", what,
		       PV_ECOSYSTEMS_MAX);
}

static void count(PvDatabaseWriter *writer, const char *ecosystem)
{
	guint before = GPOINTER_TO_UINT(g_hash_table_lookup(writer->ecosystems, ecosystem));

	g_hash_table_insert(writer->ecosystems, g_strdup(ecosystem), GUINT_TO_POINTER(before + 1));
}

static gboolean put_all(PvDatabaseWriter *writer, const char *id, guint32 first,
			const GPtrArray *entries, GError **error)
{
	guint32 next = GUINT32_TO_BE(first + entries->len);
	guint8 key[PV_DATABASE_KEY_BYTES_MAX];
	gsize size = pv_database_key("", PV_DATABASE_RECORD_NAME, id, 0, key);

	if (!put(writer, key, size, &next, sizeof next, error))
		return FALSE;
	for (guint i = 0; i < entries->len; i++) {
		const Entry *entry = entries->pdata[i];

		if (!put(writer, entry->key, entry->key_size, entry->text, strlen(entry->text),
			 error))
			return FALSE;
		count(writer, entry->ecosystem);
		writer->entries++;
	}
	return TRUE;
}

gboolean pv_database_writer_add(PvDatabaseWriter *writer, GBytes *record, const char *what,
				GError **error)
{
	g_autofree char *id = NULL;
	g_autoptr(GPtrArray) all = pv_osv_parse(record, what, &id, error);
	g_autoptr(GPtrArray) entries = NULL;
	guint32 first;

	if (!all || !has_room_for(writer, all, what, error) ||
	    !find_first(writer, id, &first, error))
		return FALSE;
	entries = entries_of(all, id, first, what, error);
	if (!entries)
		return FALSE;
	if (writer->records >= PV_OSV_RECORDS_MAX) {
		writer->failed = TRUE;
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d records", PV_OSV_RECORDS_MAX);
	}
	if (!put_all(writer, id, first, entries, error)) {
		writer->failed = TRUE;
		return FALSE;
	}
	writer->records++;
	return TRUE;
}

gboolean pv_database_writer_has_failed(const PvDatabaseWriter *writer)
{
	return writer->failed;
}

guint64 pv_database_writer_records(const PvDatabaseWriter *writer)
{
	return writer->records;
}

static void feed(PvHasher *hasher, const MDB_val *value)
{
	guint64 size = GUINT64_TO_BE((guint64)value->mv_size);

	pv_hasher_feed(hasher, &size, sizeof size);
	pv_hasher_feed(hasher, value->mv_data, value->mv_size);
}

/* Of all keys and values in their order: equal for equal records, however they came. */
static gboolean digest_of(PvDatabaseWriter *writer, char *ret_digest, GError **error)
{
	PvHasher *hasher = pv_hasher_new(PV_HASH_SHA256);
	MDB_val key, value;
	MDB_cursor *cursor;
	PvDigest digest;
	int code = mdb_cursor_open(writer->txn, writer->dbi, &cursor);

	if (code == 0) {
		while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
			feed(hasher, &key);
			feed(hasher, &value);
		}
		mdb_cursor_close(cursor);
	}
	digest = pv_hasher_finish(hasher);
	pv_digest_format(&digest, ret_digest);
	return code == MDB_NOTFOUND || fail(code, "be read", error);
}

static gboolean write_about(PvDatabaseWriter *writer, const json_t *sources, guint64 skipped,
			    GError **error)
{
	json_t *ecosystems = json_object();
	g_autoptr(json_t) about = NULL;
	gboolean done;
	char *text;
	char created[PV_TIME_TEXT_SIZE], digest[PV_DIGEST_TEXT_SIZE];
	GHashTableIter iter;
	void *name, *number;

	if (!digest_of(writer, digest, error)) {
		json_decref(ecosystems);
		return FALSE;
	}
	g_hash_table_iter_init(&iter, writer->ecosystems);
	while (g_hash_table_iter_next(&iter, &name, &number))
		json_object_set_new(ecosystems, name, json_integer(GPOINTER_TO_UINT(number)));
	pv_time_format(pv_time_now(), created);
	about = json_pack("{s:i, s:s, s:s, s:I, s:I, s:I, s:O, s:o}", "schema", PV_DATABASE_SCHEMA,
			  "created", created, "digest", digest, "records",
			  (json_int_t)writer->records, "entries", (json_int_t)writer->entries,
			  "skipped", (json_int_t)skipped, "sources", sources, "ecosystems",
			  ecosystems);
	text = json_dumps(about, JSON_COMPACT | JSON_SORT_KEYS);
	done = put(writer, (const guint8 *)PV_DATABASE_ABOUT_KEY, sizeof PV_DATABASE_ABOUT_KEY,
		   text, strlen(text), error);
	free(text);
	return done;
}

static gboolean sync_file(const char *path, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gboolean done = fd >= 0 && fchmod(fd, 0444) == 0 && fsync(fd) == 0;

	if (!done)
		pv_fail_errno(error, errno, "cannot sync %s", path);
	if (fd >= 0)
		close(fd);
	return done;
}

gboolean pv_database_writer_finish(PvDatabaseWriter *writer, const json_t *sources, guint64 skipped,
				   GError **error)
{
	g_autofree char *directory = g_path_get_dirname(writer->path);
	int code;

	if (!write_about(writer, sources, skipped, error) || !commit(writer, error))
		return FALSE;
	code = mdb_env_sync(writer->env, 1);
	if (code != 0)
		return fail(code, "be synced", error);
	mdb_env_close(writer->env);
	writer->env = NULL;
	if (!sync_file(writer->temporary, error))
		return FALSE;
	if (rename(writer->temporary, writer->path) != 0)
		return pv_fail_errno(error, errno, "cannot rename %s", writer->temporary);
	g_clear_pointer(&writer->temporary, g_free);
	code = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (code >= 0) {
		fsync(code);
		close(code);
	}
	return TRUE;
}
