/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libmicrohttpd with epoll and a thread for each processor. It cannot answer in mid-upload: an
 * announced length that is too large is refused when the headers are in; of a chunked body that grows
 * too large at most PV_HTTP_DISCARD_BYTES_MAX more are read and thrown away, then the connection is
 * closed.
 */

#include "service/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "service/link.h"

#define THREADS_MIN   2
#define THREADS_MAX   16
#define TIMEOUT_S     60
#define CONNECTIONS   1024
#define PER_ADDRESS   256
#define HEADER_MEMORY (16 * PV_KIB) /* zeroed for each request */
#define FIRST_BYTES   (64 * PV_KIB) /* taken for a body before any of it is there */
#define LARGE_BYTES   (256 * PV_KIB)
#define CORKED_BYTES  (12 * PV_KIB) /* fits into one record */

/*
 * AES-128 first: it is as good and a tenth faster, and the server chooses. X25519 first among the
 * groups: it is what clients send a share of, and any other choice costs them a round trip.
 */
#define PRIORITIES                                                                          \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:" \
	"+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"    \
	"+GROUP-SECP521R1:%SERVER_PRECEDENCE"

struct PvHttpServer {
	struct MHD_Daemon *daemon;
	PvServerHandler handler;
	gboolean needs_certificate;
	GBytes *nothing; /* the body of a request without one */
};

/* One request whose body comes in. */
typedef struct {
	GByteArray *body;
	gsize discarded;
	gboolean is_too_large, is_refused;
	PvServerAnswer refusal; /* sent when the body is over: clients read nothing before that */
} Pending;

/* What *context is for a request without a body, and for one that was answered already. */
static const char no_body, answered;

static gboolean is_mark(const void *context)
{
	return context == &no_body || context == &answered;
}

static PvLink *link_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

static void note_connection(void *user, struct MHD_Connection *connection, void **socket_context,
			    enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *session, *socket;

	if (what != MHD_CONNECTION_NOTIFY_STARTED) {
		pv_link_free(*socket_context);
		return;
	}
	session = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	*socket_context = pv_link_new(session ? session->tls_session : NULL, socket->connect_fd);
}

static void pending_free(void *user, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode why)
{
	Pending *pending = *context;

	*context = NULL;
	pv_link_uncork(link_of(connection));
	if (!pending || is_mark(pending))
		return;
	if (pending->body)
		g_byte_array_unref(pending->body);
	pv_server_answer_clear(&pending->refusal);
	g_free(pending);
}

void pv_server_answer_header(PvServerAnswer *answer, const char *name, const char *value)
{
	if (!answer->headers)
		answer->headers = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(answer->headers, g_strdup(name));
	g_ptr_array_add(answer->headers, g_strdup(value));
}

void pv_server_answer_clear(PvServerAnswer *answer)
{
	g_clear_pointer(&answer->body, g_bytes_unref);
	g_clear_pointer(&answer->headers, g_ptr_array_unref);
	g_clear_pointer(&answer->ready, pv_ready_answer_unref);
}

static void unref_bytes(void *bytes)
{
	g_bytes_unref(bytes);
}

static enum MHD_Result send_ready(struct MHD_Connection *connection, const PvReadyAnswer *ready)
{
	const char *known =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "If-None-Match");
	gboolean same = known && pv_ready_answer_matches(ready, known);

	if (pv_ready_answer_size(ready) < CORKED_BYTES)
		pv_link_cork(link_of(connection));
	return MHD_queue_response(connection, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK,
				  pv_ready_answer_response(ready));
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, const PvServerAnswer *answer)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	const void *data = NULL;
	gsize size = 0;
	GBytes *body;

	if (answer->ready)
		return send_ready(connection, answer->ready);
	body = answer->body ? g_bytes_ref(answer->body) : g_bytes_new_static("", 0);
	data = g_bytes_get_data(body, &size);
	response =
		MHD_create_response_from_buffer_with_free_callback_cls(size,
								       (void *)(data ? data : ""),
								       unref_bytes, body);
	if (!response) {
		g_bytes_unref(body);
		return MHD_NO;
	}
	if (answer->content_type)
		MHD_add_response_header(response, "Content-Type", answer->content_type);
	for (guint i = 0; answer->headers && i + 1 < answer->headers->len; i += 2)
		MHD_add_response_header(response, answer->headers->pdata[i],
					answer->headers->pdata[i + 1]);
	result = MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return result;
}

