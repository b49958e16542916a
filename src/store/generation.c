/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pv_store_generation(): counters in memory, one for many GUNs, that rise when a GUN changes. Where
 * others write to the same database a thread follows the change feed: woken by the database's
 * notice, and by a clock in case that gets lost.
 */

#include "store/store_private.h"

#define SLOTS    4096
#define WAIT_MS  250  /* without a notice the feed is read again after this time */
#define RETRY_MS 250  /* between two attempts to connect */
#define STALE_MS 3000 /* without news for so long, nothing is known */
#define BATCH    1000

struct PvStoreWatch {
	const PvStoreDriver *driver;
	void *backend;
	GThread *thread; /* NULL where nobody else writes */
	GMutex lock;
	GCond wake;
	gboolean stopping;
	guint slots[SLOTS]; /* the members below are read and written atomically */
	guint epoch;        /* rises when changes may have been missed */
	gint64 seen_ms;     /* when the feed was read to its end; 0: not known */
};

static gint64 now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

static void changed(PvStoreWatch *watch, const char *gun)
{
	__atomic_add_fetch(&watch->slots[g_str_hash(gun) % SLOTS], 1, __ATOMIC_SEQ_CST);
}

void pv_store_watch_changed(PvStoreWatch *watch, const char *gun)
{
	changed(watch, gun);
}

guint64 pv_store_watch_generation(PvStoreWatch *watch, const char *gun)
{
	guint slot = __atomic_load_n(&watch->slots[g_str_hash(gun) % SLOTS], __ATOMIC_SEQ_CST);
	guint epoch = __atomic_load_n(&watch->epoch, __ATOMIC_SEQ_CST);

	if (watch->thread &&
	    now_ms() - __atomic_load_n(&watch->seen_ms, __ATOMIC_SEQ_CST) > STALE_MS)
		return 0;
	return ((guint64)epoch << 32) + slot;
}

/* Reads the feed from *@last on to its end. */
static gboolean read_feed(PvStoreWatch *watch, void *connection, gint64 *last, GError **error)
{
	gint64 began = now_ms();
	guint rows;

	do {
		PvSqlValue values[] = { pv_sql_integer(*last), pv_sql_integer(BATCH) };
		g_autoptr(PvSqlResult) result =
			watch->driver->query(connection, PV_SQL_CHANGES_AFTER, values,
					     G_N_ELEMENTS(values), error);

		if (!result)
			return FALSE;
		rows = pv_sql_rows(result);
		for (guint i = 0; i < rows; i++)
			changed(watch, pv_sql_get_text(result, i, 3));
		if (rows > 0)
			*last = pv_sql_get_integer(result, rows - 1, 0);
	} while (rows == BATCH);
	__atomic_store_n(&watch->seen_ms, began, __ATOMIC_SEQ_CST);
	return TRUE;
}

static gboolean is_stopping(PvStoreWatch *watch)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&watch->lock);

	return watch->stopping;
}

/* On one connection, until it is lost. */
static void follow(PvStoreWatch *watch, void *connection, GError **error)
{
	g_autoptr(PvSqlResult) end = NULL;
	gint64 last;

	/* Listen first, then look where the feed ends: what comes later is noticed. */
	if (!watch->driver->wait(connection, 0, error))
		return;
	end = watch->driver->query(connection, PV_SQL_FEED, NULL, 0, error);
	if (!end || pv_sql_rows(end) == 0)
		return;
	last = pv_sql_get_integer(end, 0, 0);
	__atomic_add_fetch(&watch->epoch, 1, __ATOMIC_SEQ_CST);
	while (read_feed(watch, connection, &last, error) && !is_stopping(watch) &&
	       watch->driver->wait(connection, WAIT_MS, error))
		;
}

static void *run(void *data)
{
	PvStoreWatch *watch = data;
	gboolean complained = FALSE;

	while (!is_stopping(watch)) {
		g_autoptr(GError) error = NULL;
		void *connection = watch->driver->connect(watch->backend, &error);
		gint64 until;

		if (connection) {
			complained = FALSE;
			follow(watch, connection, &error);
			watch->driver->disconnect(connection);
		}
		__atomic_store_n(&watch->seen_ms, G_MININT32, __ATOMIC_SEQ_CST);
		if (error && !complained)
			g_warning("changes by other services cannot be watched: %s",
				  error->message);
		complained = TRUE;
		until = g_get_monotonic_time() + RETRY_MS * 1000;
		g_mutex_lock(&watch->lock);
		while (!watch->stopping && g_cond_wait_until(&watch->wake, &watch->lock, until))
			;
		g_mutex_unlock(&watch->lock);
	}
	return NULL;
}

PvStoreWatch *pv_store_watch_new(const PvStoreDriver *driver, void *backend)
{
	PvStoreWatch *watch = g_new0(PvStoreWatch, 1);

	watch->driver = driver;
	watch->backend = backend;
	watch->epoch = 1;
	watch->seen_ms = G_MININT32;
	g_mutex_init(&watch->lock);
	g_cond_init(&watch->wake);
	if (driver->wait)
		watch->thread = g_thread_new("watch", run, watch);
	return watch;
}

void pv_store_watch_free(PvStoreWatch *watch)
{
	if (!watch)
		return;
	g_mutex_lock(&watch->lock);
	watch->stopping = TRUE;
	g_cond_signal(&watch->wake);
	g_mutex_unlock(&watch->lock);
	if (watch->thread)
		g_thread_join(watch->thread);
	g_mutex_clear(&watch->lock);
	g_cond_clear(&watch->wake);
	g_free(watch);
}
