/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One HTTP request: what libcurl is told, and the callbacks through which each byte of the answer
 * is counted before it is kept. libcurl follows no redirect and reads no .netrc or cookie by
 * itself: each step is decided here.
 */

#include "oci/http_transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/http_tls.h"
#include "oci/http_url.h"

#define RESERVED_BYTES_MAX (4 * 1024 * 1024) /* more must have come before it is allocated */
#define SLOW_FACTOR        4                 /* for requests that may_be_slow */
#define SINK_BUFFER_SIZE   (256 * 1024)      /* bytes libcurl reads at once when a blob streams */

static gboolean is_success(int status)
{
	return status >= 200 && status <= 299;
}

static int current_status(const PvHttpTransfer *transfer)
{
	long status = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

/* A header line's name and value; repeated ones are joined as RFC 9110 5.3 allows. */
static void keep_header(PvHttpTransfer *transfer, const char *line, gsize size)
{
	const char *colon = memchr(line, ':', size);
	g_autofree char *name = NULL, *value = NULL;
	const char *before;

	if (!colon)
		return;
	name = g_ascii_strdown(line, colon - line);
	value = g_strndup(colon + 1, (gsize)(line + size - colon - 1));
	g_strstrip(value);
	before = g_hash_table_lookup(transfer->response.headers, name);
	if (before) {
		char *joined = g_strdup_printf("%s, %s", before, value);

		g_free(value);
		value = joined;
	}
	g_hash_table_replace(transfer->response.headers, g_steal_pointer(&name),
			     g_steal_pointer(&value));
}

static size_t take_header(char *line, size_t unit, size_t count, void *user_data)
{
	PvHttpTransfer *transfer = user_data;
	gsize size = unit * count;

	transfer->header_bytes += size;
	if (transfer->header_bytes > PV_HTTP_HEADER_BYTES_MAX) {
		pv_fail(&transfer->error, PV_ERROR_LIMIT,
			"%s: more than %zu bytes of header lines in the answer", transfer->url,
			PV_HTTP_HEADER_BYTES_MAX);
		return 0;
	}
	if (transfer->in_body)
		return size;
	if (size >= 5 && memcmp(line, "HTTP/", 5) == 0)
		g_hash_table_remove_all(transfer->response.headers);
	else
		keep_header(transfer, line, size);
	return size;
}

/* Room for an announced body that is within its limit, so that what came is not moved. */
static void reserve(GByteArray *body, guint size)
{
	g_byte_array_set_size(body, MIN(size, RESERVED_BYTES_MAX));
	g_byte_array_set_size(body, 0);
}

/* Before the first byte of a good answer's body: its announced length, then the caller's begin. */
static gboolean begin_body(PvHttpTransfer *transfer)
{
	const PvHttpRequest *request = transfer->request;
	curl_off_t announced = -1;

	if (transfer->began)
		return TRUE;
	transfer->began = TRUE;
	curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (announced > 0 && (guint64)announced > request->max_bytes)
		return pv_fail(&transfer->error, PV_ERROR_LIMIT,
			       "%s: the answer has %" G_GINT64_FORMAT
			       " bytes, at most %" G_GUINT64_FORMAT " expected",
			       transfer->url, (gint64)announced, request->max_bytes);
	if (announced > 0 && !request->sink)
		reserve(transfer->body, (guint)announced);
	transfer->response.status = current_status(transfer);
	return !request->begin ||
	       request->begin(request->user_data, &transfer->response, &transfer->error);
}

static gboolean take_wanted(PvHttpTransfer *transfer, const char *data, gsize size)
{
	const PvHttpRequest *request = transfer->request;

	if (!begin_body(transfer))
		return FALSE;
	if (size > request->max_bytes - transfer->received)
		return pv_fail(&transfer->error, PV_ERROR_LIMIT,
			       "%s: the answer is longer than the %" G_GUINT64_FORMAT
			       " bytes expected",
			       transfer->url, request->max_bytes);
	transfer->received += size;
	if (request->sink)
		return request->sink(request->user_data, (const guint8 *)data, size,
				     &transfer->error);
	g_byte_array_append(transfer->body, (const guint8 *)data, (guint)size);
	return TRUE;
}

/* A body nobody asked for: its beginning is kept for messages, an endless one is ended. */
static gboolean take_other(PvHttpTransfer *transfer, const char *data, gsize size)
{
	gsize room = PV_HTTP_ERROR_BYTES_MAX - transfer->body->len;

	g_byte_array_append(transfer->body, (const guint8 *)data, (guint)MIN(size, room));
	transfer->cut = size > room;
	return !transfer->cut;
}

static size_t take_body(char *data, size_t unit, size_t count, void *user_data)
{
	PvHttpTransfer *transfer = user_data;
	gsize size = unit * count;
	gboolean wanted = is_success(current_status(transfer)) && transfer->request->max_bytes > 0;

	transfer->in_body = TRUE;
	if (wanted ? take_wanted(transfer, data, size) : take_other(transfer, data, size))
		return size;
	return 0;
}

static size_t give_body(char *buffer, size_t unit, size_t count, void *user_data)
{
	PvHttpTransfer *transfer = user_data;
	const PvHttpRequest *request = transfer->request;
	guint64 total = request->has_body_fd ? request->body_fd_size : request->body_size;
	gsize size = (gsize)MIN((guint64)(unit * count), total - transfer->sent);
	ssize_t got = (ssize_t)size;

	if (size == 0)
		return 0;
	if (request->has_body_fd)
		got = pread(request->body_fd, buffer, size,
			    (off_t)(request->body_fd_offset + transfer->sent));
	else
		memcpy(buffer, (const guint8 *)request->body + transfer->sent, size);
	if (got <= 0) {
		pv_fail_errno(&transfer->error, got < 0 ? errno : EIO,
			      "%s: cannot read what to send", transfer->url);
		return CURL_READFUNC_ABORT;
	}
	if (request->passing && !request->passing(request->user_data, transfer->sent,
						  (guint8 *)buffer, (gsize)got, &transfer->error))
		return CURL_READFUNC_ABORT;
	transfer->sent += (guint64)got;
	return (size_t)got;
}

/* libcurl rewinds when a kept connection turns out to be closed. */
static int seek_body(void *user_data, curl_off_t offset, int origin)
{
	PvHttpTransfer *transfer = user_data;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (guint64)offset;
	return CURL_SEEKFUNC_OK;
}

static const PvHttpTls *tls_for(PvHttp *http, const char *url, GError **error)
{
	g_autofree char *host = pv_http_url_host(url);
	PvHttpTls *tls = g_hash_table_lookup(http->tls, host);

	if (tls)
		return tls;
	tls = pv_http_tls_load(http->authorities, http->server_directories, host, error);
	if (tls)
		g_hash_table_insert(http->tls, g_steal_pointer(&host), tls);
	return tls;
}

static void set_blob(CURL *easy, CURLoption option, GBytes *bytes)
{
	gsize size;
	struct curl_blob blob = { .data = (void *)g_bytes_get_data(bytes, &size),
				  .flags = CURL_BLOB_NOCOPY };

	blob.len = size;
	curl_easy_setopt(easy, option, &blob);
}

static gboolean set_tls(PvHttpTransfer *transfer, GError **error)
{
	PvHttp *http = transfer->http;
	const PvHttpTls *tls = tls_for(http, transfer->url, error);
	const char *certificate, *key;

	if (!tls)
		return FALSE;
	curl_easy_setopt(transfer->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (tls->authorities)
		set_blob(transfer->easy, CURLOPT_CAINFO_BLOB, tls->authorities);
	if (tls->exclusive)
		curl_easy_setopt(transfer->easy, CURLOPT_CAPATH, NULL);
	certificate = tls->certificate_file ? tls->certificate_file : http->certificate_file;
	key = tls->certificate_file ? tls->key_file : http->key_file;
	if (certificate) {
		curl_easy_setopt(transfer->easy, CURLOPT_SSLCERT, certificate);
		curl_easy_setopt(transfer->easy, CURLOPT_SSLKEY, key);
	}
	return TRUE;
}

static void add_header(PvHttpTransfer *transfer, const char *line)
{
	transfer->headers = curl_slist_append(transfer->headers, line);
}

static void set_headers(PvHttpTransfer *transfer)
{
	const PvHttpRequest *request = transfer->request;
	gboolean at_home = pv_http_origin_equal(request->url, transfer->url);

	g_clear_pointer(&transfer->headers, curl_slist_free_all);
	add_header(transfer, "Expect:");
	for (const char *const *line = request->headers; line && *line; line++)
		add_header(transfer, *line);
	if (request->authorization && at_home) {
		g_autofree char *line =
			g_strdup_printf("Authorization: %s", request->authorization);

		add_header(transfer, line);
	}
	if (request->content_type) {
		g_autofree char *line = g_strdup_printf("Content-Type: %s", request->content_type);

		add_header(transfer, line);
	}
	curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void set_method(PvHttpTransfer *transfer)
{
	const PvHttpRequest *request = transfer->request;
	const char *method = request->method ? request->method : "GET";
	guint64 size = request->has_body_fd ? request->body_fd_size : request->body_size;

	if (g_str_equal(method, "GET"))
		return;
	if (g_str_equal(method, "HEAD")) {
		curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, method);
	if (g_str_equal(method, "DELETE") && size == 0)
		return;
	curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SINK_BUFFER_SIZE);
	curl_easy_setopt(transfer->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
}

static void set_callbacks(PvHttpTransfer *transfer)
{
	CURL *easy = transfer->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
	if (transfer->request->sink)
		curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)SINK_BUFFER_SIZE);
}

static void set_times(PvHttpTransfer *transfer)
{
	guint slow = transfer->http->slow_seconds;

	if (transfer->request->may_be_slow)
		slow *= SLOW_FACTOR;
	curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT,
			 (long)MIN(slow, PV_HTTP_CONNECT_SECONDS));
	curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_LIMIT, (long)PV_HTTP_SLOW_BYTES_MIN);
	curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_TIME, (long)slow);
	if (transfer->request->timeout_ms > 0)
		curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS,
				 (long)transfer->request->timeout_ms);
}

