/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/clock.h"
#include "crypto/digest.h"

/*
 * What the trust server remembers: every version of every metadata file of every GUN, exactly as
 * it was received, and a feed of changes. A backend is a PvStoreDriver in a file of its own and a
 * row in registry.c. A store may be used by several threads.
 */

typedef struct {
	GBytes *data;
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

typedef struct PvStore PvStore;

typedef struct {
	const char *name;        /* "sqlite" */
	const char *description; /* one line */
	/* TRUE if @location (what follows --store) is this backend's. */
	gboolean (*matches)(const char *location);
	/* @directory: the service's data directory. */
	void *(*open)(const char *location, const char *directory, GError **error);
	void (*close)(void *backend);
	gboolean (*get)(void *backend, const char *gun, const char *role, const PvDigest *sha256,
			gint64 version, PvStoredFile *ret_file, GError **error);
	gboolean (*publish)(void *backend, const char *gun, const PvStoreUpdate *updates,
			    guint count, PvTime now, GError **error);
	gboolean (*remove)(void *backend, const char *gun, PvTime now, GError **error);
	GPtrArray *(*changes)(void *backend, const char *gun, gint64 after, gint64 records,
			      GError **error);
	GPtrArray *(*expiring)(void *backend, PvTime before, guint max, GError **error);
	gboolean (*check)(void *backend, GError **error);
} PvStoreDriver;

extern const PvStoreDriver *const pv_store_drivers[];
extern const gsize pv_store_drivers_count;

/**
 * pv_store_open:
 * @location: "sqlite" (a file in @directory) or what a driver matches
 */
PvStore *pv_store_open(const char *location, const char *directory, GError **error);
void pv_store_close(PvStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvStore, pv_store_close)

/**
 * pv_store_get:
 * @sha256: (nullable): the file with that hash; else
 * @version: the file of that version; 0 for the newest
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO.
 */
gboolean pv_store_get(PvStore *store, const char *gun, const char *role, const PvDigest *sha256,
		      gint64 version, PvStoredFile *ret_file, GError **error);

/**
 * pv_store_publish:
 *
 * Stores all @updates in one transaction with one row of the change feed, or none. The updates hold
 * the timestamp.
 *
 * Errors: PV_ERROR_CONFLICT (a role's stored version is not below the new one), PV_ERROR_IO.
 */
gboolean pv_store_publish(PvStore *store, const char *gun, const PvStoreUpdate *updates,
			  guint count, PvTime now, GError **error);

/* Removes all of a GUN; an unknown one is fine and adds no row to the change feed. */
gboolean pv_store_remove(PvStore *store, const char *gun, PvTime now, GError **error);

/**
 * pv_store_changes:
 * @gun: (nullable): NULL for all
 * @after: a change's id; -1 for the end of the feed
 * @records: how many after it; negative: how many before it
 *
 * Returns: (transfer full): PvStoreChange, oldest first, without @after itself (trust.md 1.5).
 */
GPtrArray *pv_store_changes(PvStore *store, const char *gun, gint64 after, gint64 records,
			    GError **error);

/* (transfer full): at most @max GUNs whose newest timestamp ends before @before. */
GPtrArray *pv_store_expiring(PvStore *store, PvTime before, guint max, GError **error);

/* Asks the backend whether it can answer. */
gboolean pv_store_check(PvStore *store, GError **error);
