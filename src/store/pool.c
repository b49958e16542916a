/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connections to the database: as many as threads need at once, at most what the options say. One
 * that was lost is dropped and made anew by who needs it next.
 */

#include "base/error.h"
#include "store/store_private.h"

#define BUSY_MS 10000 /* a thread waits so long for a connection */

struct PvStorePool {
	const PvStoreDriver *driver;
	void *backend;
	guint max;
	GMutex lock;
	GCond given;
	GPtrArray *idle;
	guint open;
};

PvStorePool *pv_store_pool_new(const PvStoreDriver *driver, void *backend)
{
	PvStorePool *pool = g_new0(PvStorePool, 1);

	pool->driver = driver;
	pool->backend = backend;
	pool->max = driver->connections(backend);
	pool->idle = g_ptr_array_new();
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->given);
	return pool;
}

void pv_store_pool_free(PvStorePool *pool)
{
	if (!pool)
		return;
	for (guint i = 0; i < pool->idle->len; i++)
		pool->driver->disconnect(pool->idle->pdata[i]);
	g_ptr_array_unref(pool->idle);
	g_mutex_clear(&pool->lock);
	g_cond_clear(&pool->given);
	g_free(pool);
}

/* Under the lock: an idle connection, or NULL with room for a new one, or FALSE: nothing in time. */
static gboolean wait_for_room(PvStorePool *pool, void **ret_connection)
{
	gint64 until = g_get_monotonic_time() + BUSY_MS * 1000;

	while (pool->idle->len == 0 && pool->open >= pool->max) {
		if (!g_cond_wait_until(&pool->given, &pool->lock, until))
			return FALSE;
	}
	/* The one used last: it is warm, and the others show when they are not needed. */
	*ret_connection =
		pool->idle->len ? g_ptr_array_steal_index(pool->idle, pool->idle->len - 1) : NULL;
	if (!*ret_connection)
		pool->open++;
	return TRUE;
}

static void forget_one(PvStorePool *pool)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&pool->lock);

	pool->open--;
	g_cond_signal(&pool->given);
}

/* When one connection is lost the idle ones most likely are, too, and do not know it. */
static void forget_idle(PvStorePool *pool)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&pool->lock);

	for (guint i = 0; i < pool->idle->len; i++)
		pool->driver->disconnect(pool->idle->pdata[i]);
	pool->open -= pool->idle->len;
	g_ptr_array_set_size(pool->idle, 0);
	g_cond_broadcast(&pool->given);
}

void *pv_store_pool_take(PvStorePool *pool, GError **error)
{
	void *connection = NULL;
	gboolean room;

	g_mutex_lock(&pool->lock);
	room = wait_for_room(pool, &connection);
	g_mutex_unlock(&pool->lock);
	if (!room)
		return pv_fail_null(error, PV_ERROR_UNREACHABLE,
				    "all %u connections to the store are busy", pool->max);
	if (connection && pool->driver->is_usable(connection))
		return connection;
	if (connection)
		pool->driver->disconnect(connection);
	connection = pool->driver->connect(pool->backend, error);
	if (!connection)
		forget_one(pool);
	return connection;
}

void pv_store_pool_give(PvStorePool *pool, void *connection)
{
	if (!pool->driver->is_usable(connection)) {
		pool->driver->disconnect(connection);
		forget_one(pool);
		forget_idle(pool);
		return;
	}
	g_mutex_lock(&pool->lock);
	g_ptr_array_add(pool->idle, connection);
	g_cond_signal(&pool->given);
	g_mutex_unlock(&pool->lock);
}
