/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/remote.h"
#include "trust/repository.h"

/* What repository.c, sign.c and initialise.c share; not for other files. */

struct PvRepository {
	PvRepositoryOptions options;
	char *server;
	PvTrustCache *cache;
	PvRemote *remote;
};

#define PV_TRUST_DAY_S          ((gint64)24 * 3600)
#define PV_TRUST_ROOT_LIFE_S    (3650 * PV_TRUST_DAY_S)
#define PV_TRUST_TARGETS_LIFE_S (3 * 365 * PV_TRUST_DAY_S)

/**
 * pv_repository_held_key:
 *
 * Returns: (transfer full) (nullable): the private half of @key, opened; NULL without an error if
 * it is not in the trust directory.
 */
PvPrivateKey *pv_repository_held_key(PvRepository *repository, PvPassphrases *passphrases,
				     const PvPublicKey *key, GError **error);

/**
 * pv_repository_sign_file:
 * @role: whose keys to sign with: all that are here, and as many as its threshold at least
 *
 * Returns: (transfer full): the file to upload.
 */
GBytes *pv_repository_sign_file(PvRepository *repository, PvPassphrases *passphrases,
				const PvMetadataDraft *draft, const PvRole *role, GError **error);

/* Root and first targets of a repository without trust data, with the keys they need. */
gboolean pv_repository_initialise(PvRepository *repository, PvPassphrases *passphrases,
				  const char *tag, const PvFileMeta *content, GError **error);
