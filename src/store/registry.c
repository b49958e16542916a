/* SPDX-License-Identifier: Apache-2.0 */

/* The list of storage backends, and how one is opened. To add one, add a row. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "store/store_private.h"

const PvStoreDriver *const pv_store_drivers[] = {
	&pv_store_sqlite,
	&pv_store_postgres,
};

const gsize pv_store_drivers_count = G_N_ELEMENTS(pv_store_drivers);

void pv_store_options_default(PvStoreOptions *ret_options)
{
	*ret_options = (PvStoreOptions){
		.connections = 8,
		.statement_timeout_ms = 10000,
		.keep_versions = 10,
		.keep_seconds = (gint64)30 * 24 * 3600,
		.changes_window_s = 3600,
	};
}

static gboolean check_options(const PvStoreOptions *options, GError **error)
{
	if (options->connections < 1 || options->connections > PV_STORE_CONNECTIONS_MAX)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%u connections to the store; expected 1 to %d",
			       options->connections, PV_STORE_CONNECTIONS_MAX);
	if (options->statement_timeout_ms < 100 || options->statement_timeout_ms > 600000)
		return pv_fail(error, PV_ERROR_USAGE,
			       "a statement timeout of %u ms; expected 100 to 600000",
			       options->statement_timeout_ms);
	if (options->keep_versions < 1 || options->keep_versions > PV_STORE_KEEP_VERSIONS_MAX)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%u versions of a role to keep; expected 1 to %d",
			       options->keep_versions, PV_STORE_KEEP_VERSIONS_MAX);
	if (options->keep_seconds < 0 || options->changes_window_s < 1)
		return pv_fail(error, PV_ERROR_USAGE, "a span of time to keep is below zero");
	return TRUE;
}

static const PvStoreDriver *driver_for(const char *location, GError **error)
{
	for (gsize i = 0; i < pv_store_drivers_count; i++) {
		if (pv_store_drivers[i]->matches(location))
			return pv_store_drivers[i];
	}
	/* A location may hold a password: only its first letters are said. */
	return pv_fail_null(
		error, PV_ERROR_USAGE,
		"no store is called \"%.*s\"; expected \"sqlite\" or \"postgresql://…\"",
		(int)MIN(strcspn(location, ":/@"), 32), location);
}

static gboolean make_schema(PvStore *store, GError **error)
{
	void *connection = pv_store_pool_take(store->pool, error);
	gboolean made;

	if (!connection)
		return FALSE;
	made = store->driver->make_schema(connection, error);
	pv_store_pool_give(store->pool, connection);
	return made;
}

PvStore *pv_store_open(const char *location, const char *directory, const PvStoreOptions *options,
		       GError **error)
{
	const PvStoreDriver *driver = driver_for(location, error);
	g_autoptr(PvStore) store = NULL;

	if (!driver)
		return NULL;
	store = g_new0(PvStore, 1);
	store->driver = driver;
	if (options)
		store->options = *options;
	else
		pv_store_options_default(&store->options);
	if (!check_options(&store->options, error))
		return NULL;
	store->backend = driver->open(location, directory, &store->options, error);
	if (!store->backend)
		return NULL;
	store->pool = pv_store_pool_new(driver, store->backend);
	if (!make_schema(store, error))
		return NULL;
	store->watch = pv_store_watch_new(driver, store->backend);
	return g_steal_pointer(&store);
}

void pv_store_close(PvStore *store)
{
	if (!store)
		return;
	pv_store_watch_free(store->watch);
	pv_store_pool_free(store->pool);
	if (store->backend)
		store->driver->close(store->backend);
	g_free(store);
}