/* An error body of our own, which the connection does not outlive. */
static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *code,
			      const char *message)
{
	g_auto(PvServerAnswer) answer = { status, "application/json; charset=utf-8" };
	char *text = g_strdup_printf("{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\"}]}\n", code,
				     message);

	answer.body = g_bytes_new_take(text, strlen(text));
	pv_server_answer_header(&answer, "Connection", "close");
	return send_answer(connection, &answer);
}

static enum MHD_Result refuse_size(struct MHD_Connection *connection)
{
	return refuse(connection, 413, "MALFORMED_UPLOAD",
		      "The body of your request is too large.");
}

static PvServerRequest request_of(struct MHD_Connection *connection, const char *method,
				  const char *path, GBytes *body)
{
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");

	return (PvServerRequest){ method, path, type ? type : "", body, connection };
}

static enum MHD_Result answer_bodyless(PvHttpServer *server, struct MHD_Connection *connection,
				       const char *path, const char *method)
{
	g_auto(PvServerAnswer) answer = { .status = 200 };
	PvServerRequest request = request_of(connection, method, path, server->nothing);

	if (server->handler.admit(server->handler.data, &request, &answer))
		server->handler.handle(server->handler.data, &request, &answer);
	return send_answer(connection, &answer);
}

/* The first call of a request: headers are in, the body is not. */
static enum MHD_Result begin(PvHttpServer *server, struct MHD_Connection *connection,
			     const char *path, const char *method, void **context)
{
	const char *length =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	gboolean chunked = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       "Transfer-Encoding") != NULL;
	guint64 size = length ? g_ascii_strtoull(length, NULL, 10) : 0;
	const char *why = server->needs_certificate ? pv_link_judge(link_of(connection)) : NULL;
	PvServerRequest request;
	Pending *pending;

	*context = (void *)&answered;
	if (why)
		return refuse(connection, 403, "DENIED", why);
	if (size > PV_HTTP_BODY_BYTES_MAX)
		return refuse_size(connection);
	if (size == 0 && !chunked) {
		/* An answer now would close the connection; the next call is the time for it. */
		*context = (void *)&no_body;
		return MHD_YES;
	}
	pending = g_new0(Pending, 1);
	*context = pending;
	pending->refusal.status = 200;
	request = request_of(connection, method, path, NULL);
	pending->is_refused =
		!server->handler.admit(server->handler.data, &request, &pending->refusal);
	if (!pending->is_refused)
		pending->body = g_byte_array_sized_new((guint)MIN(size, FIRST_BYTES));
	return MHD_YES;
}

