/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/clock.h"

/*
 * Bearer tokens of a registry's token service: JSON Web Tokens (RFC 7519, compact JWS) signed by a
 * key that a bundle of certificates vouches for (trust.md 1.7).
 */

/* The keys that count. Immutable; may be used by several threads. */
typedef struct PvTokenKeys PvTokenKeys;

/**
 * pv_token_keys_new:
 * @bundle: PEM certificates: authorities of chains in tokens, or the very keys that sign
 *
 * Errors: PV_ERROR_KEY (no certificate in it), PV_ERROR_LIMIT.
 */
PvTokenKeys *pv_token_keys_new(GBytes *bundle, GError **error);
void pv_token_keys_free(PvTokenKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTokenKeys, pv_token_keys_free)

/**
 * pv_token_verify:
 * @token: untrusted
 *
 * The signing key is found as Docker's registry does it: by the header's `x5c` (a chain to the
 * bundle), its `jwk` (with a chain of its own, or a key of the bundle), or its `kid` (libtrust's
 * fingerprint, or RFC 7638's). Signatures: ES256, ES384, ES512, RS256, RS384, RS512, PS256 and
 * nothing else, `none` and HMAC least of all. Claims are not looked at.
 *
 * Errors: PV_ERROR_UNAUTHORIZED with its own sentence for each reason.
 *
 * Returns: (transfer full): the claims, an object.
 */
json_t *pv_token_verify(const PvTokenKeys *keys, const char *token, PvTime now, GError **error);
