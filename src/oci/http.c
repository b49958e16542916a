/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The HTTP client: one libcurl multi handle keeps the connections of a command, and requests run on
 * it one at a time or several together. What a single request may do is in http_transfer.c, what
 * address it may have in http_url.c.
 */

#include "oci/http.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "oci/http_tls.h"
#include "oci/http_transfer.h"

#define POLL_MS 1000

static gboolean start_library(GError **error)
{
	static gsize ready;

	if (g_once_init_enter(&ready))
		g_once_init_leave(&ready, curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? 1 : 2);
	return ready == 1 || pv_fail(error, PV_ERROR_INTERNAL, "libcurl does not start");
}

static gboolean check_readable(const char *file, GError **error)
{
	g_autoptr(GBytes) bytes = file ? pv_file_read(file, PV_MIB, error) : NULL;

	return !file || bytes != NULL;
}

PvHttp *pv_http_new(const PvHttpOptions *options, GError **error)
{
	static const PvHttpOptions none;
	g_autoptr(PvHttp) http = g_new0(PvHttp, 1);

	if (!options)
		options = &none;
	if (!start_library(error) || !check_readable(options->certificate_file, error) ||
	    !check_readable(options->key_file, error))
		return NULL;
	if (options->ca_file) {
		http->authorities = pv_file_read(options->ca_file, PV_MIB, error);
		if (!http->authorities)
			return NULL;
	}
	http->certificate_file = g_strdup(options->certificate_file);
	http->key_file = g_strdup(options->key_file);
	http->server_directories = g_strdupv((char **)options->server_directories);
	http->unix_socket = g_strdup(options->unix_socket);
	http->user_agent = g_strdup(options->user_agent ? options->user_agent : "pavise");
	http->slow_seconds = options->slow_seconds ? options->slow_seconds : PV_HTTP_SLOW_SECONDS;
	http->tls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					  (GDestroyNotify)pv_http_tls_free);
	http->multi = curl_multi_init();
	if (!http->multi)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "libcurl does not start");
	return g_steal_pointer(&http);
}

void pv_http_free(PvHttp *http)
{
	if (http->multi)
		curl_multi_cleanup(http->multi);
	g_clear_pointer(&http->authorities, g_bytes_unref);
	g_free(http->certificate_file);
	g_free(http->key_file);
	g_strfreev(http->server_directories);
	g_free(http->user_agent);
	g_free(http->unix_socket);
	g_clear_pointer(&http->tls, g_hash_table_unref);
	g_free(http);
}

/* The requests of one call. */
typedef struct {
	PvHttp *http;
	const PvHttpRequest *requests;
	guint count, next, running;
	PvHttpDone done;
	void *user_data;
} Batch;

static void start_next(Batch *batch)
{
	guint index = batch->next++;
	g_autoptr(GError) error = NULL;
	PvHttpTransfer *transfer =
		pv_http_transfer_new(batch->http, &batch->requests[index], index, &error);

	if (!transfer) {
		batch->done(batch->user_data, index, NULL, error);
		return;
	}
	curl_multi_add_handle(batch->http->multi, transfer->easy);
	batch->running++;
}

static void end_one(Batch *batch, CURL *easy, CURLcode code)
{
	PvHttpTransfer *transfer = NULL;
	g_autoptr(GError) error = NULL;
	gboolean again = FALSE, good;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
	curl_multi_remove_handle(batch->http->multi, easy);
	good = pv_http_transfer_finish(transfer, code, &again, &error);
	if (good && again) {
		curl_multi_add_handle(batch->http->multi, easy);
		return;
	}
	batch->running--;
	batch->done(batch->user_data, transfer->index, good ? &transfer->response : NULL, error);
	pv_http_transfer_free(transfer);
}

void pv_http_send_many(PvHttp *http, const PvHttpRequest *requests, guint count, guint parallel,
		       PvHttpDone done, void *user_data)
{
	Batch batch = { http, requests, count, 0, 0, done, user_data };

	while (batch.next < count || batch.running > 0) {
		CURLMsg *message;
		int running, left;

		while (batch.next < count && batch.running < parallel)
			start_next(&batch);
		curl_multi_perform(http->multi, &running);
		while ((message = curl_multi_info_read(http->multi, &left))) {
			if (message->msg == CURLMSG_DONE)
				end_one(&batch, message->easy_handle, message->data.result);
		}
		if (running > 0 && (guint)running == batch.running)
			curl_multi_poll(http->multi, NULL, 0, POLL_MS, NULL);
	}
}

typedef struct {
	PvHttpResponse *response;
	GError **error;
	gboolean good;
} One;

static void keep_one(void *user_data, guint index, const PvHttpResponse *response,
		     const GError *error)
{
	One *one = user_data;

	if (!response) {
		g_propagate_error(one->error, g_error_copy(error));
		return;
	}
	one->good = TRUE;
	one->response->status = response->status;
	one->response->url = g_strdup(response->url);
	one->response->headers = g_hash_table_ref(response->headers);
	one->response->body = g_bytes_ref(response->body);
}

gboolean pv_http_send(PvHttp *http, const PvHttpRequest *request, PvHttpResponse *ret_response,
		      GError **error)
{
	One one = { ret_response, error, FALSE };

	pv_http_send_many(http, request, 1, 1, keep_one, &one);
	return one.good;
}