/* All that depends on where the request goes now; at the start and after a redirect. */
static gboolean prepare(PvHttpTransfer *transfer, GError **error)
{
	g_autofree char *host = pv_http_url_host(transfer->url);

	curl_easy_reset(transfer->easy);
	curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->url);
	curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(transfer->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, transfer->http->user_agent);
	if (pv_http_is_loopback(host))
		curl_easy_setopt(transfer->easy, CURLOPT_NOPROXY, "*");
	if (transfer->http->unix_socket)
		curl_easy_setopt(transfer->easy, CURLOPT_UNIX_SOCKET_PATH,
				 transfer->http->unix_socket);
	set_callbacks(transfer);
	set_times(transfer);
	set_method(transfer);
	set_headers(transfer);
	return !g_str_has_prefix(transfer->url, "https:") || set_tls(transfer, error);
}

PvHttpTransfer *pv_http_transfer_new(PvHttp *http, const PvHttpRequest *request, guint index,
				     GError **error)
{
	g_autoptr(PvHttpTransfer) transfer = g_new0(PvHttpTransfer, 1);
	g_auto(PvHttpUrl) url = { NULL, NULL, 0 };

	transfer->http = http;
	transfer->request = request;
	transfer->index = index;
	transfer->url = g_strdup(request->url);
	transfer->body = g_byte_array_new();
	transfer->response.headers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	transfer->easy = curl_easy_init();
	if (!transfer->easy)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "libcurl cannot make a request");
	if (!pv_http_url_check(request->url, &url, error) || !prepare(transfer, error))
		return NULL;
	return g_steal_pointer(&transfer);
}

