/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Taking a GUN over from another server with all its versions and its change feed, in one
 * transaction. Retention does not count here: what was imported goes when it is published over.
 */

#include <string.h>

#include "base/error.h"
#include "store/store_private.h"

typedef struct {
	const char *gun;
	const PvStoreUpdate *updates;
	guint count;
	GPtrArray *changes;
} Import;

/* (transfer none) (nullable): the one of the highest version. */
static const PvStoreUpdate *last_of(const Import *import, const char *role)
{
	const PvStoreUpdate *found = NULL;

	for (guint i = 0; i < import->count; i++) {
		if (strcmp(import->updates[i].role, role) == 0)
			found = &import->updates[i];
	}
	return found;
}

static gboolean check_order(const Import *import, GError **error)
{
	g_autoptr(GHashTable) last = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < import->count; i++) {
		const PvStoreUpdate *update = &import->updates[i];
		const PvStoreUpdate *before = g_hash_table_lookup(last, update->role);

		if (update->version <= (before ? before->version : 0))
			return pv_fail(error, PV_ERROR_USAGE,
				       "%s: version %" G_GINT64_FORMAT
				       " of %s does not come after the one before it",
				       import->gun, update->version, update->role);
		g_hash_table_insert(last, (char *)update->role, (void *)update);
	}
	if (!g_hash_table_contains(last, "root"))
		return pv_fail(error, PV_ERROR_USAGE, "%s has no root", import->gun);
	return TRUE;
}

/* Is everything there that this import would bring? */
static gboolean check_same(PvStoreSession *session, const Import *import, GError **error)
{
	for (guint i = 0; i < import->count; i++) {
		const PvStoreUpdate *update = &import->updates[i];
		PvDigest digest = pv_store_digest(update->data);
		g_autoptr(PvSqlResult) stored = NULL;
		GBytes *hash;

		if (update != last_of(import, update->role))
			continue;
		stored =
			pv_session_run(session, error, PV_SQL_GET_VERSION, pv_sql_text(import->gun),
				       pv_sql_text(update->role), pv_sql_integer(update->version));
		if (!stored)
			return FALSE;
		hash = pv_sql_rows(stored) ? pv_sql_get_bytes(stored, 0, 2) : NULL;
		if (!hash || g_bytes_get_size(hash) != digest.size ||
		    memcmp(g_bytes_get_data(hash, NULL), digest.raw, digest.size) != 0)
			return pv_fail(error, PV_ERROR_EXISTS, "%s is in the store with another %s",
				       import->gun, update->role);
	}
	return TRUE;
}

static gboolean add_changes(PvStoreSession *session, const Import *import, GError **error)
{
	const PvStoreUpdate *timestamp = last_of(import, "timestamp");
	g_autofree char *hex = NULL;
	PvStoreChange change;
	PvDigest digest;

	if (!import->changes && timestamp) {
		digest = pv_store_digest(timestamp->data);
		hex = pv_digest_hex(&digest);
		change = (PvStoreChange){
			0, timestamp->created, (char *)import->gun, timestamp->version, hex, FALSE
		};
		return pv_store_add_change(session, &change, error);
	}
	for (guint i = 0; import->changes && i < import->changes->len; i++) {
		if (!pv_store_add_change(session, import->changes->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

static gboolean import_work(PvStoreSession *session, void *data, GError **error)
{
	const Import *import = data;
	const PvStoreUpdate *timestamp = last_of(import, "timestamp");
	g_autoptr(PvSqlResult) settled = NULL;
	gint64 bytes = 0, guns;
	gboolean is_new;

	if (!pv_store_lock_gun(session, import->gun, &is_new, error))
		return FALSE;
	if (!is_new)
		return check_same(session, import, error);
	for (guint i = 0; i < import->count; i++) {
		if (!pv_store_put_file(session, import->gun, &import->updates[i],
				       import->updates[i].created, &bytes, error))
			return FALSE;
	}
	settled =
		pv_session_run(session, error, PV_SQL_SET_REPOSITORY, pv_sql_text(import->gun),
			       pv_sql_integer(bytes),
			       pv_sql_integer(timestamp ? timestamp->expires.seconds : G_MAXINT64));
	return settled && pv_store_count_gun(session, 1, &guns, error) &&
	       add_changes(session, import, error);
}

gboolean pv_store_import(PvStore *store, const char *gun, const PvStoreUpdate *updates, guint count,
			 GPtrArray *changes, GError **error)
{
	Import import = { gun, updates, count, changes };
	gboolean done;

	if (!check_order(&import, error))
		return FALSE;
	done = pv_store_write(store, import_work, &import, error);
	pv_store_watch_changed(store->watch, gun);
	return done;
}
