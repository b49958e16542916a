/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/publish.h"

/*
 * Taking a repository over from a server whose timestamp and snapshot keys stay behind (trust.md
 * 10.1). The new server has its files already, byte for byte, also every root (pavise-adopt brought
 * them there); what is missing is a root that names the new server's keys, which only the owner of
 * the root key can sign. Clients that know any of the older roots follow it.
 */

typedef struct {
	gboolean already;       /* the new server's keys were named before: nothing was done */
	gint64 root_version;    /* that names the new server's keys */
	gboolean snapshot_here; /* the snapshot key stays in the trust directory */
	GPtrArray *expired;     /* of char*: roles that ran out and whose keys are not here */
} PvAdopted;

void pv_adopted_clear(PvAdopted *adopted);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvAdopted, pv_adopted_clear)

/**
 * pv_repository_adopt:
 * @old: at the server that is left
 * @new: the same repository, in the same trust directory, at the server that has its files
 * @dry_run: check all, publish nothing
 *
 * Reads and verifies the newest trust data at @old, compares it with what @new has, and publishes at
 * @new the next root, with keys that @new holds for timestamp and, unless its key is in the trust
 * directory, snapshot. Targets and delegations stay as they are; those that ran out are signed anew
 * if their keys are here. A root is trusted at first sight if its private key is here. It can be run
 * again after an interruption.
 *
 * Errors: PV_ERROR_KEY (the root key is not here), PV_ERROR_NOT_FOUND (@new has not got the files),
 * PV_ERROR_CONFLICT (they have changed at @old since), PV_ERROR_ROOT (@new has another repository of
 * that name), and those of pv_repository_update().
 */
gboolean pv_repository_adopt(PvRepository *old, PvRepository *new, PvPassphrases *passphrases,
			     gboolean dry_run, PvAdopted *ret_adopted, GError **error);
