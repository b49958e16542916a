/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/http.h"

/*
 * HTTP/1.1 with one https server over one kept connection, for what is asked often and wants its
 * answer at once. It is as strict as PvHttp (oci/http.h) and speaks of failures in the same words, but knows no
 * proxies, redirects, logins or other schemes: libcurl does, and takes longer to load with its
 * thirty libraries than such an answer takes to come.
 */
typedef struct PvHttpDirect PvHttpDirect;

/**
 * pv_http_direct_suits:
 * @url: "https://notary.example:4443"
 *
 * FALSE for what this client does not read or would have to ask by way of a proxy (https_proxy,
 * HTTPS_PROXY, all_proxy, ALL_PROXY): use PvHttp.
 */
gboolean pv_http_direct_suits(const char *url);

/**
 * pv_http_direct_new:
 * @url: one that suits: all requests go to its host
 * @options: as of pv_http_new(); `unix_socket` does not count
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO, PV_ERROR_KEY (a file of @options).
 */
PvHttpDirect *pv_http_direct_new(const char *url, const PvHttpOptions *options, GError **error);

/* (transfer none): "notary.example:4443", in lower case, without the scheme's own port. */
const char *pv_http_direct_authority(const PvHttpDirect *direct);

void pv_http_direct_free(PvHttpDirect *direct);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttpDirect, pv_http_direct_free)

/**
 * pv_http_direct_send:
 * @request: its URL begins with the one of pv_http_direct_new(); `headers`, `authorization`,
 *	`body_fd` and `passing` do not count
 *
 * As pv_http_send(), but a redirect is an answer like any other, and no headers are handed back.
 */
gboolean pv_http_direct_send(PvHttpDirect *direct, const PvHttpRequest *request,
			     PvHttpResponse *ret_response, GError **error);
