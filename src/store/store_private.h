/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/driver.h"

/* What the files of this folder share behind store.h. */

typedef struct PvStorePool PvStorePool;
typedef struct PvStoreWatch PvStoreWatch;

struct PvStore {
	const PvStoreDriver *driver;
	void *backend;
	PvStoreOptions options;
	PvStorePool *pool;
	PvStoreWatch *watch;
};

/* pool.c: connections, made when needed, kept when idle. */

PvStorePool *pv_store_pool_new(const PvStoreDriver *driver, void *backend);
void pv_store_pool_free(PvStorePool *pool);

/* Errors: PV_ERROR_UNREACHABLE (all are busy for long, or no connection can be made). */
void *pv_store_pool_take(PvStorePool *pool, GError **error);
void pv_store_pool_give(PvStorePool *pool, void *connection);

/* generation.c: pv_store_generation() and the thread that watches for others' changes. */

PvStoreWatch *pv_store_watch_new(const PvStoreDriver *driver, void *backend);
void pv_store_watch_free(PvStoreWatch *watch);
void pv_store_watch_changed(PvStoreWatch *watch, const char *gun);
guint64 pv_store_watch_generation(PvStoreWatch *watch, const char *gun);

/* transaction.c */

/* A transaction that runs. */
typedef struct {
	PvStore *store;
	void *connection;
	guint attempt; /* from 0; above it, an earlier attempt may have been committed */
} PvStoreSession;

/* One statement with its values. */
PvSqlResult *pv_session_query(PvStoreSession *session, GError **error, PvStatement which,
			      const PvSqlValue *values, guint count);
#define pv_session_run(session, error, which, ...)                                   \
	pv_session_query((session), (error), (which), (PvSqlValue[]){ __VA_ARGS__ }, \
			 G_N_ELEMENTS(((PvSqlValue[]){ __VA_ARGS__ })))

typedef gboolean (*PvStoreWork)(PvStoreSession *session, void *data, GError **error);

/*
 * Runs @work in a transaction and commits, or rolls all back. When the connection is lost it begins
 * again for PV_STORE_RETRY_MS; @work looks at session->attempt.
 */
gboolean pv_store_write(PvStore *store, PvStoreWork work, void *data, GError **error);

/* Runs @work without a transaction; on a lost connection once more, on a fresh one. */
gboolean pv_store_read(PvStore *store, PvStoreWork work, void *data, GError **error);

#define PV_STORE_RETRY_MS 5000

/* retention.c: removes what PvStoreOptions do not keep of @role; @ret_bytes: how many bytes less. */
gboolean pv_store_prune(PvStoreSession *session, const char *gun, const char *role, PvTime now,
			gint64 *ret_bytes, GError **error);

/* changes.c: adds a row to the feed. */
gboolean pv_store_add_change(PvStoreSession *session, const PvStoreChange *change, GError **error);

/* put.c: adds a file to the locked GUN; @bytes grows by what its pieces take. CONFLICT by version. */
gboolean pv_store_put_file(PvStoreSession *session, const char *gun, const PvStoreUpdate *update,
			   PvTime created, gint64 *bytes, GError **error);

/* write.c */

PvDigest pv_store_digest(GBytes *data);                              /* SHA-256 */
gboolean pv_store_is_digest(GBytes *stored, const PvDigest *digest); /* @stored: raw; nullable */

/* Makes the GUN's row if it is new and locks it in any case. @ret_new: it has no files. */
gboolean pv_store_lock_gun(PvStoreSession *session, const char *gun, gboolean *ret_new,
			   GError **error);

/*
 * Notes that the locked GUN takes @bytes more, and when its newest timestamp ends (NULL: as before).
 * Errors: PV_ERROR_LIMIT (its quota), unless it @is_renewal.
 */
gboolean pv_store_settle(PvStoreSession *session, const char *gun, gint64 bytes,
			 const PvTime *expires, gboolean is_renewal, GError **error);

/* Adds @step to the number of GUNs. */
gboolean pv_store_count_gun(PvStoreSession *session, gint64 step, gint64 *ret_guns, GError **error);
