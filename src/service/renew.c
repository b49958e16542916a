/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Renewing a timestamp ahead of expiry, by a clock and not by the first reader; and the server's
 * public keys for the next root.
 */

#include "base/error.h"
#include "service/publish.h"
#include "service/server_metadata.h"

#define SNAPSHOT_RENEW_S ((gint64)30 * 24 * 3600)

/* A snapshot that runs out while the new timestamp is valid, where the server may sign it. */
static PvMetadata *renewed_snapshot(PvSigner *signer, const char *gun, const PvMetadata *root,
				    const PvMetadata *snapshot, PvTime now, GError **error)
{
	const PvRole *role = g_hash_table_lookup(root->roles, "snapshot");
	PvMetadataDraft draft = { PV_ROLE_SNAPSHOT,
				  snapshot->version + 1,
				  pv_time_add_seconds(now, PV_SNAPSHOT_LIFE_S),
				  NULL,
				  NULL,
				  snapshot->files };

	if (pv_time_compare(snapshot->expires, pv_time_add_seconds(now, SNAPSHOT_RENEW_S)) > 0 ||
	    !pv_signer_holds(signer, gun, role, error))
		return NULL;
	return pv_server_sign(signer, gun, role, &draft, error);
}

gboolean pv_publish_renew(PvStore *store, PvSigner *signer, const char *gun, PvTime now,
			  GError **error)
{
	g_autoptr(PvMetadata) before = pv_server_stored(store, gun, "timestamp", error);
	g_autoptr(PvMetadata) root = before ? pv_server_stored(store, gun, "root", error) : NULL;
	g_autoptr(PvMetadata) snapshot =
		root ? pv_server_stored(store, gun, "snapshot", error) : NULL;
	g_autoptr(PvMetadata) renewed = NULL;
	g_autoptr(PvMetadata) timestamp = NULL;
	g_autoptr(GError) failure = NULL;
	PvStoreUpdate updates[2];
	PvDigest base;
	guint count = 0;

	if (!snapshot)
		return *error == NULL; /* removed meanwhile */
	renewed = renewed_snapshot(signer, gun, root, snapshot, now, &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (renewed)
		updates[count++] = (PvStoreUpdate){ renewed->role, renewed->version, renewed->file,
						    renewed->expires };
	timestamp = pv_server_next_timestamp(signer, gun, root, before,
					     renewed ? renewed : snapshot, now, error);
	if (!timestamp)
		return FALSE;
	updates[count++] = (PvStoreUpdate){ timestamp->role, timestamp->version, timestamp->file,
					    timestamp->expires };
	base = pv_server_digest(before);
	if (pv_store_renew(store, gun, &base, updates, count, now, &failure) ||
	    g_error_matches(failure, PV_ERROR, PV_ERROR_CONFLICT))
		return TRUE; /* published meanwhile: that signed a new timestamp, too */
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

PvPublicKey *pv_publish_server_key(PvStore *store, PvSigner *signer, const char *gun,
				   const char *role, gboolean rotate, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvMetadata) root = NULL;
	PvPublicKey *key = NULL;

	if (!rotate) {
		root = pv_server_stored(store, gun, "root", &failure);
		if (root)
			key = pv_signer_holds(signer, gun, g_hash_table_lookup(root->roles, role),
					      &failure);
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
		if (key)
			return pv_public_key_ref(key);
	}
	return pv_signer_key(signer, gun, role, error);
}
