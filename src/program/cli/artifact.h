/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/attestations.h"

/*
 * Attestations of keys in an image's registry, for trust servers that keep none: pavise-image speaks
 * to it.
 */

/**
 * pv_artifact_push:
 * @gun: the image's repository
 * @key_ids: of char*: whose attestations in @directory are to refer to manifest @digest
 *
 * Errors: PV_ERROR_UNREACHABLE with the registry's reason.
 */
gboolean pv_artifact_push(const char *gun, const PvDigest *digest, const char *directory,
			  const GPtrArray *key_ids, GError **error);

/**
 * pv_artifact_read:
 * @keys: of PvPublicKey: whose attestations are looked for
 *
 * Keeps in @directory what refers to manifest @digest and claims to be of one of @keys. Errors:
 * PV_ERROR_UNREACHABLE with the registry's reason.
 */
gboolean pv_artifact_read(const char *gun, const PvDigest *digest, const char *directory,
			  const GPtrArray *keys, GError **error);
