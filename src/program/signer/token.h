/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "token/driver.h"

/*
 * New keys of the signer in a PKCS#11 token (an HSM, or `p11-kit server`'s end of one) instead of in
 * files: through pavise-token, which is started before the signer gives up the right to start
 * anything. If it ends, the signer signs no more with the token, and says so, until it is started
 * anew.
 */
typedef struct PvSignerToken PvSignerToken;

/**
 * pv_signer_token_open:
 * @uri: "pkcs11:token=NAME", with module-path if it is needed; names no object
 * @pin_source: (nullable): FILE or fd:N, whose first line is the PIN; it is read when a key is used
 *
 * Errors: PV_ERROR_USAGE, and those of pv_tokens_list().
 */
PvSignerToken *pv_signer_token_open(const char *uri, const char *pin_source, GError **error);
void pv_signer_token_close(PvSignerToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvSignerToken, pv_signer_token_close)

/**
 * pv_signer_token_make:
 *
 * Generates a P-256 key in the token, labelled by @role and @gun. Returns: (transfer full): what it
 * is and where.
 */
PvTokenKey *pv_signer_token_make(PvSignerToken *token, const char *gun, const char *role,
				 GError **error);

/* (transfer full): the private half of @public, at @uri; valid as long as @token. */
PvPrivateKey *pv_signer_token_key(PvSignerToken *token, const char *uri, PvPublicKey *public,
				  GError **error);

/* What is gone already is no failure. */
gboolean pv_signer_token_remove(PvSignerToken *token, const char *uri, GError **error);
