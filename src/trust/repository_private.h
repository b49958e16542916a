/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/publish.h"
#include "trust/remote.h"
#include "trust/repository.h"

/* What the files that work on a repository share; not for other rooms. */

struct PvRepository {
	PvRepositoryOptions options;
	char *server;
	PvTrustCache *cache;
	PvRemote *remote;
	gboolean
		publishing; /* always ask, and accept what is expired: it is about to be signed anew */
};

#define PV_TRUST_DAY_S          ((gint64)24 * 3600)
#define PV_TRUST_ROOT_LIFE_S    (3650 * PV_TRUST_DAY_S)
#define PV_TRUST_TARGETS_LIFE_S (3 * 365 * PV_TRUST_DAY_S)
#define PV_TRUST_ROOT_NEAR_S    (6 * 30 * PV_TRUST_DAY_S) /* root is signed anew so long before */

/**
 * pv_repository_held_key:
 *
 * Returns: (transfer full) (nullable): the private half of @key, opened; NULL without an error if
 * it is not in the trust directory.
 */
PvPrivateKey *pv_repository_held_key(PvRepository *repository, PvPassphrases *passphrases,
				     const PvPublicKey *key, GError **error);

/**
 * pv_repository_add_signatures:
 * @role: whose keys to sign with: all that are here
 * @least: how many must be
 * @signatures: (inout): of PvSignature; keys that are in it already are passed over, and count
 *
 * Errors: PV_ERROR_KEY (fewer than @least are here), PV_ERROR_PASSPHRASE.
 */
gboolean pv_repository_add_signatures(PvRepository *repository, PvPassphrases *passphrases,
				      GBytes *body, const PvRole *role, guint least,
				      GPtrArray *signatures, GError **error);

/**
 * pv_repository_sign_file:
 * @role: whose keys to sign with: all that are here, and as many as its threshold at least
 *
 * Returns: (transfer full): the file to upload.
 */
GBytes *pv_repository_sign_file(PvRepository *repository, PvPassphrases *passphrases,
				const PvMetadataDraft *draft, const PvRole *role, GError **error);

/* (transfer full): a new key of this repository, kept in the trust directory. */
PvPrivateKey *pv_repository_new_key(PvRepository *repository, PvPassphrases *passphrases,
				    const char *role, GError **error);

/**
 * pv_repository_upload_edit:
 * @legacy: (nullable): of PvRole: former root roles whose keys sign a new root too, as far as they
 * are here
 *
 * Signs what is dirty, and what is expired where its key is here, and uploads it.
 */
gboolean pv_repository_upload_edit(PvRepository *repository, PvPassphrases *passphrases,
				   PvEdit *edit, const GPtrArray *legacy,
				   PvPublished *ret_published, GError **error);

/* attestations.c: after @edit was uploaded; says in @published what became of it. */
void pv_repository_share_attestations(PvRepository *repository, const PvEdit *edit,
				      PvPublished *published);

/* As pv_repository_edit(), for a new root that keys of @legacy sign too. */
gboolean pv_repository_edit_root(PvRepository *repository, PvPassphrases *passphrases,
				 PvEditFunc apply, void *data, const GPtrArray *legacy,
				 PvPublished *ret_published, GError **error);
