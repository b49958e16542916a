/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "migrate/listener.h"
#include "migrate/source.h"
#include "store/store.h"

/* TRUE if the signer here has the key. */
typedef gboolean (*PvMigrateHasKey)(void *data, const char *gun, const char *role, const char *id);

/**
 * pv_migrate_repositories:
 * @store: (nullable): where they go; NULL to do all but that
 * @has_key: (nullable): for notes on keys that are not here yet
 *
 * Takes over every repository of notary-server's database that is whole (pv_migrate_verify()): all
 * its roots and the current file of each other role, byte for byte, with its change feed. Each is
 * stored whole or not at all, and one that is there already is left as it is, so that a migration
 * that was cut short is simply run again.
 *
 * Errors: those of pv_migrate_read() and of a store that fails; a repository that cannot be taken
 * is an outcome.
 */
gboolean pv_migrate_repositories(const char *source, PvStore *store,
				 const PvMigrateListener *listener, PvMigrateHasKey has_key,
				 void *has_key_data, GError **error);
