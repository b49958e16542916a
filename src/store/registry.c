/* SPDX-License-Identifier: Apache-2.0 */

/* The list of storage backends, and the façade that dispatches to one. To add one, add a row. */

#include "base/error.h"
#include "store/drivers.h"
#include "store/store.h"

const PvStoreDriver *const pv_store_drivers[] = {
	&pv_store_sqlite,
};

const gsize pv_store_drivers_count = G_N_ELEMENTS(pv_store_drivers);

struct PvStore {
	const PvStoreDriver *driver;
	void *backend;
};

void pv_stored_file_clear(PvStoredFile *file)
{
	g_clear_pointer(&file->data, g_bytes_unref);
}

void pv_store_change_free(PvStoreChange *change)
{
	g_free(change->gun);
	g_free(change->sha256);
	g_free(change);
}

PvStore *pv_store_open(const char *location, const char *directory, GError **error)
{
	for (gsize i = 0; i < pv_store_drivers_count; i++) {
		const PvStoreDriver *driver = pv_store_drivers[i];
		PvStore *store;
		void *backend;

		if (!driver->matches(location))
			continue;
		backend = driver->open(location, directory, error);
		if (!backend)
			return NULL;
		store = g_new0(PvStore, 1);
		store->driver = driver;
		store->backend = backend;
		return store;
	}
	return pv_fail_null(error, PV_ERROR_USAGE, "no store is called \"%s\"; try \"sqlite\"",
			    location);
}

void pv_store_close(PvStore *store)
{
	if (!store)
		return;
	store->driver->close(store->backend);
	g_free(store);
}

gboolean pv_store_get(PvStore *store, const char *gun, const char *role, const PvDigest *sha256,
		      gint64 version, PvStoredFile *ret_file, GError **error)
{
	return store->driver->get(store->backend, gun, role, sha256, version, ret_file, error);
}

gboolean pv_store_publish(PvStore *store, const char *gun, const PvStoreUpdate *updates,
			  guint count, PvTime now, GError **error)
{
	return store->driver->publish(store->backend, gun, updates, count, now, error);
}

gboolean pv_store_remove(PvStore *store, const char *gun, PvTime now, GError **error)
{
	return store->driver->remove(store->backend, gun, now, error);
}

GPtrArray *pv_store_changes(PvStore *store, const char *gun, gint64 after, gint64 records,
			    GError **error)
{
	return store->driver->changes(store->backend, gun, after, records, error);
}

GPtrArray *pv_store_expiring(PvStore *store, PvTime before, guint max, GError **error)
{
	return store->driver->expiring(store->backend, before, max, error);
}

gboolean pv_store_check(PvStore *store, GError **error)
{
	return store->driver->check(store->backend, error);
}
