/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading the advisory database. LMDB trusts its file, so the file must be one that import made:
 * it is opened read-only, without locks, and its size is set before it is mapped.
 */

#include "vuln/database.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "vuln/database_private.h"

struct PvDatabase {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	json_t *about;
};

char *pv_database_path(const char *named)
{
	const char *from_environment = g_getenv("PAVISE_DB");

	if (named)
		return g_strdup(named);
	if (from_environment && *from_environment)
		return g_strdup(from_environment);
	if (getuid() == 0)
		return g_strdup("/var/lib/pavise/advisories.mdb");
	return g_build_filename(g_get_user_data_dir(), "pavise", "advisories.mdb", NULL);
}

void pv_database_close(PvDatabase *database)
{
	if (!database)
		return;
	if (database->txn)
		mdb_txn_abort(database->txn);
	if (database->env)
		mdb_env_close(database->env);
	json_decref(database->about);
	g_free(database);
}

static gboolean read_about(PvDatabase *database, const char *path, GError **error)
{
	MDB_val key = { sizeof PV_DATABASE_ABOUT_KEY, (void *)PV_DATABASE_ABOUT_KEY };
	g_autoptr(GBytes) text = NULL;
	json_t *schema;
	MDB_val value;

	if (mdb_get(database->txn, database->dbi, &key, &value) != 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s is no advisory database", path);
	text = g_bytes_new(value.mv_data, value.mv_size);
	database->about = pv_json_load(text, PV_DATABASE_ABOUT_BYTES_MAX, path, error);
	if (!database->about)
		return FALSE;
	schema = json_object_get(database->about, "schema");
	if (json_integer_value(schema) != PV_DATABASE_SCHEMA)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s has schema %d, this program reads %d; import it again", path,
			       (int)json_integer_value(schema), PV_DATABASE_SCHEMA);
	return TRUE;
}

/* A file that was cut off would end the process with SIGBUS when the missing pages are touched. */
static gboolean is_whole(MDB_env *env, gsize size)
{
	MDB_envinfo info;
	MDB_stat pages;

	return mdb_env_info(env, &info) == 0 && mdb_env_stat(env, &pages) == 0 &&
	       (info.me_last_pgno + 1) * pages.ms_psize <= size;
}

/* LMDB's pages begin with their number and flags; the meta page's magic is at byte 16. */
static gboolean looks_like_lmdb(int fd)
{
	guint32 magic = 0;

	return pread(fd, &magic, sizeof magic, 16) == sizeof magic && magic == 0xBEEFC0DE;
}

static gboolean map_file(PvDatabase *database, const char *path, GError **error)
{
	g_autofree char *by_fd = NULL;
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code;

	if (fd < 0) {
		if (errno == ENOENT)
			return pv_fail(error, PV_ERROR_NOT_FOUND,
				       "there is no advisory database at %s; make one with `pavise "
				       "db update` or `pavise db import`",
				       path);
		return pv_fail_errno(error, errno, "cannot open %s", path);
	}
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || !looks_like_lmdb(fd) ||
	    (guint64)status.st_size > PV_DATABASE_BYTES_MAX) {
		close(fd);
		return pv_fail(error, PV_ERROR_SYNTAX, "%s is no advisory database", path);
	}
	by_fd = g_strdup_printf("/proc/self/fd/%d", fd);
	code = mdb_env_create(&database->env);
	if (code == 0)
		code = mdb_env_set_mapsize(database->env, (gsize)status.st_size);
	if (code == 0)
		code = mdb_env_open(database->env, by_fd, MDB_RDONLY | MDB_NOLOCK | MDB_NOSUBDIR,
				    0);
	close(fd);
	if (code == 0 && !is_whole(database->env, (gsize)status.st_size))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s is cut off; import it again", path);
	if (code == 0)
		code = mdb_txn_begin(database->env, NULL, MDB_RDONLY, &database->txn);
	if (code == 0)
		code = mdb_dbi_open(database->txn, NULL, 0, &database->dbi);
	if (code != 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s cannot be read: %s", path,
			       mdb_strerror(code));
	return TRUE;
}

PvDatabase *pv_database_open(const char *path, GError **error)
{
	g_autoptr(PvDatabase) database = g_new0(PvDatabase, 1);

	if (!map_file(database, path, error) || !read_about(database, path, error))
		return NULL;
	return g_steal_pointer(&database);
}

const json_t *pv_database_about(const PvDatabase *database)
{
	return database->about;
}

gboolean pv_database_covers(const PvDatabase *database, const char *ecosystem)
{
	return json_object_get(json_object_get(database->about, "ecosystems"), ecosystem) != NULL;
}

gsize pv_database_key(const char *ecosystem, const char *name, const char *id, guint32 number,
		      guint8 *ret_key)
{
	const char *const parts[] = { ecosystem, name, id };
	gsize size = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(parts) && parts[i]; i++) {
		gsize length = strlen(parts[i]) + 1;

		if (size + length + sizeof number > PV_DATABASE_KEY_BYTES_MAX)
			return 0;
		memcpy(ret_key + size, parts[i], length);
		size += length;
	}
	if (id) {
		guint32 big = GUINT32_TO_BE(number);

		memcpy(ret_key + size, &big, sizeof big);
		size += sizeof big;
	}
	return size;
}

json_t *pv_database_find(PvDatabase *database, const char *ecosystem, const char *name,
			 GError **error)
{
	guint8 prefix[PV_DATABASE_KEY_BYTES_MAX];
	gsize size = pv_database_key(ecosystem, name, NULL, 0, prefix);
	g_autoptr(json_t) found = json_array();
	MDB_val key = { size, prefix }, value;
	MDB_cursor *cursor;
	int code;

	if (size == 0) /* import refuses such names, so nothing is known of this one */
		return g_steal_pointer(&found);
	code = mdb_cursor_open(database->txn, database->dbi, &cursor);
	if (code != 0)
		return pv_fail_null(error, PV_ERROR_IO, "the advisory database: %s",
				    mdb_strerror(code));
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (code == 0 && key.mv_size > size && memcmp(key.mv_data, prefix, size) == 0) {
		json_t *entry = json_loadb(value.mv_data, value.mv_size, 0, NULL);

		if (entry)
			json_array_append_new(found, entry);
		code = entry ? mdb_cursor_get(cursor, &key, &value, MDB_NEXT) : MDB_CORRUPTED;
	}
	mdb_cursor_close(cursor);
	if (code != 0 && code != MDB_NOTFOUND)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "the advisory database is damaged at %s; import it again",
				    name);
	return g_steal_pointer(&found);
}
