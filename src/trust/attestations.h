/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/publish.h"

/*
 * Attestations of keys (crypto/attestation.h) as they travel: `attestations/<canonical key id>.pem` of
 * the trust directory, and from there to the trust server and back. They are untrusted wherever they
 * lie: pv_attestation_verify() alone says what one proves.
 */

/* (transfer full): where the attestation of a key is, or would be. */
char *pv_attestations_path(const char *directory, const char *key_id);

/**
 * pv_attestations_load:
 * @key_id: canonical id of the key
 *
 * Returns: (transfer full) (nullable): the file; NULL without an error if there is none.
 */
GBytes *pv_attestations_load(const char *directory, const char *key_id, GError **error);

/**
 * pv_attestations_store:
 * @key: the key it must claim to be of; its canonical id names the file
 *
 * Keeps @pem, in place of what was there, if it has the form of an attestation of @key.
 *
 * Errors: PV_ERROR_KEY (it is of another key), those of pv_attestation_chain_parse() and
 * pv_attestation_read_unverified(), PV_ERROR_IO.
 */
gboolean pv_attestations_store(const char *directory, const PvPublicKey *key, GBytes *pem,
			       GError **error);

/**
 * pv_repository_attestation:
 *
 * The attestation of @key from the trust directory; else, unless offline, from the trust server, and it
 * is kept.
 *
 * Errors: PV_ERROR_UNSUPPORTED (not here, and the server keeps none), those of pv_attestations_store()
 * and of a failed request.
 *
 * Returns: (transfer full) (nullable): NULL without an error if there is none.
 */
GBytes *pv_repository_attestation(PvRepository *repository, const PvPublicKey *key, GError **error);

/**
 * pv_repository_fetch_attestations:
 *
 * Brings into the trust directory what pv_repository_attestation() finds of the keys that signed root,
 * targets and delegations of @state.
 *
 * @ret_failure: (out) (nullable): why the server gave no answer.
 *
 * Returns: (transfer full) (nullable): of PvPublicKey: keys that have none here, if the server keeps none:
 * they may be in the image's registry.
 */
GPtrArray *pv_repository_fetch_attestations(PvRepository *repository, const PvTufState *state,
					    GError **ret_failure);

/**
 * pv_repository_bring_attestations:
 * @digest: (nullable): of the image's manifest
 *
 * As pv_repository_fetch_attestations(); what the server does not keep is looked for beside the image
 * (PvRepositoryOptions.read_artifact).
 */
void pv_repository_bring_attestations(PvRepository *repository, const PvTufState *state,
				      const PvDigest *digest, GError **ret_failure);
