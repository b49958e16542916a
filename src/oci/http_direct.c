/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HTTP/1.1 over one TLS connection (RFC 9112). http_parser reads what the server says; what may come, and how
 * long it may take, is decided here.
 */

#include "oci/http_direct.h"

#include <http_parser.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/channel.h"
#include "oci/http_tls.h"

#define SCHEME      "https://"
#define PIECE_BYTES (64 * 1024)
#define SLOW_FACTOR 4 /* for requests that may_be_slow */

struct PvHttpDirect {
	char *origin;    /* "https://notary.example:4443" */
	char *authority; /* "notary.example:4443", as Host says it */
	char *host;
	guint16 port;
	char *user_agent;
	guint slow_seconds;
	PvChannelContext *context;
	PvChannel *channel; /* NULL until connected, and once it cannot be used again */
};

/* One request and its answer. */
typedef struct {
	PvHttpDirect *direct;
	const PvHttpRequest *request;
	http_parser parser;
	GByteArray *body;
	PvHttpResponse response;
	guint64 received; /* bytes of the body */
	gsize header_bytes;
	gboolean has_answered; /* at least one byte came */
	gboolean is_complete, is_cut;
	gint64 end_us;        /* when it takes too long; 0: never */
	gint64 window_end_us; /* when @window_bytes must be enough */
	gint64 until_us;      /* the earlier of both */
	guint64 window_bytes;
	GError *error;
} Exchange;

/* --- addresses ----------------------------------------------------------------------------- */

/* The length of "https://HOST[:PORT]" at the start of @url; 0 if that is not what stands there. */
static gsize origin_length(const char *url, guint16 *ret_port)
{
	const char *host = url + strlen(SCHEME), *end;
	guint64 port = 443;

	if (!g_str_has_prefix(url, SCHEME))
		return 0;
	end = host +
	      strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
	if (end == host || *host == '-' || *host == '.')
		return 0;
	if (*end == ':') {
		const char *digits = end + 1;
		g_autofree char *text = NULL;

		end = digits + strspn(digits, "0123456789");
		text = g_strndup(digits, (gsize)(end - digits));
		if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT16, &port, NULL))
			return 0;
	}
	*ret_port = (guint16)port;
	return *end == '\0' || *end == '/' ? (gsize)(end - url) : 0;
}

static gboolean is_plain_path(const char *path)
{
	for (; *path; path++) {
		if (!g_ascii_isalnum(*path) && !strchr("/-._~:@", *path))
			return FALSE;
	}
	return TRUE;
}

static gboolean wants_proxy(const char *host)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_getenv(names[i]);

		if (value && *value)
			return !pv_http_is_loopback(host);
	}
	return FALSE;
}

gboolean pv_http_direct_suits(const char *url)
{
	guint16 port;
	gsize length = origin_length(url, &port);
	g_autofree char *authority = NULL;

	if (length == 0 || strlen(url) > PV_HTTP_URL_BYTES_MAX || !is_plain_path(url + length))
		return FALSE;
	authority = g_strndup(url + strlen(SCHEME), length - strlen(SCHEME));
	return !wants_proxy(authority);
}

/* --- a connection -------------------------------------------------------------------------- */

static PvChannelContext *context_for(const PvHttpDirect *direct, const PvHttpOptions *options,
				     GError **error)
{
	g_autoptr(GBytes) exclusive = NULL;
	g_autoptr(PvHttpTls) tls = NULL;
	PvChannelWeb web;

	if (options->ca_file) {
		exclusive = pv_file_read(options->ca_file, PV_MIB, error);
		if (!exclusive)
			return NULL;
	}
	tls = pv_http_tls_load(exclusive, (char **)options->server_directories, direct->authority,
			       error);
	if (!tls)
		return NULL;
	web = (PvChannelWeb){ tls->authorities, tls->exclusive, tls->certificate_file,
			      tls->key_file };
	if (!web.certificate && options->certificate_file) {
		web.certificate = options->certificate_file;
		web.key = options->key_file;
	}
	return pv_channel_context_new_web(&web, error);
}

