/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A 200 answer with its headers, made once and sent as often as it is asked for, by several threads
 * at one time. Immutable and reference-counted. It knows its entity tag and sends 304 to those who
 * have it already.
 */
typedef struct PvReadyAnswer PvReadyAnswer;

/**
 * pv_ready_answer_new:
 * @body: a reference is kept
 * @etag: (nullable): with its quotes
 * @headers: name, value, name, value …, NULL: sent with 200 and 304
 */
PvReadyAnswer *pv_ready_answer_new(const char *content_type, GBytes *body, const char *etag,
				   const char *const *headers);
PvReadyAnswer *pv_ready_answer_ref(PvReadyAnswer *answer);
void pv_ready_answer_unref(PvReadyAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvReadyAnswer, pv_ready_answer_unref)

/* What it takes to keep: the body and a fixed allowance for the rest. */
gsize pv_ready_answer_size(const PvReadyAnswer *answer);

/**
 * pv_ready_answer_matches:
 * @if_none_match: (nullable): untrusted: the request's header (RFC 9110 13.1.2)
 *
 * Returns: TRUE if 304 is the answer.
 */
gboolean pv_ready_answer_matches(const PvReadyAnswer *answer, const char *if_none_match);

/* (transfer none): a struct MHD_Response, for http.c alone; sent with 200 or 304. */
void *pv_ready_answer_response(const PvReadyAnswer *answer);
