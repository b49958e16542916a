/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/clock.h"
#include "crypto/digest.h"

/*
 * What the trust server remembers: the versions of every metadata file of every GUN, exactly as
 * they were received, and a feed of changes. The logic is written once (this folder); a backend is
 * a PvStoreDriver (driver.h) in a file of its own and a row in registry.c. A store may be used by
 * several threads, and on PostgreSQL by several services at once.
 */

typedef struct {
	GBytes *data;
	PvDigest sha256;
	gint64 version;
	PvTime created;
} PvStoredFile;

void pv_stored_file_clear(PvStoredFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvStoredFile, pv_stored_file_clear)

/* One file of a publish. */
typedef struct {
	const char *role;
	gint64 version;
	GBytes *data;
	PvTime expires;
	PvTime created;         /* only pv_store_import() reads it */
	const PvDigest *sha256; /* (nullable): of @data, where that is known already */
} PvStoreUpdate;

typedef struct {
	gint64 id;
	PvTime created;
	char *gun;
	gint64 version; /* of the timestamp; 0 for a deletion */
	char *sha256;   /* hex, of the timestamp; "" for a deletion */
	gboolean is_deletion;
} PvStoreChange;

void pv_store_change_free(PvStoreChange *change);

/*
 * What an operator may set. Fill it with pv_store_options_default() and change what is configured.
 *
 * Retention: of a role, versions are removed that are neither among the newest @keep_versions nor
 * were current within the last @keep_seconds; root versions are never removed. A quota of 0 is none.
 */
typedef struct {
	guint connections;          /* to a database server, at most; the watcher has one more */
	guint statement_timeout_ms; /* a statement of a database server may take so long */
	guint keep_versions;        /* at least 1; default 10 */
	gint64 keep_seconds;        /* default 30 days; 0 keeps all versions for ever */
	guint64 gun_bytes_max;      /* bytes stored for one GUN, all versions together */
	guint64 guns_max;           /* GUNs in the store */
	guint changes_max;          /* changes of one GUN in @changes_window_s seconds */
	gint64 changes_window_s;    /* default 3600 */
} PvStoreOptions;

void pv_store_options_default(PvStoreOptions *ret_options);

typedef struct PvStore PvStore;

/**
 * pv_store_open:
 * @location: "sqlite" (a file in @directory) or "postgresql://…" (a libpq connection URI)
 * @directory: the service's data directory
 * @options: (nullable): NULL for the defaults
 *
 * Makes the tables if there are none; several services may do so at once.
 *
 * Errors: PV_ERROR_USAGE (no such backend, an option out of range), PV_ERROR_UNSUPPORTED (another
 * schema version), PV_ERROR_UNREACHABLE, PV_ERROR_IO.
 */
PvStore *pv_store_open(const char *location, const char *directory, const PvStoreOptions *options,
		       GError **error);
void pv_store_close(PvStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvStore, pv_store_close)

/**
 * pv_store_get:
 * @sha256: (nullable): the file of this GUN and role with that hash; else
 * @version: the file of that version; 0 for the newest
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_UNREACHABLE (a database server does not answer),
 * PV_ERROR_IO.
 */
gboolean pv_store_get(PvStore *store, const char *gun, const char *role, const PvDigest *sha256,
		      gint64 version, PvStoredFile *ret_file, GError **error);

/**
 * pv_store_generation:
 *
 * A number that changes whenever current files of @gun may have changed, by this service or by
 * another on the same database. It costs two reads of memory and no system call, so a cache of
 * current files asks it for each request:
 *
 *	before = pv_store_generation(store, gun);
 *	pv_store_get(store, gun, role, NULL, 0, &file, error);
 *	…remember file with `before`, unless `before` is 0…
 *	later: use it while pv_store_generation(store, gun) equals `before`, else read again.
 *
 * A publish through this store changes the number before pv_store_publish() returns; one by another
 * service within milliseconds, and if the database's notice of it gets lost within 3 seconds. When
 * changes by others cannot be watched (the database is away) the answer is 0: nothing that was
 * remembered may be used, and nothing be remembered. Files asked by hash or version never change
 * and may be remembered, together with their GUN and role, until the number changes (a deletion of
 * the GUN, and retention, remove them).
 */
guint64 pv_store_generation(PvStore *store, const char *gun);

