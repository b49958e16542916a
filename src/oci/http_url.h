/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/http.h"

/* An address that may be asked: what of it decides whether credentials go there. */
typedef struct {
	char *scheme; /* "http" or "https" */
	char *host;   /* as in the URL, IPv6 in brackets */
	guint port;
} PvHttpUrl;

void pv_http_url_clear(PvHttpUrl *url);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvHttpUrl, pv_http_url_clear)

/**
 * pv_http_url_check:
 *
 * Errors: PV_ERROR_SYNTAX; PV_ERROR_REFUSED for another scheme, credentials inside, or plain http
 * to another machine.
 */
gboolean pv_http_url_check(const char *text, PvHttpUrl *ret_url, GError **error);

/**
 * pv_http_redirect_check:
 *
 * As pv_http_url_check() for @to, where an answer of @from sends us: never from https to http, nor
 * from another machine to this one.
 */
gboolean pv_http_redirect_check(const char *from, const char *to, GError **error);
