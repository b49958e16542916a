/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Transactions, and what happens when the database goes away in one: nothing of it is there, so it
 * is begun again. Whether a commit whose answer was lost took place is for the work itself to see.
 */

#include "base/error.h"
#include "store/store_private.h"

#define PAUSE_MS 100 /* between two attempts */

PvSqlResult *pv_session_query(PvStoreSession *session, GError **error, PvStatement which,
			      const PvSqlValue *values, guint count)
{
	return session->store->driver->query(session->connection, which, values, count, error);
}

static gboolean attempt_write(PvStoreSession *session, PvStoreWork work, void *data, GError **error)
{
	const PvStoreDriver *driver = session->store->driver;
	gboolean done = FALSE;

	session->connection = pv_store_pool_take(session->store->pool, error);
	if (!session->connection)
		return FALSE;
	if (driver->begin(session->connection, error)) {
		done = work(session, data, error);
		if (!done)
			driver->rollback(session->connection);
		else
			done = driver->commit(session->connection, error);
	}
	pv_store_pool_give(session->store->pool, session->connection);
	return done;
}

gboolean pv_store_write(PvStore *store, PvStoreWork work, void *data, GError **error)
{
	PvStoreSession session = { store, NULL, 0 };
	gint64 until = g_get_monotonic_time() + PV_STORE_RETRY_MS * 1000;

	for (;; session.attempt++) {
		g_autoptr(GError) failure = NULL;

		if (attempt_write(&session, work, data, &failure))
			return TRUE;
		if (!g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE) ||
		    g_get_monotonic_time() > until) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (session.attempt > 0)
			g_usleep(PAUSE_MS * 1000);
	}
}

gboolean pv_store_read(PvStore *store, PvStoreWork work, void *data, GError **error)
{
	PvStoreSession session = { store, NULL, 0 };

	for (;; session.attempt++) {
		g_autoptr(GError) failure = NULL;
		gboolean done;

		session.connection = pv_store_pool_take(store->pool, error);
		if (!session.connection)
			return FALSE;
		done = work(&session, data, &failure);
		pv_store_pool_give(store->pool, session.connection);
		if (done)
			return TRUE;
		if (session.attempt > 0 ||
		    !g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
	}
}
