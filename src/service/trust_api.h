/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/access.h"
#include "service/http.h"
#include "service/signer.h"
#include "store/store.h"

/* Notary's HTTP API (trust.md 1): routes to the store, the signer and pv_publish_upload(). */
typedef struct PvTrustApi PvTrustApi;

typedef struct {
	PvAccess *access;           /* (borrowed) (nullable): NULL lets everybody do everything */
	guint current_max_age_s;    /* Cache-Control of newest versions; 0: not to be kept */
	guint consistent_max_age_s; /* of versions asked for by hash or number */
	gsize cache_bytes;          /* of ready answers in memory */
} PvTrustApiOptions;

#define PV_TRUST_API_DEFAULTS ((PvTrustApiOptions){ NULL, 300, 2592000, PV_ANSWER_CACHE_BYTES })

/* @store and @signer are borrowed. Starts the clock that renews timestamps ahead of expiry. */
PvTrustApi *pv_trust_api_new(PvStore *store, PvSigner *signer, const PvTrustApiOptions *options);
void pv_trust_api_free(PvTrustApi *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTrustApi, pv_trust_api_free)

/* (transfer none): what to start the HTTP server with; it borrows @api. */
const PvServerHandler *pv_trust_api_handler(PvTrustApi *api);
