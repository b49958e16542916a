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
	GHashTable *index;     /* (nullable) of pv_index_parse() */
	gboolean index_changed;
} PvTufUpdate;

/* (transfer full): a file of the repository; refuses when offline. */
GBytes *pv_tuf_fetch(PvTufUpdate *update, const char *name, gsize max_bytes, GError **error);

/* Takes the remembered root. FALSE without an error: there is none. */
gboolean pv_tuf_load_root(PvTufUpdate *update, GError **error);

/* Fetches root under @name ("root" or "root.<sha256>") and accepts it if it may be. */
gboolean pv_tuf_renew_root(PvTufUpdate *update, const char *name, GError **error);

/*
 * (transfer full): the remembered file of a role other than targets, parsed; `proven` as the index
 * says it of just this file, else NULL.
 */
PvMetadata *pv_tuf_read_remembered(const PvTufUpdate *update, const char *role, GBytes *file,
				   GError **error);

/*
 * The remembered metadata of a role if it is still signed by the role's keys: only then does it
 * count against rollback (after a rotation of a stolen key an attacker's high versions do not).
 */
PvMetadata *pv_tuf_remembered(const PvTufUpdate *update, const char *role, const PvRole *keys);

/*
 * Parses and checks the file of one role below the timestamp. @ret_unverified (optional) is written
 * also on failure: what was parsed, whatever its signatures are worth.
 */
PvMetadata *pv_tuf_vouched(PvTufUpdate *update, const char *name, const PvFileMeta *meta,
			   const PvRole *role, PvMetadata **ret_unverified, GError **error);

gboolean pv_tuf_check_rollback(const PvMetadata *found, const PvMetadata *before, GError **error);
gboolean pv_tuf_check_expiry(const PvTufUpdate *update, const PvMetadata *metadata, GError **error);

/* By what is known as proven if that is enough, else by the signatures. */
gboolean pv_tuf_verify_or_prove(PvMetadata *metadata, const PvRole *keys, GError **error);

/* The index of what is remembered: read at the start, kept after all was verified and stored. */
void pv_tuf_load_index(PvTufUpdate *update);
void pv_tuf_keep_index(PvTufUpdate *update);
