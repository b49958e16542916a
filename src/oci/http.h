/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A small HTTP client for servers that may lie: registries, token services, the trust server. One
 * PvHttp keeps its connections, so use one for a whole command; it belongs to one thread.
 *
 * What holds for every request:
 * - https, or plain http to localhost, 127.0.0.0/8 and ::1 only; TLS 1.2 or later, peers verified;
 * - a body is counted as it comes, whatever Content-Length says, and is never decompressed;
 * - connecting, silence and slowness are bounded in time (limits.h, PvHttpOptions);
 * - redirects of GET and HEAD are followed here, PV_HTTP_REDIRECTS_MAX at most, never from https to
 *   http, to another scheme, or from the network to this machine; `authorization` goes to another
 *   origin (scheme, host, port) never. Other methods are not redirected: the caller gets the 3xx.
 */
typedef struct PvHttp PvHttp;

/* All may be NULL or 0. Strings are copied. */
typedef struct {
	const char *ca_file; /* PEM: only these authorities count, the system's do not */
	const char *certificate_file, *key_file; /* PEM: the client's, for any server that asks */
	/*
	 * Directories with one folder a server, as Docker has them: DIRECTORY/HOST:PORT/ with *.crt
	 * (authorities, beside the others), NAME.cert and NAME.key (client). NULL-terminated; the
	 * first that has such a folder counts.
	 */
	const char *const *server_directories;
	const char *user_agent;
	const char *unix_socket; /* a path: all requests go there, whatever their host */
	guint slow_seconds;      /* give up below PV_HTTP_SLOW_BYTES_MIN a second for so long */
} PvHttpOptions;

/**
 * pv_http_new:
 * @options: (nullable)
 *
 * Errors: PV_ERROR_NOT_FOUND or PV_ERROR_IO (a file of @options that cannot be read).
 *
 * Returns: (transfer full): a client, or NULL.
 */
PvHttp *pv_http_new(const PvHttpOptions *options, GError **error);

void pv_http_free(PvHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttp, pv_http_free)

typedef struct {
	int status;          /* 200 … */
	char *url;           /* what answered, after redirects */
	GHashTable *headers; /* use pv_http_header() */
	GBytes *body;        /* never NULL; empty if a sink took it; of a failure at most
			 PV_HTTP_ERROR_BYTES_MAX bytes, cut off silently */
} PvHttpResponse;

void pv_http_response_clear(PvHttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvHttpResponse, pv_http_response_clear)

/**
 * pv_http_header:
 * @name: in lower case: "etag", "last-modified", "www-authenticate"
 *
 * Returns: (transfer none): the value, repeated ones joined by ", "; NULL if it was not sent.
 */
const char *pv_http_header(const PvHttpResponse *response, const char *name);

/* Zero what you do not need; all pointers must live until the call returns. */
typedef struct {
	const char *method; /* NULL is GET */
	const char *url;
	const char *const *headers; /* NULL-terminated "Name: value" */
	const char *authorization;  /* "Basic …" or "Bearer …" */

	const char *content_type; /* of what is sent: bytes … */
	const void *body;
	gsize body_size;
	gboolean has_body_fd; /* … or @body_fd_size bytes of a file from @body_fd_offset */
	int body_fd;
	guint64 body_fd_offset, body_fd_size;
	/*
	 * Sees each piece before it is sent (may be NULL). @offset is 0 again when libcurl has to
	 * begin anew. FALSE ends the request with the error set, that piece unsent.
	 */
	gboolean (*passing)(void *user_data, guint64 offset, const guint8 *data, gsize size,
			    GError **error);

	guint64 max_bytes;    /* of a 2xx answer's body; more is PV_ERROR_LIMIT. 0: none wanted */
	guint timeout_ms;     /* for the whole request; 0: only slowness ends it */
	gboolean may_be_slow; /* the server works before it answers: allow four times the silence */

	/*
	 * Where a 2xx answer's body goes, piece by piece; without it the body is collected.
	 * `begin` (may be NULL) is called once before, with status and headers. FALSE ends the
	 * transfer with the error set.
	 */
	gboolean (*begin)(void *user_data, const PvHttpResponse *response, GError **error);
	gboolean (*sink)(void *user_data, const guint8 *data, gsize size, GError **error);
	void *user_data;
} PvHttpRequest;

/**
 * pv_http_send:
 * @ret_response: (out): release with pv_http_response_clear()
 *
 * Sends one request and waits for its answer. Any HTTP status is a success here.
 *
 * Errors: PV_ERROR_UNREACHABLE (no answer, a broken-off one, or too slow), PV_ERROR_LIMIT (too
 * large), PV_ERROR_SERVER (an answer that is not HTTP, a certificate that does not hold),
 * PV_ERROR_REFUSED (an address or redirect that is not allowed), PV_ERROR_SYNTAX (not a URL), and
 * what @begin or @sink return.
 */
gboolean pv_http_send(PvHttp *http, const PvHttpRequest *request, PvHttpResponse *ret_response,
		      GError **error);

/**
 * PvHttpDone:
 * @index: of the request in the array
 * @response: (nullable) (transfer none): NULL if @error is set
 *
 * Called as each request ends, in any order. It must not send requests itself.
 */
typedef void (*PvHttpDone)(void *user_data, guint index, const PvHttpResponse *response,
			   const GError *error);

/**
 * pv_http_send_many:
 * @parallel: how many at one time; the rest waits in order
 *
 * Sends @count requests and returns when each has ended.
 */
void pv_http_send_many(PvHttp *http, const PvHttpRequest *requests, guint count, guint parallel,
		       PvHttpDone done, void *user_data);

/**
 * pv_http_is_loopback:
 * @host: "localhost", "127.0.0.1", "[::1]:5000", "127.1.2.3:80"; a port is ignored
 *
 * Returns: TRUE if @host names this machine, so that plain HTTP is allowed.
 */
gboolean pv_http_is_loopback(const char *host);

/**
 * pv_http_url_host:
 *
 * Returns: (transfer full): "host" or "host:port" as in @url, in lower case, without a port that is
 * the scheme's own; NULL if @url is not http(s)://… or carries credentials.
 */
char *pv_http_url_host(const char *url);

/**
 * pv_http_origin_equal:
 *
 * Returns: TRUE if both are URLs of the same scheme, host and port.
 */
gboolean pv_http_origin_equal(const char *a, const char *b);

/**
 * pv_http_resolve:
 *
 * Returns: (transfer full): @location, which may be relative, as seen from @url; NULL if it is no
 * URL.
 */
char *pv_http_resolve(const char *url, const char *location);

/**
 * pv_http_escape:
 *
 * Returns: (transfer full): @text with all but unreserved characters as %XX, for a query.
 */
char *pv_http_escape(const char *text);
