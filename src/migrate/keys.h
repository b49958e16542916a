/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"
#include "migrate/listener.h"
#include "migrate/source.h"

/**
 * PvMigrateTakeKey:
 * @is_pending: it never signed
 *
 * Keeps a key, or finds that it is there. FALSE with an error ends the migration.
 */
typedef gboolean (*PvMigrateTakeKey)(void *data, const char *gun, const char *role,
				     const PvPrivateKey *key, gboolean is_pending, GError **error);

/**
 * pv_migrate_signer_keys:
 * @take: (nullable): NULL to do all but that
 *
 * Decrypts each key of notary-signer's database (trust.md section 4) with the passphrase of its
 * alias, $NOTARY_SIGNER_ALIAS, which is taken out of the environment, and compares it with the
 * public key and the id of its row.
 *
 * Errors: those of pv_migrate_read() and of @take; a key that cannot be taken is an outcome.
 */
gboolean pv_migrate_signer_keys(const char *source, const PvMigrateListener *listener,
				PvMigrateTakeKey take, void *take_data, GError **error);