void pv_http_transfer_free(PvHttpTransfer *transfer)
{
	if (transfer->easy)
		curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	g_free(transfer->url);
	pv_http_response_clear(&transfer->response);
	if (transfer->body)
		g_byte_array_unref(transfer->body);
	g_clear_error(&transfer->error);
	g_free(transfer);
}

static gboolean is_redirect(const PvHttpTransfer *transfer)
{
	const char *method = transfer->request->method;

	if (method && !g_str_equal(method, "GET") && !g_str_equal(method, "HEAD"))
		return FALSE;
	switch (transfer->response.status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return pv_http_header(&transfer->response, "location") != NULL;
	default:
		return FALSE;
	}
}

static gboolean redirect(PvHttpTransfer *transfer, GError **error)
{
	const char *location = pv_http_header(&transfer->response, "location");
	g_autofree char *next = pv_http_resolve(transfer->url, location);

	if (++transfer->redirects > PV_HTTP_REDIRECTS_MAX)
		return pv_fail(error, PV_ERROR_REFUSED, "%s: redirected more than %d times",
			       transfer->request->url, PV_HTTP_REDIRECTS_MAX);
	if (!next)
		return pv_fail(error, PV_ERROR_SERVER, "%s: redirected to what is no URL",
			       transfer->url);
	if (!pv_http_redirect_check(transfer->url, next, error))
		return pv_fail_wrap(error, "%s", transfer->url);
	g_free(transfer->url);
	transfer->url = g_steal_pointer(&next);
	g_byte_array_set_size(transfer->body, 0);
	g_hash_table_remove_all(transfer->response.headers);
	transfer->header_bytes = 0;
	transfer->in_body = FALSE;
	transfer->cut = FALSE;
	return prepare(transfer, error);
}

