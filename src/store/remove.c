/* SPDX-License-Identifier: Apache-2.0 */

/* Removing a GUN, and finding those whose timestamp is to be renewed. */

#include "base/error.h"
#include "store/store_private.h"

typedef struct {
	const char *gun;
	PvTime now;
} Removal;

static gboolean remove_gun(PvStoreSession *session, void *data, GError **error)
{
	static const PvStatement tables[] = { PV_SQL_REMOVE_FILES, PV_SQL_REMOVE_PIECES,
					      PV_SQL_REMOVE_ATTESTATIONS };
	const Removal *removal = data;
	PvStoreChange change = { 0, removal->now, (char *)removal->gun, 0, (char *)"", TRUE };
	/* First the row: it is the lock. */
	g_autoptr(PvSqlResult) row =
		pv_session_run(session, error, PV_SQL_REMOVE_REPOSITORY, pv_sql_text(removal->gun));
	gint64 guns;

	if (!row)
		return FALSE;
	if (row->changed == 0)
		return TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
		g_autoptr(PvSqlResult) removed =
			pv_session_run(session, error, tables[i], pv_sql_text(removal->gun));

		if (!removed)
			return FALSE;
	}
	return pv_store_count_gun(session, -1, &guns, error) &&
	       pv_store_add_change(session, &change, error);
}

gboolean pv_store_remove(PvStore *store, const char *gun, PvTime now, GError **error)
{
	Removal removal = { gun, now };
	gboolean done = pv_store_write(store, remove_gun, &removal, error);

	pv_store_watch_changed(store->watch, gun);
	return done;
}

typedef struct {
	PvTime now, before;
	guint max;
	GPtrArray *guns;
} Expiring;

static gboolean claim_expiring(PvStoreSession *session, void *data, GError **error)
{
	Expiring *expiring = data;
	g_autoptr(PvSqlResult) claimed =
		pv_session_run(session, error, PV_SQL_CLAIM_EXPIRING,
			       pv_sql_integer(expiring->before.seconds),
			       pv_sql_integer(expiring->now.seconds),
			       pv_sql_integer(expiring->now.seconds + PV_STORE_CLAIM_S),
			       pv_sql_integer(expiring->max));

	if (!claimed)
		return FALSE;
	g_ptr_array_set_size(expiring->guns, 0);
	for (guint i = 0; i < pv_sql_rows(claimed); i++)
		g_ptr_array_add(expiring->guns, g_strdup(pv_sql_get_text(claimed, i, 0)));
	return TRUE;
}

GPtrArray *pv_store_expiring(PvStore *store, PvTime now, PvTime before, guint max, GError **error)
{
	g_autoptr(GPtrArray) guns = g_ptr_array_new_with_free_func(g_free);
	Expiring expiring = { now, before, max, guns };

	if (!pv_store_write(store, claim_expiring, &expiring, error))
		return NULL;
	return g_steal_pointer(&guns);
}
