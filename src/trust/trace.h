/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/json.h"

/*
 * The audit trail: one line of JSON for everything Pavise did to or decided about an image, from
 * which `pavise trace` tells its life. Root's lies in /var/lib/pavise/audit.jsonl, a user's in
 * ~/.local/state/pavise/audit.jsonl; PAVISE_AUDIT names another file.
 *
 * A record: {"time":RFC 3339,"event":"sign|scan|admit|refuse|run|exit","reference":…,
 * "digest":"sha256:…","uid":N,…and members of the event's own: "roles":[…],"keys":[…],
 * "findings":{"critical":N,…},"database":"sha256:…","profile":…,"container":…,"reasons":[…]}.
 */

/**
 * pv_trace_append:
 * @event: one of the words above
 * @reference: what the user named
 * @digest: (nullable): "sha256:…" of the manifest, if known
 * @members: (nullable) (transfer none): an object whose members are added
 *
 * Appends one line under a lock and syncs it: a record is there whole or not at all.
 */
gboolean pv_trace_append(const char *event, const char *reference, const char *digest,
			 json_t *members, GError **error);

/**
 * pv_trace_read:
 * @reference: (nullable): only records of this reference or digest, or of a digest that a record of
 * this reference names; NULL for all
 *
 * A torn last line (power loss) is passed over.
 *
 * Returns: (transfer full): an array of records, oldest first, or NULL.
 */
json_t *pv_trace_read(const char *reference, GError **error);