static gboolean fail_of(PvHttpTransfer *transfer, CURLcode code, GError **error)
{
	const char *problem = *transfer->problem ? transfer->problem : curl_easy_strerror(code);

	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return pv_fail(error, PV_ERROR_UNREACHABLE, "%s: no answer in time (%s)",
			       transfer->url, problem);
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return pv_fail(error, PV_ERROR_UNREACHABLE, "%s: cannot connect (%s)",
			       transfer->url, problem);
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return pv_fail(error, PV_ERROR_UNREACHABLE,
			       "%s: the connection broke off after %" G_GUINT64_FORMAT
			       " bytes (%s)",
			       transfer->url, transfer->received, problem);
	case CURLE_PEER_FAILED_VERIFICATION:
		return pv_fail(error, PV_ERROR_SERVER,
			       "%s: its certificate is not trusted (%s); name its authority with "
			       "--tlscacert",
			       transfer->url, problem);
	case CURLE_SSL_CONNECT_ERROR:
		return pv_fail(error, PV_ERROR_SERVER, "%s: no TLS connection (%s)", transfer->url,
			       problem);
	default:
		return pv_fail(error, PV_ERROR_SERVER, "%s: %s", transfer->url, problem);
	}
}

gboolean pv_http_transfer_finish(PvHttpTransfer *transfer, CURLcode code, gboolean *ret_again,
				 GError **error)
{
	PvHttpResponse *response = &transfer->response;
	gboolean wanted;

	if (transfer->error) {
		g_propagate_error(error, g_steal_pointer(&transfer->error));
		return FALSE;
	}
	response->status = current_status(transfer);
	if (code != CURLE_OK && !transfer->cut)
		return fail_of(transfer, code, error);
	if (is_redirect(transfer)) {
		*ret_again = TRUE;
		return redirect(transfer, error);
	}
	wanted = is_success(response->status) && transfer->request->max_bytes > 0;
	if (wanted && !begin_body(transfer)) {
		g_propagate_error(error, g_steal_pointer(&transfer->error));
		return FALSE;
	}
	response->url = g_strdup(transfer->url);
	response->body = g_byte_array_free_to_bytes(g_steal_pointer(&transfer->body));
	*ret_again = FALSE;
	return TRUE;
}
