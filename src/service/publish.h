/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/reply.h"
#include "service/signer.h"
#include "store/store.h"

/*
 * What becomes of an upload: the procedure of trust.md 1.3, in its order, with its error texts.
 */

/**
 * pv_publish_upload:
 * @parts: of pv_upload_parse()
 * @refusal: (out): filled when FALSE is returned
 *
 * Checks, signs what the server has to sign, and stores all of it or nothing. The caller makes sure
 * that one repository is published by one thread at a time.
 */
gboolean pv_publish_upload(PvStore *store, PvSigner *signer, const char *gun, GPtrArray *parts,
			   PvTime now, PvRefusal *refusal);

/**
 * pv_publish_renew:
 *
 * Signs a new timestamp over the newest snapshot, ahead of expiry; and a new snapshot too where the
 * server holds its key and it runs out as well.
 */
gboolean pv_publish_renew(PvStore *store, PvSigner *signer, const char *gun, PvTime now,
			  GError **error);

/**
 * pv_publish_server_key:
 * @role: "timestamp" or "snapshot"
 * @rotate: TRUE for a key that no root names yet
 *
 * Returns: (transfer full): the key to put into the next root: the one the current root names, if
 * the signer holds it and @rotate is FALSE, else the pending one.
 */
PvPublicKey *pv_publish_server_key(PvStore *store, PvSigner *signer, const char *gun,
				   const char *role, gboolean rotate, GError **error);