/**
 * pv_store_publish:
 * @base: (nullable): the SHA-256 of the stored timestamp that was read before all else the updates
 * were made from; NULL if there was none
 *
 * Stores all @updates in one transaction with one row of the change feed, or none. The updates hold
 * the timestamp. When the database goes away in mid-publish, it is tried again; when it went away
 * in mid-commit, it is found out whether that succeeded.
 *
 * Errors: PV_ERROR_CONFLICT (another publish came between: the newest timestamp is not @base, or a
 * role's stored version is not below the new one; read again and retry), PV_ERROR_LIMIT (a quota;
 * the sentence is for the publisher), PV_ERROR_UNREACHABLE, PV_ERROR_IO.
 */
gboolean pv_store_publish(PvStore *store, const char *gun, const PvDigest *base,
			  const PvStoreUpdate *updates, guint count, PvTime now, GError **error);

/**
 * pv_store_renew:
 *
 * As pv_store_publish(), for what the server signs by itself: no quota counts.
 */
gboolean pv_store_renew(PvStore *store, const char *gun, const PvDigest *base,
			const PvStoreUpdate *updates, guint count, PvTime now, GError **error);

/**
 * pv_store_import:
 * @updates: any versions of any roles with their time of creation, the versions of a role rising
 * @changes: (nullable): of PvStoreChange, oldest first: rows of @gun for the change feed, which
 * get new ids; NULL makes one row for the newest timestamp
 *
 * Takes over a GUN from another server, whole or not at all. If it is there already and has exactly
 * these newest versions, nothing happens and TRUE is returned, so that an import can be repeated.
 *
 * Errors: PV_ERROR_EXISTS (the GUN is there with other files), PV_ERROR_LIMIT, PV_ERROR_USAGE (no
 * root, or versions that do not rise), PV_ERROR_UNREACHABLE, PV_ERROR_IO.
 */
gboolean pv_store_import(PvStore *store, const char *gun, const PvStoreUpdate *updates, guint count,
			 GPtrArray *changes, GError **error);

/* --- attestations of keys (crypto/attestation.h) -------------------------------------------- */

/**
 * pv_store_get_attestation:
 * @key_id: canonical id of a key
 *
 * Gives what was put under the key's id last; its version is 0.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_UNREACHABLE, PV_ERROR_IO.
 */
gboolean pv_store_get_attestation(PvStore *store, const char *gun, const char *key_id,
				  PvStoredFile *ret_file, GError **error);

/**
 * pv_store_put_attestation:
 * @data: checked already
 * @ret_new: (out): TRUE if there was none of this key
 *
 * Keeps @data until the GUN is removed, in place of what was there; the same again is no change. It
 * counts against the GUN's quota of bytes.
 *
 * Errors: PV_ERROR_NOT_FOUND (the GUN has no trust data), PV_ERROR_LIMIT (a quota, or
 * PV_STORE_ATTESTATIONS_MAX keys), PV_ERROR_UNREACHABLE, PV_ERROR_IO.
 */
gboolean pv_store_put_attestation(PvStore *store, const char *gun, const char *key_id, GBytes *data,
				  PvTime now, gboolean *ret_new, GError **error);

/* Removes all of a GUN; an unknown one is fine and adds no row to the change feed. */
gboolean pv_store_remove(PvStore *store, const char *gun, PvTime now, GError **error);

/**
 * pv_store_changes:
 * @gun: (nullable): NULL for all
 * @after: a change's id; -1 for the end of the feed
 * @records: how many after it; negative: how many before it
 *
 * Ids rise in the order in which changes became visible: who follows the feed misses none.
 *
 * Returns: (transfer full): PvStoreChange, oldest first, without @after itself (trust.md 1.5).
 */
GPtrArray *pv_store_changes(PvStore *store, const char *gun, gint64 after, gint64 records,
			    GError **error);

/**
 * pv_store_expiring:
 *
 * Returns: (transfer full): at most @max GUNs whose newest timestamp ends before @before, for the
 * caller to renew: for PV_STORE_CLAIM_S seconds no other caller (another service on the same
 * database) gets them.
 */
GPtrArray *pv_store_expiring(PvStore *store, PvTime now, PvTime before, guint max, GError **error);

#define PV_STORE_CLAIM_S 50

/* Asks the backend whether it can answer. */
gboolean pv_store_check(PvStore *store, GError **error);
