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
#include "vuln/database.h"
#include "vuln/database_private.h"
#include "vuln/osv.h"

#define COMMIT_EVERY 20000 /* entries in one transaction */
#define MAP_STEP     (256 * PV_MIB)

struct PvDatabaseWriter {
	char *path, *temporary;
	int lock;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	guint pending; /* entries in @txn */
	guint64 records, entries;
	GHashTable *ecosystems; /* name → count */
};

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

/* The map is full or the transaction large: what is there is committed and the map grows. */
static gboolean make_room(PvDatabaseWriter *writer, GError **error)
{
	MDB_envinfo info;
	int code;

	if (!commit(writer, error))
		return FALSE;
	mdb_env_info(writer->env, &info);
	if ((info.me_last_pgno + 1) * 4096 + MAP_STEP / 2 > info.me_mapsize) {
		if (info.me_mapsize + MAP_STEP > PV_DATABASE_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "the advisory database grows beyond "
				       "%" G_GSIZE_FORMAT " bytes",
				       (gsize)PV_DATABASE_BYTES_MAX);
		code = mdb_env_set_mapsize(writer->env, info.me_mapsize + MAP_STEP);
		if (code != 0)
			return fail(code, "grow", error);
	}
	return begin(writer, error);
}

static gboolean put(PvDatabaseWriter *writer, const guint8 *key, gsize key_size, const char *text,
		    gsize size, GError **error)
{
	MDB_val name = { key_size, (void *)key }, value = { size, (void *)text };
	int code = mdb_put(writer->txn, writer->dbi, &name, &value, 0);

	if (code != 0)
		return fail(code, "take an entry", error);
	/* A quarter of a map step is more than COMMIT_EVERY entries of common size need. */
	if (++writer->pending >= COMMIT_EVERY || size > MAP_STEP / 64)
		return make_room(writer, error);
	return TRUE;
}

static void count(PvDatabaseWriter *writer, const char *ecosystem)
{
	guint before = GPOINTER_TO_UINT(g_hash_table_lookup(writer->ecosystems, ecosystem));

	g_hash_table_insert(writer->ecosystems, g_strdup(ecosystem), GUINT_TO_POINTER(before + 1));
}

static gboolean add_one(PvDatabaseWriter *writer, const PvOsvAffected *affected, guint number,
			const char *what, GError **error)
{
	guint8 key[PV_DATABASE_KEY_BYTES_MAX];
	gsize size = pv_database_key(affected->ecosystem, affected->name,
				     pv_json_string(affected->entry, "id"), number, key);
	char *text;
	gboolean done;

	if (size == 0)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: the package name \"%.64s…\" is too long",
			       what, affected->name);
	text = json_dumps(affected->entry, JSON_COMPACT);
	done = put(writer, key, size, text, strlen(text), error);
	free(text);
	if (done)
		count(writer, affected->ecosystem);
	writer->entries += done;
	return done;
}

gboolean pv_database_writer_add(PvDatabaseWriter *writer, GBytes *record, const char *what,
				GError **error)
{
	g_autoptr(GPtrArray) all = pv_osv_parse(record, what, error);

	if (!all)
		return FALSE;
	if (writer->records >= PV_OSV_RECORDS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d records", PV_OSV_RECORDS_MAX);
	for (guint i = 0; i < all->len; i++) {
		if (!add_one(writer, all->pdata[i], i, what, error))
			return FALSE;
	}
	writer->records++;
	return TRUE;
}

guint64 pv_database_writer_records(const PvDatabaseWriter *writer)
{
	return writer->records;
}

static gboolean write_about(PvDatabaseWriter *writer, const json_t *sources, guint64 skipped,
			    GError **error)
{
	json_t *ecosystems = json_object();
	g_autoptr(json_t) about = NULL;
	g_autofree char *text = NULL;
	char created[PV_TIME_TEXT_SIZE];
	GHashTableIter iter;
	void *name, *number;

	g_hash_table_iter_init(&iter, writer->ecosystems);
	while (g_hash_table_iter_next(&iter, &name, &number))
		json_object_set_new(ecosystems, name, json_integer(GPOINTER_TO_UINT(number)));
	pv_time_format(pv_time_now(), created);
	about = json_pack("{s:i, s:s, s:I, s:I, s:I, s:O, s:o}", "schema", PV_DATABASE_SCHEMA,
			  "created", created, "records", (json_int_t)writer->records, "entries",
			  (json_int_t)writer->entries, "skipped", (json_int_t)skipped, "sources",
			  sources, "ecosystems", ecosystems);
	text = pv_json_text(about, FALSE);
	return put(writer, (const guint8 *)PV_DATABASE_ABOUT_KEY, sizeof PV_DATABASE_ABOUT_KEY,
		   text, strlen(text), error);
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