PvHttpDirect *pv_http_direct_new(const char *url, const PvHttpOptions *options, GError **error)
{
	g_autoptr(PvHttpDirect) direct = g_new0(PvHttpDirect, 1);
	gsize length = origin_length(url, &direct->port);
	g_autofree char *named = NULL;

	if (length == 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "'%.200s' is not a server's URL", url);
	direct->origin = g_strndup(url, length);
	named = g_ascii_strdown(direct->origin + strlen(SCHEME), -1);
	direct->host = g_strndup(named, strcspn(named, ":"));
	direct->authority = direct->port == 443
				    ? g_strdup(direct->host)
				    : g_strdup_printf("%s:%u", direct->host, direct->port);
	direct->user_agent = g_strdup(options->user_agent ? options->user_agent : "pavise");
	direct->slow_seconds = options->slow_seconds ? options->slow_seconds : PV_HTTP_SLOW_SECONDS;
	direct->context = context_for(direct, options, error);
	return direct->context ? g_steal_pointer(&direct) : NULL;
}

void pv_http_direct_free(PvHttpDirect *direct)
{
	if (!direct)
		return;
	pv_channel_free(direct->channel);
	pv_channel_context_free(direct->context);
	g_free(direct->origin);
	g_free(direct->authority);
	g_free(direct->host);
	g_free(direct->user_agent);
	g_free(direct);
}

const char *pv_http_direct_authority(const PvHttpDirect *direct)
{
	return direct->authority;
}

static gboolean connect_server(PvHttpDirect *direct, const char *url, GError **error)
{
	guint seconds = MIN(direct->slow_seconds, PV_HTTP_CONNECT_SECONDS);
	g_autoptr(GError) failure = NULL;

	if (direct->channel)
		return TRUE;
	direct->channel = pv_channel_connect(direct->context, direct->host, direct->port,
					     seconds * 1000, &failure);
	if (direct->channel)
		return TRUE;
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_UNAUTHORIZED))
		return pv_fail(error, PV_ERROR_SERVER,
			       "%s: %s; name its authority with --tlscacert", url,
			       failure->message);
	return pv_fail(error, (PvErrorCode)failure->code, "%s: %s", url, failure->message);
}

static void drop_connection(PvHttpDirect *direct)
{
	pv_channel_free(direct->channel);
	direct->channel = NULL;
}

/* --- what the server says ------------------------------------------------------------------ */

static gboolean is_wanted(const Exchange *exchange)
{
	return exchange->parser.status_code / 100 == 2 && exchange->request->max_bytes > 0;
}

static int count_header(http_parser *parser, const char *text, size_t size)
{
	Exchange *exchange = parser->data;

	exchange->header_bytes += size + 2;
	if (exchange->header_bytes <= PV_HTTP_HEADER_BYTES_MAX)
		return 0;
	pv_fail(&exchange->error, PV_ERROR_LIMIT,
		"%s: more than %zu bytes of header lines in the answer", exchange->request->url,
		PV_HTTP_HEADER_BYTES_MAX);
	return 1;
}

static int headers_complete(http_parser *parser)
{
	Exchange *exchange = parser->data;
	const PvHttpRequest *request = exchange->request;
	gboolean is_announced = parser->content_length != G_MAXUINT64;

	exchange->response.status = (int)parser->status_code;
	if (!is_wanted(exchange))
		return 0;
	if (is_announced && parser->content_length > request->max_bytes) {
		pv_fail(&exchange->error, PV_ERROR_LIMIT,
			"%s: the answer has %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT
			" expected",
			request->url, parser->content_length, request->max_bytes);
		return -1;
	}
	return request->begin && !request->begin(request->user_data, &exchange->response,
						 &exchange->error)
		       ? -1
		       : 0;
}

/* A body nobody asked for: its beginning is kept for messages, an endless one is ended. */
static int take_other(Exchange *exchange, const char *data, gsize size)
{
	gsize room = PV_HTTP_ERROR_BYTES_MAX - exchange->body->len;

	g_byte_array_append(exchange->body, (const guint8 *)data, (guint)MIN(size, room));
	exchange->is_cut = size > room;
	return exchange->is_cut;
}

