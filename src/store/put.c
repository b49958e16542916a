/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One file into the store: of its pieces only those that the version before it did not have are
 * written; those that it had and this one has not are marked, to go when that version goes.
 */

#include <string.h>

#include "base/error.h"
#include "store/pieces.h"
#include "store/store_private.h"

#define HASH_BYTES 32

static GPtrArray *many(PvStoreSession *session, PvStatement which, const PvSqlValue *values,
		       guint count, guint rows, GError **error)
{
	return session->store->driver->query_many(session->connection, which, values, count, rows,
						  error);
}

/* The set of hashes in a recipe. */
static GHashTable *hashes_in(GBytes *recipe)
{
	GHashTable *set = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
						(GDestroyNotify)g_bytes_unref, NULL);
	gsize size = recipe ? g_bytes_get_size(recipe) : 0;

	for (gsize at = 0; at + HASH_BYTES <= size; at += HASH_BYTES)
		g_hash_table_add(set, g_bytes_new_from_bytes(recipe, at, HASH_BYTES));
	return set;
}

/* (transfer full): of const PvPiece *: those of @pieces that are not in @known, each once. */
static GPtrArray *fresh_pieces(const GArray *pieces, GHashTable *known)
{
	g_autoptr(GHashTable) seen = hashes_in(NULL);
	GPtrArray *fresh = g_ptr_array_new();

	for (guint i = 0; i < pieces->len; i++) {
		const PvPiece *piece = &g_array_index(pieces, PvPiece, i);
		g_autoptr(GBytes) hash = g_bytes_new(piece->sha256.raw, HASH_BYTES);

		if (g_hash_table_contains(known, hash) || g_hash_table_contains(seen, hash))
			continue;
		g_hash_table_add(seen, g_steal_pointer(&hash));
		g_ptr_array_add(fresh, (void *)piece);
	}
	return fresh;
}

/* Of @fresh, removes those that are stored still, for an older version: they are in use again. */
static gboolean revive_pieces(PvStoreSession *session, const char *gun, const char *role,
			      GPtrArray *fresh, GError **error)
{
	g_autofree PvSqlValue *values = g_new0(PvSqlValue, 3 * (gsize)fresh->len + 1);
	g_autoptr(GPtrArray) results = NULL;

	for (guint i = 0; i < fresh->len; i++) {
		const PvPiece *piece = fresh->pdata[i];

		values[3 * i] = pv_sql_text(gun);
		values[3 * i + 1] = pv_sql_text(role);
		values[3 * i + 2] = pv_sql_digest(&piece->sha256);
	}
	results = many(session, PV_SQL_REVIVE_PIECE, values, 3, fresh->len, error);
	if (!results)
		return FALSE;
	for (guint i = fresh->len; i > 0; i--) {
		if (((PvSqlResult *)results->pdata[i - 1])->changed > 0)
			g_ptr_array_remove_index(fresh, i - 1);
	}
	return TRUE;
}

static gboolean insert_pieces(PvStoreSession *session, const char *gun, const PvStoreUpdate *update,
			      const GPtrArray *fresh, gint64 *bytes, GError **error)
{
	g_autofree PvSqlValue *values = g_new0(PvSqlValue, 5 * (gsize)fresh->len + 1);
	const guint8 *data = g_bytes_get_data(update->data, NULL);
	g_autoptr(GPtrArray) results = NULL;

	for (guint i = 0; i < fresh->len; i++) {
		const PvPiece *piece = fresh->pdata[i];

		values[5 * i] = pv_sql_text(gun);
		values[5 * i + 1] = pv_sql_text(update->role);
		values[5 * i + 2] = pv_sql_digest(&piece->sha256);
		values[5 * i + 3] = pv_sql_integer((gint64)piece->size);
		values[5 * i + 4] = pv_sql_bytes(data + piece->offset, piece->size);
		*bytes += (gint64)piece->size;
	}
	results = many(session, PV_SQL_INSERT_PIECE, values, 5, fresh->len, error);
	return results != NULL;
}

