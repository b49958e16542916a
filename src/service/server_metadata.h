/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/signer.h"
#include "store/store.h"

/* Metadata that the server itself signs: what publishing and renewing have in common. */

#define PV_TIMESTAMP_LIFE_S ((gint64)14 * 24 * 3600)
#define PV_SNAPSHOT_LIFE_S  ((gint64)3 * 365 * 24 * 3600)

/* (transfer full): the newest stored metadata of @role; NULL without an error if there is none. */
PvMetadata *pv_server_stored(PvStore *store, const char *gun, const char *role, GError **error);

/* TRUE if the newest stored of @role has that SHA-256. */
gboolean pv_server_has(PvStore *store, const char *gun, const char *role, const PvDigest *sha256);

/* SHA-256 of the stored file. */
PvDigest pv_server_digest(const PvMetadata *metadata);

/* (transfer full): a copy of what a snapshot lists; empty for NULL. */
GHashTable *pv_server_copied_files(const PvMetadata *metadata);

/* (transfer full): @draft signed by the server's key of @role. */
PvMetadata *pv_server_sign(PvSigner *signer, const char *gun, const PvRole *role,
			   const PvMetadataDraft *draft, GError **error);

/* (transfer full): the timestamp after @before (NULL: the first) over @snapshot. */
PvMetadata *pv_server_next_timestamp(PvSigner *signer, const char *gun, const PvMetadata *root,
				     const PvMetadata *before, const PvMetadata *snapshot,
				     PvTime now, GError **error);