static enum MHD_Result take(Pending *pending, const char *data, size_t *size)
{
	if (pending->is_refused || pending->is_too_large ||
	    pending->body->len + *size > PV_HTTP_BODY_BYTES_MAX) {
		pending->is_too_large |= !pending->is_refused;
		pending->discarded += *size;
		if (pending->discarded >
		    (pending->is_refused ? PV_HTTP_BODY_BYTES_MAX : PV_HTTP_DISCARD_BYTES_MAX))
			return MHD_NO;
	} else {
		g_byte_array_append(pending->body, (const guint8 *)data, (guint)*size);
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result finish(PvHttpServer *server, struct MHD_Connection *connection,
			      const char *path, const char *method, Pending *pending)
{
	g_auto(PvServerAnswer) answer = { .status = 200 };
	gboolean large = pending->body && pending->body->len > LARGE_BYTES;
	PvServerRequest request;
	g_autoptr(GBytes) body = NULL;

	if (pending->is_refused)
		return send_answer(connection, &pending->refusal);
	if (pending->is_too_large)
		return refuse_size(connection);
	body = g_byte_array_free_to_bytes(g_steal_pointer(&pending->body));
	request = request_of(connection, method, path, body);
	server->handler.handle(server->handler.data, &request, &answer);
	if (large) { /* a large upload must not stay behind as the process's size */
		g_clear_pointer(&body, g_bytes_unref);
		malloc_trim(0);
	}
	return send_answer(connection, &answer);
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **context)
{
	PvHttpServer *server = user;
	Pending *pending = *context;

	if (!pending)
		return begin(server, connection, url, method, context);
	if ((const void *)pending == &no_body)
		return answer_bodyless(server, connection, url, method);
	if ((const void *)pending == &answered)
		return MHD_NO;
	if (*size > 0)
		return take(pending, data, size);
	return finish(server, connection, url, method, pending);
}

const char *pv_http_server_header(const PvServerRequest *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *pv_http_server_query(const PvServerRequest *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static gboolean address_of(const char *name, guint16 port, struct sockaddr_storage *ret_address,
			   GError **error)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	const char *host = strcmp(name, "localhost") == 0 ? "127.0.0.1" : name;

	memset(ret_address, 0, sizeof *ret_address);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return TRUE;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return TRUE;
	}
	return pv_fail(error, PV_ERROR_USAGE,
		       "\"%s\" is no address to listen on; expected one such as 127.0.0.1, ::1 "
		       "or 0.0.0.0",
		       name);
}

int pv_http_server_listen(const char *host, guint16 port, GError **error)
{
	struct sockaddr_storage address;
	int fd, on = 1, off = 0;

	if (!address_of(host, port, &address, error))
		return -1;
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    (address.ss_family == AF_INET ||
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
	    bind(fd, (struct sockaddr *)&address,
		 address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
					      : sizeof(struct sockaddr_in6)) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	pv_fail_errno(error, errno, "cannot listen on %s port %u", host, port);
	if (fd >= 0)
		close(fd);
	return -1;
}

PvHttpServer *pv_http_server_start(const PvServerOptions *options, const PvServerHandler *handler,
				   GError **error)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, options->key ? options->key->data : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)PRIORITIES },
		{ options->client_ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  (void *)options->client_ca },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	unsigned threads = CLAMP(g_get_num_processors(), THREADS_MIN, THREADS_MAX);
	PvHttpServer *server = g_new0(PvHttpServer, 1);

	if (options->certificate)
		flags |= MHD_USE_TLS;
	server->handler = *handler;
	server->nothing = g_bytes_new_static("", 0);
	server->needs_certificate = options->client_ca != NULL;
	server->daemon =
		MHD_start_daemon(flags, 0, NULL, NULL, handle, server, MHD_OPTION_LISTEN_SOCKET,
				 options->socket, MHD_OPTION_THREAD_POOL_SIZE, threads,
				 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
				 MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				 MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)PER_ADDRESS,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
				 MHD_OPTION_NOTIFY_COMPLETED, pending_free, NULL,
				 MHD_OPTION_NOTIFY_CONNECTION, note_connection, NULL,
				 MHD_OPTION_ARRAY, options->certificate ? tls : none,
				 MHD_OPTION_END);
	if (!server->daemon) {
		close(options->socket);
		g_bytes_unref(server->nothing);
		g_free(server);
		return pv_fail_null(error, PV_ERROR_KEY,
				    "cannot start the server; are the certificate and its key "
				    "usable, and do they belong together?");
	}
	return server;
}

void pv_http_server_stop(PvHttpServer *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	g_bytes_unref(server->nothing);
	g_free(server);
}

guint16 pv_http_server_port(const PvHttpServer *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_LISTEN_FD);
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof address;

	if (!info || getsockname(info->listen_fd, (struct sockaddr *)&address, &size) != 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}
