/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "service/http.h"

/* The error bodies of the trust API, as Notary's clients read them (trust.md 1.4). */
typedef enum {
	PV_REPLY_NOT_FOUND,
	PV_REPLY_UNAUTHORIZED,
	PV_REPLY_INVALID_GUN,
	PV_REPLY_MALFORMED_UPLOAD,
	PV_REPLY_NO_FILENAME,
	PV_REPLY_INVALID_ROLE,
	PV_REPLY_MALFORMED_JSON,
	PV_REPLY_VERSION,
	PV_REPLY_INVALID_UPDATE,
	PV_REPLY_NO_ATTESTATION, /* unlike a 404 of a server that has no such route */
	PV_REPLY_INVALID_ATTESTATION,
	PV_REPLY_INVALID_PARAMETERS,
	PV_REPLY_NO_STORAGE,
	PV_REPLY_NO_CRYPTOSERVICE,
	PV_REPLY_UNKNOWN,
	PV_REPLY_METHOD_NOT_ALLOWED /* 405 with an empty body */
} PvReply;

/* Why a request failed: the code, and the `detail` member. */
typedef struct {
	PvReply reply;
	json_t *detail; /* (transfer full) NULL sends none */
} PvRefusal;

/**
 * pv_reply_refuse:
 * @detail: (transfer full) (nullable)
 *
 * Fills @refusal. Returns: FALSE, always.
 */
gboolean pv_reply_refuse(PvRefusal *refusal, PvReply reply, json_t *detail);

/**
 * pv_reply_invalid_update:
 * @name: "ErrBadRoot", "ErrBadTargets", "ErrBadSnapshot", "ErrBadHierarchy", "ErrValidation"
 * @missing: (nullable): a role, for ErrBadHierarchy
 *
 * Fills @refusal with INVALID_UPDATE and Notary's detail. Returns: FALSE, always.
 */
gboolean pv_reply_invalid_update(PvRefusal *refusal, const char *name, const char *missing,
				 const char *format, ...) G_GNUC_PRINTF(4, 5);

/* Writes the refusal as the answer and releases its detail. */
void pv_reply_send(PvServerAnswer *answer, PvRefusal *refusal);
