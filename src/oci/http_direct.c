/* SPDX-License-Identifier: Apache-2.0 */

/*
 * HTTP/1.1 over one TLS connection: whom to ask, what to send, and how long it may take. What comes
 * back is read in http_answer.c.
 */

#include "oci/http_direct.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/channel.h"
#include "oci/http_answer.h"
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

/* One request, its answer, and the time they may take. */
typedef struct {
	PvHttpDirect *direct;
	const PvHttpRequest *request;
	PvHttpAnswer *answer;
	gint64 end_us;        /* when it takes too long; 0: never */
	gint64 window_end_us; /* when @window_bytes must be enough */
	gint64 until_us;      /* the earlier of both */
	guint64 window_bytes;
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
static gboolean set_deadline(Exchange *exchange, GError **error)
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
		return pv_fail(error, PV_ERROR_UNREACHABLE,
			       "%s: no answer in time (too slow: %" G_GUINT64_FORMAT " bytes came)",
			       exchange->request->url, pv_http_answer_received(exchange->answer));
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

static gboolean send_all(Exchange *exchange, GError **error)
{
	const PvHttpRequest *request = exchange->request;
	const PvMessageStream *stream = pv_channel_stream(exchange->direct->channel);
	g_autofree char *head = head_of(exchange);
	gint64 allowed_ms = slow_us(exchange) / 1000 +
			    (gint64)(request->body_size / PV_HTTP_SLOW_BYTES_MIN * 1000);

	pv_channel_set_deadline(exchange->direct->channel, (guint)MIN(allowed_ms, G_MAXUINT));
	return stream->send(stream->data, head, strlen(head), error) &&
	       (request->body_size == 0 ||
		stream->send(stream->data, request->body, request->body_size, error));
}

static gboolean fail_broken(const Exchange *exchange, const GError *failure, GError **error)
{
	if (!g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE))
		return pv_fail(error, PV_ERROR_SERVER, "%s: %s", exchange->request->url,
			       failure->message);
	return pv_fail(error, PV_ERROR_UNREACHABLE,
		       "%s: the connection broke off after %" G_GUINT64_FORMAT " bytes (%s)",
		       exchange->request->url, pv_http_answer_received(exchange->answer),
		       failure->message);
}

static gboolean receive_all(Exchange *exchange, GError **error)
{
	const PvMessageStream *stream = pv_channel_stream(exchange->direct->channel);
	guint8 piece[PIECE_BYTES];

	while (!pv_http_answer_is_over(exchange->answer)) {
		g_autoptr(GError) failure = NULL;
		gssize got;

		if (!set_deadline(exchange, error))
			return FALSE;
		got = stream->receive(stream->data, piece, sizeof piece, &failure);
		if (got < 0 && g_get_monotonic_time() >= exchange->until_us)
			continue; /* it only waited */
		if (got < 0)
			return fail_broken(exchange, failure, error);
		exchange->window_bytes += (guint64)got;
		if (!pv_http_answer_take(exchange->answer, piece, (gsize)got, error))
			return FALSE;
	}
	return TRUE;
}

/* A server may refuse before it has read all, and hang up: its answer says more than the break. */
static gboolean send_and_receive(Exchange *exchange, GError **error)
{
	g_autoptr(GError) unsent = NULL;

	if (send_all(exchange, &unsent))
		return receive_all(exchange, error);
	if (!receive_all(exchange, NULL))
		return fail_broken(exchange, unsent, error);
	drop_connection(exchange->direct);
	return TRUE;
}

static gboolean exchange_once(Exchange *exchange, GError **error)
{
	const PvHttpRequest *request = exchange->request;
	gboolean done;

	g_clear_pointer(&exchange->answer, pv_http_answer_free);
	exchange->answer = pv_http_answer_new(request);
	exchange->window_end_us = 0;
	exchange->end_us = 0;
	if (request->timeout_ms > 0)
		exchange->end_us = g_get_monotonic_time() + (gint64)request->timeout_ms * 1000;
	done = connect_server(exchange->direct, request->url, error) &&
	       send_and_receive(exchange, error);
	if (!done || !pv_http_answer_keeps_connection(exchange->answer))
		drop_connection(exchange->direct);
	return done;
}

gboolean pv_http_direct_send(PvHttpDirect *direct, const PvHttpRequest *request,
			     PvHttpResponse *ret_response, GError **error)
{
	Exchange exchange = { .direct = direct, .request = request };
	gboolean was_kept = direct->channel != NULL;
	g_autoptr(GError) failure = NULL;
	gboolean done = exchange_once(&exchange, &failure);

	/* The server may have closed a kept connection meanwhile; one that is silent is not asked twice. */
	if (!done && was_kept && !pv_http_answer_has_begun(exchange.answer) &&
	    g_get_monotonic_time() < exchange.until_us) {
		g_clear_error(&failure);
		done = exchange_once(&exchange, &failure);
	}
	if (done)
		pv_http_answer_finish(exchange.answer, ret_response);
	else
		g_propagate_error(error, g_steal_pointer(&failure));
	pv_http_answer_free(exchange.answer);
	return done;
}
