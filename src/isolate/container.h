/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#define PV_RUN_DIRECTORY "/run/pavise"

/*
 * A container's place on disk, STORE/containers/ID: what it writes (upper), and a lock that its
 * process holds as long as it lives. Its mounts are in a mount namespace of their own and its
 * processes in a process namespace of their own, so that they end with it, however it dies; the
 * directory and the range of ids of one that was killed are cleaned up by the next one.
 */
typedef struct {
	char *id;        /* 16 hexadecimal digits */
	char *directory; /* STORE/containers/ID */
	guint32 first;   /* its ids: from here PV_ID_RANGE_SIZE of them */
	int lock;
} PvContainer;

/**
 * pv_container_new:
 * @store: made if missing
 * @ledger: PV_LEDGER_FILE
 * @keep: TRUE: the directory stays after the container ends
 *
 * Cleans up what dead containers left in @store and makes a new one, with its own range of ids.
 *
 * Returns: (transfer full): the container, or NULL.
 */
PvContainer *pv_container_new(const char *store, const char *ledger, gboolean keep, GError **error);

/**
 * pv_container_end:
 * @container: (transfer full): released, also when this fails
 *
 * Removes its directory and gives its ids back, unless it is to be kept.
 */
gboolean pv_container_end(PvContainer *container, const char *ledger, GError **error);

/**
 * pv_container_clean:
 *
 * Removes what containers that did not end by themselves left in @store.
 */
gboolean pv_container_clean(const char *store, const char *ledger, GError **error);
