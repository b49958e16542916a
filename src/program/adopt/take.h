/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "store/store.h"
#include "tuf/client.h"

/*
 * The machine's half of taking a repository over from another server (trust.md 10.1): all that can
 * be read there, verified and put into the store byte for byte.
 */

typedef struct {
	gboolean already;    /* it was in the store; nothing was done */
	gboolean adopted;    /* likewise, and its root has been replaced by a newer one since */
	gint64 root_version; /* the newest there */
	guint roots;         /* how many versions of root were taken */
	guint files;         /* taken, roots included */
	guint64 bytes;
	GPtrArray *root_keys; /* of char*: ids of the newest root's keys, of the certificate */
	GPtrArray *notes;     /* of char*: what was not taken, or will be of no use, and why */
} PvTaken;

void pv_taken_clear(PvTaken *taken);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvTaken, pv_taken_clear)

/**
 * pv_take_repository:
 * @remote: the server that is left
 * @pins: (nullable): ids of root keys that are accepted; NULL accepts what verifies: whom to trust
 * is decided by clients, who know a root already
 * @store: (nullable): NULL takes nothing, and only tells what would be
 *
 * Fetches timestamp, snapshot, targets, delegations and each version of root, verifies them and
 * imports them with pv_store_import(). What ran out, timestamps excepted, is taken all the same.
 *
 * Errors: PV_ERROR_NOT_SIGNED, PV_ERROR_EXISTS (the store has another state of it), PV_ERROR_LIMIT
 * (too many former roots, or too large ones), and those of pv_tuf_update().
 */
gboolean pv_take_repository(const PvTufRemote *remote, const char *gun, const char *const *pins,
			    PvStore *store, PvTaken *ret_taken, GError **error);