static int take_body(http_parser *parser, const char *data, size_t size)
{
	Exchange *exchange = parser->data;
	const PvHttpRequest *request = exchange->request;

	if (!is_wanted(exchange))
		return take_other(exchange, data, size);
	if (size > request->max_bytes - exchange->received) {
		pv_fail(&exchange->error, PV_ERROR_LIMIT,
			"%s: the answer is longer than the %" G_GUINT64_FORMAT " bytes expected",
			request->url, request->max_bytes);
		return 1;
	}
	exchange->received += size;
	if (request->sink)
		return !request->sink(request->user_data, (const guint8 *)data, size,
				      &exchange->error);
	g_byte_array_append(exchange->body, (const guint8 *)data, (guint)size);
	return 0;
}

static int message_complete(http_parser *parser)
{
	Exchange *exchange = parser->data;

	if (parser->status_code / 100 == 1)
		return 0; /* the answer itself follows */
	exchange->is_complete = TRUE;
	http_parser_pause(parser, 1);
	return 0;
}

static gboolean fail_broken(Exchange *exchange, const char *why)
{
	return pv_fail(&exchange->error, PV_ERROR_UNREACHABLE,
		       "%s: the connection broke off after %" G_GUINT64_FORMAT " bytes (%s)",
		       exchange->request->url, exchange->received, why);
}

/* FALSE with the error set, if @got bytes (0: the end) are not how an answer goes on. */
static gboolean parse(Exchange *exchange, const guint8 *piece, gsize got)
{
	static const http_parser_settings settings = { .on_header_field = count_header,
						       .on_header_value = count_header,
						       .on_headers_complete = headers_complete,
						       .on_body = take_body,
						       .on_message_complete = message_complete };
	http_parser *parser = &exchange->parser;
	gsize used = http_parser_execute(parser, &settings, (const char *)piece, got);
	enum http_errno problem = HTTP_PARSER_ERRNO(parser);

	if (exchange->error)
		return FALSE;
	if (exchange->is_cut || exchange->is_complete) {
		/* What was not asked for is on the way: nothing more is read from here. */
		if (exchange->is_cut || used < got || !http_should_keep_alive(parser))
			drop_connection(exchange->direct);
		return TRUE;
	}
	if (problem != HPE_OK && got > 0)
		return pv_fail(&exchange->error, PV_ERROR_SERVER, "%s: the answer is not HTTP (%s)",
			       exchange->request->url, http_errno_description(problem));
	return got > 0 || fail_broken(exchange, "it was closed");
}

/* --- time ---------------------------------------------------------------------------------- */

static gint64 slow_us(const Exchange *exchange)
{
	guint factor = exchange->request->may_be_slow ? SLOW_FACTOR : 1;

	return (gint64)exchange->direct->slow_seconds * factor * G_USEC_PER_SEC;
}

/*
 * Until when the next bytes must come; FALSE with the error set if that is over: a window of time has
 * to bring PV_HTTP_SLOW_BYTES_MIN a second.
 */
static gboolean set_deadline(Exchange *exchange)
{
	gint64 now = g_get_monotonic_time();
	guint64 enough = PV_HTTP_SLOW_BYTES_MIN * (guint64)(slow_us(exchange) / G_USEC_PER_SEC);

	if (exchange->window_bytes >= enough || exchange->window_end_us == 0) {
		exchange->window_bytes = 0;
		exchange->window_end_us = now + slow_us(exchange);
	}
	exchange->until_us = exchange->window_end_us;
	if (exchange->end_us > 0)
		exchange->until_us = MIN(exchange->until_us, exchange->end_us);
	if (exchange->until_us <= now)
		return pv_fail(&exchange->error, PV_ERROR_UNREACHABLE,
			       "%s: no answer in time (too slow: %" G_GUINT64_FORMAT " bytes came)",
			       exchange->request->url, exchange->received);
	pv_channel_set_deadline(exchange->direct->channel,
				(guint)((exchange->until_us - now) / 1000 + 1));
	return TRUE;
}

/* --- a request ----------------------------------------------------------------------------- */

static char *head_of(const Exchange *exchange)
{
	const PvHttpRequest *request = exchange->request;
	const PvHttpDirect *direct = exchange->direct;
	const char *path = request->url + strlen(direct->origin);
	const char *method = request->method ? request->method : "GET";
	GString *head = g_string_new(NULL);

	g_string_append_printf(head,
			       "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n",
			       method, *path ? path : "/", direct->authority, direct->user_agent);
	if (request->content_type)
		g_string_append_printf(head, "Content-Type: %s\r\n", request->content_type);
	if (request->body_size > 0 || g_str_equal(method, "POST"))
		g_string_append_printf(head, "Content-Length: %" G_GSIZE_FORMAT "\r\n",
				       request->body_size);
	g_string_append(head, "\r\n");
	return g_string_free(head, FALSE);
}

