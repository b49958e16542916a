/* SPDX-License-Identifier: Apache-2.0 */

/* Reading: a file is put together from its pieces and has the hash it was stored under. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "store/pieces.h"
#include "store/store_private.h"

void pv_stored_file_clear(PvStoredFile *file)
{
	g_clear_pointer(&file->data, g_bytes_unref);
}

typedef struct {
	const char *gun, *role;
	const PvDigest *sha256;
	gint64 version;
	PvStoredFile file;
} Get;

#define HASH_BYTES 32

static gboolean fail_missing(const Get *get, GError **error)
{
	return pv_fail(error, PV_ERROR_NOT_FOUND, "no %s of %s is stored", get->role, get->gun);
}

/* (transfer full): the pieces that @recipe names, one after the other. */
static GBytes *joined_pieces(PvStoreSession *session, const Get *get, GBytes *recipe,
			     GError **error)
{
	gsize size;
	const guint8 *hashes = g_bytes_get_data(recipe, &size);
	guint count = (guint)(size / HASH_BYTES);
	g_autofree PvSqlValue *values = g_new0(PvSqlValue, 3 * (gsize)count + 1);
	g_autoptr(GPtrArray) results = NULL;
	g_autoptr(GByteArray) data = g_byte_array_new();

	for (guint i = 0; i < count; i++) {
		values[3 * i] = pv_sql_text(get->gun);
		values[3 * i + 1] = pv_sql_text(get->role);
		values[3 * i + 2] = pv_sql_bytes(hashes + i * HASH_BYTES, HASH_BYTES);
	}
	results = session->store->driver->query_many(session->connection, PV_SQL_GET_PIECE, values,
						     3, count, error);
	if (!results)
		return NULL;
	for (guint i = 0; i < results->len; i++) {
		const PvSqlResult *result = results->pdata[i];
		GBytes *piece = pv_sql_rows(result) == 1 ? pv_sql_get_bytes(result, 0, 0) : NULL;

		/* It went since the recipe was read: so did the file. */
		if (!piece)
			return fail_missing(get, error), NULL;
		if (data->len + g_bytes_get_size(piece) > PV_FILE_BYTES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "the stored %s of %s is too large", get->role,
					    get->gun);
		g_byte_array_append(data, g_bytes_get_data(piece, NULL),
				    (guint)g_bytes_get_size(piece));
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&data));
}

static gboolean check_hash(const Get *get, GBytes *data, GBytes *stored, GError **error)
{
	gsize size, hash_size;
	const void *bytes = g_bytes_get_data(data, &size);
	const void *hash = g_bytes_get_data(stored, &hash_size);
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, bytes, size);

	if (hash_size == HASH_BYTES && memcmp(hash, digest.raw, HASH_BYTES) == 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_IO,
		       "the stored %s of %s was changed: it has not the hash it was stored under; "
		       "restore the store's files from a backup",
		       get->role, get->gun);
}

static PvSqlResult *found_row(PvStoreSession *session, const Get *get, GError **error)
{
	PvSqlValue gun = pv_sql_text(get->gun), role = pv_sql_text(get->role);

	if (get->sha256)
		return pv_session_run(session, error, PV_SQL_GET_HASH, gun, role,
				      pv_sql_digest(get->sha256));
	if (get->version > 0)
		return pv_session_run(session, error, PV_SQL_GET_VERSION, gun, role,
				      pv_sql_integer(get->version));
	return pv_session_run(session, error, PV_SQL_GET_NEWEST, gun, role);
}

static gboolean read_file(PvStoreSession *session, void *data, GError **error)
{
	Get *get = data;
	g_autoptr(PvSqlResult) row = found_row(session, get, error);
	g_autoptr(GBytes) bytes = NULL;
	GBytes *hash;

	if (!row)
		return FALSE;
	if (pv_sql_rows(row) == 0)
		return fail_missing(get, error);
	hash = pv_sql_get_bytes(row, 0, 2);
	if (pv_sql_get_bytes(row, 0, 4))
		bytes = g_bytes_ref(pv_sql_get_bytes(row, 0, 4));
	else
		bytes = joined_pieces(session, get, pv_sql_get_bytes(row, 0, 3), error);
	if (!bytes || !check_hash(get, bytes, hash, error))
		return FALSE;
	get->file.version = pv_sql_get_integer(row, 0, 0);
	get->file.created = (PvTime){ pv_sql_get_integer(row, 0, 1), 0 };
	get->file.sha256 = (PvDigest){ PV_HASH_SHA256, HASH_BYTES, { 0 } };
	memcpy(get->file.sha256.raw, g_bytes_get_data(hash, NULL), HASH_BYTES);
	get->file.data = g_steal_pointer(&bytes);
	return TRUE;
}

gboolean pv_store_get(PvStore *store, const char *gun, const char *role, const PvDigest *sha256,
		      gint64 version, PvStoredFile *ret_file, GError **error)
{
	Get get = { gun, role, sha256, version, { 0 } };

	if (!pv_store_read(store, read_file, &get, error))
		return FALSE;
	*ret_file = get.file;
	return TRUE;
}

guint64 pv_store_generation(PvStore *store, const char *gun)
{
	return pv_store_watch_generation(store->watch, gun);
}

static gboolean ask_anything(PvStoreSession *session, void *data, GError **error)
{
	g_autoptr(PvSqlResult) result = pv_session_query(session, error, PV_SQL_FEED, NULL, 0);

	return result != NULL;
}

gboolean pv_store_check(PvStore *store, GError **error)
{
	return pv_store_read(store, ask_anything, NULL, error);
}
