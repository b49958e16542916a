/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/client.h"

/* What client.c and root.c share; not for other files. */

typedef struct {
	const PvTufPolicy *policy;
	const PvTufRemote *remote;
	const PvTufCache *cache;
	PvTufState *state;
	gboolean asked;        /* something was fetched */
	gboolean root_changed; /* state->root is not the remembered one */
} PvTufUpdate;

/* (transfer full): a file of the repository; refuses when offline. */
GBytes *pv_tuf_fetch(PvTufUpdate *update, const char *name, gsize max_bytes, GError **error);

/* Takes the remembered root. FALSE without an error: there is none. */
gboolean pv_tuf_load_root(PvTufUpdate *update, GError **error);

/* Fetches root under @name ("root" or "root.<sha256>") and accepts it if it may be. */
gboolean pv_tuf_renew_root(PvTufUpdate *update, const char *name, GError **error);
