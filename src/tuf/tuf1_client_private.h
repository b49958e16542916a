/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/tuf1_client.h"

/* What the files of the TUF 1.0 client share. */

struct PvTuf1Client {
	char *directory;
	int lock;
	PvTime now;
	PvTuf1Remote remote;
	PvTuf1Metadata *root, *timestamp, *snapshot;
	/*
	 * role → PvTuf1Metadata that the snapshot vouches for. Who must have signed it is not
	 * remembered: that is the delegator's word, and is checked at each use.
	 */
	GHashTable *targets;
	GHashTable *fetched; /* names of those that came from the remote in this run */
};

/* (nullable): what the directory has of @role, if it can be read as @type at all. */
PvTuf1Metadata *pv_tuf1_store_load(const PvTuf1Client *client, PvTuf1Type type, const char *role);
gboolean pv_tuf1_store_save(const PvTuf1Client *client, const PvTuf1Metadata *metadata,
			    GError **error);
gboolean pv_tuf1_store_forget(const PvTuf1Client *client, const char *role, GError **error);

/**
 * pv_tuf1_client_fetch:
 * @version: in the file's name; 0 for the plain name
 */
PvTuf1Metadata *pv_tuf1_client_fetch(PvTuf1Client *client, PvTuf1Type type, const char *role,
				     gint64 version, gsize max_bytes, GError **error);

/**
 * pv_tuf1_client_fetch_vouched:
 * @meta: what the role above says of the file: its length and hashes are checked before it is read
 * @signer: who must have signed it; its version and expiry are checked too
 */
PvTuf1Metadata *pv_tuf1_client_fetch_vouched(PvTuf1Client *client, PvTuf1Type type,
					     const char *role, const PvTuf1Meta *meta,
					     const PvTuf1Role *signer, GError **error);

/* TRUE if @local is the very file that @meta means, signed by @signer, and unexpired. */
gboolean pv_tuf1_client_is_current(const PvTuf1Client *client, const PvTuf1Metadata *local,
				   const PvTuf1Meta *meta, const PvTuf1Role *signer);

/**
 * pv_tuf1_client_load_targets:
 * @role: "targets" or a delegation
 * @signer: who must have signed it
 *
 * Returns: (transfer full): from this run, the directory or the remote.
 */
PvTuf1Metadata *pv_tuf1_client_load_targets(PvTuf1Client *client, const char *role,
					    const PvTuf1Role *signer, GError **error);
