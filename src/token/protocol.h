/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/message.h"
#include "token/driver.h"

/*
 * The messages between a command and pavise-token, which it started and whose descriptor 3 is the
 * other end. One question at a time; what lies between a question and its answer is an aside.
 *
 *   question          fields                          answer
 *   PV_TOKEN_LIST     URI                             KEY for each key, then OK
 *   PV_TOKEN_MAKE     URI, request                    KEY, then OK
 *   PV_TOKEN_SIGN     URI, key type, key, message     OK: signature
 *   PV_TOKEN_ATTEST   URI                             OK: certificates
 *   PV_TOKEN_REMOVE   URI                             OK
 *   PV_TOKEN_STATUS   URI                             OK: status
 *   PV_TOKEN_SET_UP   URI, what (PvTokenSetup)        OK
 *   (any)                                             FAILED: PvErrorCode, sentence
 *
 *   aside             fields                          the command answers
 *   PV_TOKEN_SECRET   kind, token, serial, tries,     GIVEN: size; then so many bytes (the secret,
 *                     is_retry                        which no message holds), or REFUSED:
 *                                                     PvErrorCode, sentence
 *   PV_TOKEN_TOUCH    token, is_awaited               nothing
 *   PV_TOKEN_MAY_WAIT token                           nothing
 *   PV_TOKEN_WARN     sentence                        nothing
 */
typedef enum {
	PV_TOKEN_LIST = 1,
	PV_TOKEN_MAKE,
	PV_TOKEN_SIGN,
	PV_TOKEN_ATTEST,
	PV_TOKEN_REMOVE,
	PV_TOKEN_GIVEN,
	PV_TOKEN_REFUSED,
	PV_TOKEN_STATUS,
	PV_TOKEN_SET_UP,
	PV_TOKEN_OK = 101,
	PV_TOKEN_KEY,
	PV_TOKEN_FAILED,
	PV_TOKEN_SECRET_ASKED,
	PV_TOKEN_TOUCH,
	PV_TOKEN_MAY_WAIT,
	PV_TOKEN_WARN
} PvTokenMessage;

/* A key as the fields of @message, and back. Untrusted: every field is bounded and checked. */
void pv_token_key_put(PvMessage *message, const PvTokenKey *key);
PvTokenKey *pv_token_key_take(const PvMessage *message, GError **error);

/*
 * A request, from field @first on. What pv_token_request_take() gives is valid until
 * pv_token_request_clear().
 */
void pv_token_request_put(PvMessage *message, const PvTokenRequest *request);
gboolean pv_token_request_take(const PvMessage *message, guint first, PvTokenRequest *ret_request,
			       GError **error);
void pv_token_request_clear(PvTokenRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvTokenRequest, pv_token_request_clear)

void pv_token_status_put(PvMessage *message, const PvTokenStatus *status);
gboolean pv_token_status_take(const PvMessage *message, PvTokenStatus *ret_status, GError **error);

/* What is to be set up, as field 1: or'ed of PvTokenSetup, at least one. */
void pv_token_setup_put(PvMessage *message, guint what);
gboolean pv_token_setup_take(const PvMessage *message, guint *ret_what, GError **error);

void pv_token_prompt_put(PvMessage *message, const PvTokenPrompt *prompt);
gboolean pv_token_prompt_take(const PvMessage *message, PvTokenPrompt *ret_prompt, GError **error);
void pv_token_prompt_clear(PvTokenPrompt *prompt);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvTokenPrompt, pv_token_prompt_clear)

/* An error as a message of @kind (FAILED or REFUSED), and back: pv_token_error_take() is FALSE. */
PvMessage *pv_token_error_new(guint32 kind, const GError *error);
gboolean pv_token_error_take(const PvMessage *message, GError **error);

/**
 * pv_token_text_take:
 *
 * Returns: (transfer full): field @index as text of at most PV_TOKEN_TEXT_BYTES_MAX bytes; "" for
 * an empty one. Errors: PV_ERROR_SERVER.
 */
char *pv_token_text_take(const PvMessage *message, guint index, GError **error);

/* A secret over the descriptor @fd, from locked memory to locked memory. */
gboolean pv_token_secret_send(int fd, const PvSecret *secret, GError **error);
/* @message: the GIVEN that came; its bytes follow on @fd. */
PvSecret *pv_token_secret_receive(int fd, const PvMessage *message, GError **error);
