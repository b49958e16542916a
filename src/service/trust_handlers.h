/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/current.h"
#include "service/metrics.h"
#include "service/reply.h"
#include "service/route.h"
#include "service/trust_api.h"

/* The inside of the trust API, shared by the files that answer its routes. */

#define PV_PUBLISH_LOCKS 16

struct PvTrustApi {
	PvStore *store;
	PvSigner *signer;
	PvTrustApiOptions options;
	char *current_cache_control, *consistent_cache_control;
	PvCurrent *current;
	PvMetrics *metrics;
	PvServerHandler handler;
	GMutex publishing[PV_PUBLISH_LOCKS];
	GMutex clock_lock;
	GCond clock_wake;
	gboolean is_stopping;
	GThread *clock;
};

/*
 * One publish of a repository at a time: each signs on top of the one before. Repositories share a
 * few locks.
 */
GMutex *pv_trust_lock_of(PvTrustApi *api, const char *gun);

/* Answers with what kind of failure @error is, and logs its sentence unless it is "not found". */
void pv_trust_answer_error(PvServerAnswer *answer, const GError *error);
void pv_trust_answer_refusal(PvServerAnswer *answer, PvReply reply, json_t *detail);
void pv_trust_answer_json(PvServerAnswer *answer, const json_t *value);

/* trust_read.c */
void pv_trust_get_metadata(PvTrustApi *api, const PvRoute *route, const PvServerRequest *request,
			   PvServerAnswer *answer);
void pv_trust_get_changes(PvTrustApi *api, const char *gun, const PvServerRequest *request,
			  PvServerAnswer *answer);
void pv_trust_get_health(PvTrustApi *api, PvServerAnswer *answer);
void pv_trust_get_metrics(PvTrustApi *api, PvServerAnswer *answer);

/* (transfer full): @file with its entity tag; @is_fixed: it never changes under this path. */
PvReadyAnswer *pv_trust_ready_answer(const PvTrustApi *api, const char *content_type,
				     const PvStoredFile *file, gboolean is_fixed);

/* trust_attestation.c */

/* FALSE with an answer: what is announced is too long to be one. */
gboolean pv_trust_admit_attestation(const PvServerRequest *request, PvServerAnswer *answer);
void pv_trust_get_attestation(PvTrustApi *api, const PvRoute *route, PvServerAnswer *answer);
void pv_trust_put_attestation(PvTrustApi *api, const PvRoute *route, const PvServerRequest *request,
			      PvServerAnswer *answer);

/* trust_clock.c: a thread that renews timestamps until it is told to stop. */
void pv_trust_clock_start(PvTrustApi *api);
void pv_trust_clock_stop(PvTrustApi *api);
