/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <curl/curl.h>

#include "oci/http.h"

/* The client: what all transfers share. */
struct PvHttp {
	CURLM *multi;
	GBytes *authorities; /* --tlscacert */
	char *certificate_file, *key_file;
	char **server_directories;
	char *user_agent, *unix_socket;
	guint slow_seconds;
	GHashTable *tls; /* host → PvHttpTls */
};

/* One request on its way, through its redirects. */
typedef struct {
	PvHttp *http;
	const PvHttpRequest *request;
	guint index; /* in the caller's array */
	CURL *easy;
	struct curl_slist *headers;
	char *url; /* asked now */
	guint redirects;
	PvHttpResponse response; /* url is set at the end */
	GByteArray *body;
	guint64 received, sent;
	gsize header_bytes;
	gboolean in_body; /* header lines after the body are trailers */
	gboolean began;
	gboolean cut; /* a failure's body went on for too long: ended by us */
	GError *error;
	char problem[CURL_ERROR_SIZE];
} PvHttpTransfer;

/**
 * pv_http_transfer_new:
 *
 * Returns: (transfer full): a transfer whose @easy is ready to be performed, or NULL.
 */
PvHttpTransfer *pv_http_transfer_new(PvHttp *http, const PvHttpRequest *request, guint index,
				     GError **error);

void pv_http_transfer_free(PvHttpTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttpTransfer, pv_http_transfer_free)

/**
 * pv_http_transfer_finish:
 * @code: how libcurl ended it
 * @ret_again: (out): TRUE if it was redirected and @easy is to be performed again
 *
 * Completes transfer->response, or fails.
 */
gboolean pv_http_transfer_finish(PvHttpTransfer *transfer, CURLcode code, gboolean *ret_again,
				 GError **error);
