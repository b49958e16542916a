/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "token/driver.h"

/*
 * Tokens as a command uses them: through pavise-token, which is started at the first question and
 * ends with the command. It is not believed: what it sends is bounded and checked, and its crash,
 * its silence (PV_TOKEN_ANSWER_MS, PV_TOKEN_TOUCH_MS while a touch is awaited) or its lie is one
 * error, after which nothing more is asked of it.
 */
typedef struct PvTokens PvTokens;

/**
 * pv_tokens_new:
 * @person: who is asked for PINs and told of touches (pv_token_terminal_person()); is copied
 */
PvTokens *pv_tokens_new(const PvTokenPerson *person);
void pv_tokens_free(PvTokens *tokens);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTokens, pv_tokens_free)

/* For tests of silence: other than PV_TOKEN_ANSWER_MS. */
void pv_tokens_set_patience(PvTokens *tokens, guint milliseconds);

/* As the functions of PvTokenDriver; errors besides: PV_ERROR_SERVER, also for
 * what a driver calls unreachable: no network is meant. */
GPtrArray *pv_tokens_list(PvTokens *tokens, const char *uri, GError **error);
PvTokenKey *pv_tokens_make(PvTokens *tokens, const char *uri, const PvTokenRequest *request,
			   GError **error);
GBytes *pv_tokens_sign(PvTokens *tokens, const char *uri, const PvPublicKey *key, GBytes *message,
		       GError **error);
GPtrArray *pv_tokens_attest(PvTokens *tokens, const char *uri, GError **error);
gboolean pv_tokens_remove(PvTokens *tokens, const char *uri, GError **error);
gboolean pv_tokens_status(PvTokens *tokens, const char *uri, PvTokenStatus *ret_status,
			  GError **error);
gboolean pv_tokens_set_up(PvTokens *tokens, const char *uri, guint what, GError **error);

/**
 * pv_tokens_key:
 * @tokens: outlives the key
 * @public: the key that must be at @uri
 *
 * Returns: (transfer full): a private key that signs there. Nothing is asked before it does.
 */
PvPrivateKey *pv_tokens_key(PvTokens *tokens, const char *uri, PvPublicKey *public, GError **error);