static gboolean send_all(Exchange *exchange)
{
	const PvHttpRequest *request = exchange->request;
	const PvMessageStream *stream = pv_channel_stream(exchange->direct->channel);
	g_autofree char *head = head_of(exchange);
	gint64 allowed_ms = slow_us(exchange) / 1000 +
			    (gint64)(request->body_size / PV_HTTP_SLOW_BYTES_MIN * 1000);

	pv_channel_set_deadline(exchange->direct->channel, (guint)MIN(allowed_ms, G_MAXUINT));
	return stream->send(stream->data, head, strlen(head), &exchange->error) &&
	       (request->body_size == 0 ||
		stream->send(stream->data, request->body, request->body_size, &exchange->error));
}

/* The channel's failure, unless it only waited until the deadline. */
static gboolean fail_of(Exchange *exchange)
{
	g_autoptr(GError) failure = g_steal_pointer(&exchange->error);

	if (g_get_monotonic_time() >= exchange->until_us)
		return TRUE;
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE))
		return fail_broken(exchange, failure->message);
	return pv_fail(&exchange->error, PV_ERROR_SERVER, "%s: %s", exchange->request->url,
		       failure->message);
}

static gboolean receive_all(Exchange *exchange)
{
	const PvMessageStream *stream = pv_channel_stream(exchange->direct->channel);
	guint8 piece[PIECE_BYTES];

	while (!exchange->is_complete && !exchange->is_cut) {
		gssize got;

		if (!set_deadline(exchange))
			return FALSE;
		got = stream->receive(stream->data, piece, sizeof piece, &exchange->error);
		if (got < 0 && !fail_of(exchange))
			return FALSE;
		if (got < 0)
			continue;
		exchange->has_answered |= got > 0;
		exchange->window_bytes += (guint64)got;
		if (!parse(exchange, piece, (gsize)got))
			return FALSE;
	}
	return TRUE;
}

/* A server may refuse before it has read all, and hang up: its answer says more than the break. */
static gboolean send_and_receive(Exchange *exchange)
{
	g_autoptr(GError) unsent = NULL;

	if (send_all(exchange))
		return receive_all(exchange);
	unsent = g_steal_pointer(&exchange->error);
	if (receive_all(exchange)) {
		drop_connection(exchange->direct);
		return TRUE;
	}
	g_clear_error(&exchange->error);
	return fail_broken(exchange, unsent->message);
}

static void exchange_begin(Exchange *exchange)
{
	guint timeout_ms = exchange->request->timeout_ms;

	http_parser_init(&exchange->parser, HTTP_RESPONSE);
	exchange->parser.data = exchange;
	exchange->window_end_us = 0;
	exchange->end_us = timeout_ms ? g_get_monotonic_time() + (gint64)timeout_ms * 1000 : 0;
}

/* On a kept connection the server may have closed it meanwhile: then once more, on a new one. */
static gboolean exchange_run(Exchange *exchange)
{
	PvHttpDirect *direct = exchange->direct;
	gboolean was_kept = direct->channel != NULL;

	exchange_begin(exchange);
	if (!connect_server(direct, exchange->request->url, &exchange->error))
		return FALSE;
	if (send_and_receive(exchange))
		return TRUE;
	drop_connection(direct);
	if (!was_kept || exchange->has_answered)
		return FALSE;
	g_clear_error(&exchange->error);
	return exchange_run(exchange);
}

gboolean pv_http_direct_send(PvHttpDirect *direct, const PvHttpRequest *request,
			     PvHttpResponse *ret_response, GError **error)
{
	Exchange exchange = { .direct = direct, .request = request, .body = g_byte_array_new() };
	gboolean done = exchange_run(&exchange);
	GBytes *body = g_byte_array_free_to_bytes(exchange.body);

	if (!done) {
		g_bytes_unref(body);
		g_propagate_error(error, exchange.error);
		return FALSE;
	}
	*ret_response = (PvHttpResponse){ .status = (int)exchange.parser.status_code,
					  .url = g_strdup(request->url),
					  .body = body };
	return TRUE;
}
