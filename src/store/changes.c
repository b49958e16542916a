/* SPDX-License-Identifier: Apache-2.0 */

/* The change feed. Ids come from a counter whose lock is the last that a transaction takes. */

#include "base/error.h"
#include "store/store_private.h"

void pv_store_change_free(PvStoreChange *change)
{
	g_free(change->gun);
	g_free(change->sha256);
	g_free(change);
}

gboolean pv_store_add_change(PvStoreSession *session, const PvStoreChange *change, GError **error)
{
	g_autoptr(PvSqlResult) next = pv_session_query(session, error, PV_SQL_NEXT_CHANGE, NULL, 0);
	g_autoptr(PvSqlResult) added = NULL;

	if (!next)
		return FALSE;
	if (pv_sql_rows(next) != 1)
		return pv_fail(error, PV_ERROR_IO, "the store's counter of changes is missing");
	added = pv_session_run(session, error, PV_SQL_INSERT_CHANGE,
			       pv_sql_integer(pv_sql_get_integer(next, 0, 0)),
			       pv_sql_integer(change->created.seconds),
			       pv_sql_integer(change->created.nanoseconds),
			       pv_sql_text(change->gun), pv_sql_integer(change->version),
			       pv_sql_text(change->sha256), pv_sql_integer(change->is_deletion));
	return added != NULL;
}

typedef struct {
	const char *gun;
	gint64 after, records;
	GPtrArray *found;
} Feed;

static PvStoreChange *change_of(const PvSqlResult *result, guint row)
{
	PvStoreChange *change = g_new0(PvStoreChange, 1);

	change->id = pv_sql_get_integer(result, row, 0);
	change->created = (PvTime){ pv_sql_get_integer(result, row, 1),
				    (gint32)pv_sql_get_integer(result, row, 2) };
	change->gun = g_strdup(pv_sql_get_text(result, row, 3));
	change->version = pv_sql_get_integer(result, row, 4);
	change->sha256 = g_strdup(pv_sql_get_text(result, row, 5));
	change->is_deletion = pv_sql_get_integer(result, row, 6) != 0;
	return change;
}

static gboolean read_feed(PvStoreSession *session, void *data, GError **error)
{
	Feed *feed = data;
	gboolean back = feed->records < 0;
	PvStatement which = back ? PV_SQL_CHANGES_BEFORE : PV_SQL_CHANGES_AFTER;
	PvSqlValue values[] = {
		pv_sql_integer(back && feed->after < 1 ? G_MAXINT64 : feed->after),
		pv_sql_integer(back ? -feed->records : feed->records),
		pv_sql_text(feed->gun),
	};
	g_autoptr(PvSqlResult) result = NULL;
	guint rows;

	if (feed->gun)
		which = back ? PV_SQL_GUN_CHANGES_BEFORE : PV_SQL_GUN_CHANGES_AFTER;
	result = pv_session_query(session, error, which, values, feed->gun ? 3 : 2);
	if (!result)
		return FALSE;
	rows = pv_sql_rows(result);
	for (guint i = 0; i < rows; i++)
		g_ptr_array_add(feed->found, change_of(result, back ? rows - 1 - i : i));
	return TRUE;
}

GPtrArray *pv_store_changes(PvStore *store, const char *gun, gint64 after, gint64 records,
			    GError **error)
{
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_store_change_free);
	Feed feed = { gun, after, records, found };

	if (after < 0 && records > 0)
		return g_steal_pointer(&found); /* what comes after the newest: nothing yet */
	if (!pv_store_read(store, read_feed, &feed, error))
		return NULL;
	return g_steal_pointer(&found);
}