/* Those of @known that are not in @now belong to version @last and older ones only. */
static gboolean drop_pieces(PvStoreSession *session, const char *gun, const char *role,
			    GHashTable *known, GHashTable *now, gint64 last, GError **error)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(PvSqlValue));
	g_autoptr(GPtrArray) results = NULL;
	GHashTableIter iter;
	void *hash;

	g_hash_table_iter_init(&iter, known);
	while (g_hash_table_iter_next(&iter, &hash, NULL)) {
		PvSqlValue row[] = {
			pv_sql_text(gun),
			pv_sql_text(role),
			pv_sql_bytes(g_bytes_get_data(hash, NULL), HASH_BYTES),
			pv_sql_integer(last),
		};

		if (!g_hash_table_contains(now, hash))
			g_array_append_vals(values, row, G_N_ELEMENTS(row));
	}
	results = many(session, PV_SQL_DROP_PIECE, (PvSqlValue *)values->data, 4, values->len / 4,
		       error);
	return results != NULL;
}

/* (transfer full): the hashes of @pieces, one after the other. */
static GBytes *recipe_of(const GArray *pieces)
{
	g_autoptr(GByteArray) recipe = g_byte_array_new();

	for (guint i = 0; i < pieces->len; i++)
		g_byte_array_append(recipe, g_array_index(pieces, PvPiece, i).sha256.raw,
				    HASH_BYTES);
	return g_byte_array_free_to_bytes(g_steal_pointer(&recipe));
}

/* @before: the recipe of version @last, the newest; NULL if there is none. */
static gboolean put_pieces(PvStoreSession *session, const char *gun, const PvStoreUpdate *update,
			   GBytes *before, gint64 last, gint64 *bytes, GBytes **ret_recipe,
			   GError **error)
{
	gsize size;
	const void *data = g_bytes_get_data(update->data, &size);
	g_autoptr(GArray) pieces = pv_pieces_split(data, size);
	g_autoptr(GBytes) recipe = recipe_of(pieces);
	g_autoptr(GHashTable) known = hashes_in(before);
	g_autoptr(GHashTable) now = hashes_in(recipe);
	g_autoptr(GPtrArray) fresh = fresh_pieces(pieces, known);

	if (!revive_pieces(session, gun, update->role, fresh, error) ||
	    !insert_pieces(session, gun, update, fresh, bytes, error) ||
	    !drop_pieces(session, gun, update->role, known, now, last, error))
		return FALSE;
	*ret_recipe = g_steal_pointer(&recipe);
	return TRUE;
}

gboolean pv_store_put_file(PvStoreSession *session, const char *gun, const PvStoreUpdate *update,
			   PvTime created, gint64 *bytes, GError **error)
{
	g_autoptr(PvSqlResult) newest = pv_session_run(session, error, PV_SQL_NEWEST,
						       pv_sql_text(gun), pv_sql_text(update->role));
	PvDigest sha256 = update->sha256 ? *update->sha256 : pv_store_digest(update->data);
	g_autoptr(PvSqlResult) inserted = NULL;
	g_autoptr(GBytes) recipe = NULL;
	gint64 highest = 0;

	if (!newest)
		return FALSE;
	if (pv_sql_rows(newest) > 0)
		highest = pv_sql_get_integer(newest, 0, 0);
	if (highest >= update->version)
		return pv_fail(error, PV_ERROR_CONFLICT,
			       "version %" G_GINT64_FORMAT " of %s of %s is stored already",
			       highest, update->role, gun);
	if (!put_pieces(session, gun, update,
			pv_sql_rows(newest) ? pv_sql_get_bytes(newest, 0, 2) : NULL, highest, bytes,
			&recipe, error))
		return FALSE;
	inserted = pv_session_run(session, error, PV_SQL_INSERT_FILE, pv_sql_text(gun),
				  pv_sql_text(update->role), pv_sql_integer(update->version),
				  pv_sql_digest(&sha256), pv_sql_integer(created.seconds),
				  pv_sql_integer(update->expires.seconds),
				  pv_sql_bytes(g_bytes_get_data(recipe, NULL),
					       g_bytes_get_size(recipe)));
	return inserted != NULL;
}
