/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/http.h"

/*
 * The answer to one request, read from the bytes that come (RFC 9112, by http_parser): what it may
 * be, and where its body goes. Knows no connection and no time.
 */
typedef struct PvHttpAnswer PvHttpAnswer;

/* @request lives until the answer is freed: `max_bytes`, `begin`, `sink` and `url` count. */
PvHttpAnswer *pv_http_answer_new(const PvHttpRequest *request);
void pv_http_answer_free(PvHttpAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttpAnswer, pv_http_answer_free)

/**
 * pv_http_answer_take:
 * @size: bytes of @data; 0: the server has closed the connection
 *
 * Errors: PV_ERROR_SERVER (this is not HTTP), PV_ERROR_LIMIT (more header lines than
 * PV_HTTP_HEADER_BYTES_MAX, a body larger than wanted), PV_ERROR_UNREACHABLE (closed too early), and
 * what `begin` and `sink` say.
 */
gboolean pv_http_answer_take(PvHttpAnswer *answer, const guint8 *data, gsize size, GError **error);

/* TRUE once nothing more is to be read. */
gboolean pv_http_answer_is_over(const PvHttpAnswer *answer);

/* FALSE if the connection is of no use after this answer. */
gboolean pv_http_answer_keeps_connection(const PvHttpAnswer *answer);

gboolean pv_http_answer_has_begun(const PvHttpAnswer *answer); /* at least one byte came */
guint64 pv_http_answer_received(const PvHttpAnswer *answer);   /* bytes of a wanted body */

/* (out): status, URL and body of an answer that is over; once. */
void pv_http_answer_finish(PvHttpAnswer *answer, PvHttpResponse *ret_response);
