/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/canonical.h"
#include "tuf/tuf1.h"

/* What the files of the TUF 1.0 parser share. @where is the file's name, for messages. */

/* (transfer full): key id → PvTuf1Key. */
GHashTable *pv_tuf1_read_keys(const char *where, const PvNode *node, GError **error);

/**
 * pv_tuf1_read_role:
 * @name: (transfer full)
 * @node: an object with keyids and threshold
 * @keys: the table of keys
 */
PvTuf1Role *pv_tuf1_read_role(const char *where, char *name, const PvNode *node, GHashTable *keys,
			      GError **error);

/**
 * pv_tuf1_read_hashes:
 * @ret_sha256, @ret_sha512: (out): written only for those that are there
 *
 * At least one hash, of whatever kind; one of a known kind must have its form.
 */
gboolean pv_tuf1_read_hashes(const char *where, const PvNode *node, PvDigest *ret_sha256,
			     PvDigest *ret_sha512, GError **error);

/* `delegations` of a targets file, into @metadata. */
gboolean pv_tuf1_read_delegations(const char *where, const PvNode *node, PvTuf1Metadata *metadata,
				  GError **error);
