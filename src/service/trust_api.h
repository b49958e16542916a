/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/http.h"
#include "service/signer.h"
#include "store/store.h"

/* Notary's HTTP API (trust.md 1): routes to the store, the signer and pv_publish_upload(). */
typedef struct PvTrustApi PvTrustApi;

/* @store and @signer are borrowed. Starts the clock that renews timestamps ahead of expiry. */
PvTrustApi *pv_trust_api_new(PvStore *store, PvSigner *signer);
void pv_trust_api_free(PvTrustApi *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTrustApi, pv_trust_api_free)

/* A PvServerHandler; @api is a PvTrustApi. */
void pv_trust_api_handle(void *api, const PvServerRequest *request, PvServerAnswer *answer);
