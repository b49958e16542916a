/* SPDX-License-Identifier: Apache-2.0 */

/*
 * libmicrohttpd with epoll and two threads. It cannot answer in mid-upload: an announced length that
 * is too large is refused when the headers are in; of a chunked body that grows too large at most
 * PV_HTTP_DISCARD_BYTES_MAX more are read and thrown away, then the connection is closed.
 */

#include "service/http.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define THREADS       2
#define TIMEOUT_S     60
#define CONNECTIONS   1024
#define PER_ADDRESS   256
#define HEADER_MEMORY (32 * PV_KIB)

struct PvHttpServer {
	struct MHD_Daemon *daemon;
	PvServerHandler handler;
	void *data;
};

/* One request as it comes in. */
typedef struct {
	GByteArray *body;
	gsize discarded;
	gboolean too_large;
} Pending;

static void pending_free(void *user, struct MHD_Connection *connection, void **context,
			 enum MHD_RequestTerminationCode why)
{
	Pending *pending = *context;

	if (!pending)
		return;
	g_byte_array_unref(pending->body);
	g_free(pending);
	*context = NULL;
}

void pv_server_answer_header(PvServerAnswer *answer, const char *name, const char *value)
{
	g_ptr_array_add(answer->headers, g_strdup(name));
	g_ptr_array_add(answer->headers, g_strdup(value));
}

static void unref_bytes(void *bytes)
{
	g_bytes_unref(bytes);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, PvServerAnswer *answer)
{
	GBytes *body = answer->body ? answer->body : g_bytes_new_static("", 0);
	gsize size;
	const void *data = g_bytes_get_data(body, &size);
	struct MHD_Response *response =
		MHD_create_response_from_buffer_with_free_callback_cls(size,
								       (void *)(data ? data : ""),
								       unref_bytes, body);
	enum MHD_Result result;

	if (!response) {
		g_bytes_unref(body);
		return MHD_NO;
	}
	if (answer->content_type)
		MHD_add_response_header(response, "Content-Type", answer->content_type);
	for (guint i = 0; i + 1 < answer->headers->len; i += 2)
		MHD_add_response_header(response, answer->headers->pdata[i],
					answer->headers->pdata[i + 1]);
	result = MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse_size(struct MHD_Connection *connection)
{
	g_autoptr(GPtrArray) headers = g_ptr_array_new_with_free_func(g_free);
	PvServerAnswer answer = { 413, "application/json; charset=utf-8", NULL, headers };
	static const char text[] = "{\"errors\":[{\"code\":\"MALFORMED_UPLOAD\",\"message\":\"The "
				   "body of your request "
				   "is too large.\"}]}\n";

	answer.body = g_bytes_new_static(text, sizeof text - 1);
	pv_server_answer_header(&answer, "Connection", "close");
	return send_answer(connection, &answer);
}

/* The first call of a request: headers are in, the body is not. */
static enum MHD_Result begin(struct MHD_Connection *connection, void **context)
{
	const char *length =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	Pending *pending;

	if (length && g_ascii_strtoull(length, NULL, 10) > PV_HTTP_BODY_BYTES_MAX)
		return refuse_size(connection);
	pending = g_new0(Pending, 1);
	pending->body = g_byte_array_new();
	*context = pending;
	return MHD_YES;
}

static enum MHD_Result take(Pending *pending, const char *data, size_t *size)
{
	if (pending->too_large || pending->body->len + *size > PV_HTTP_BODY_BYTES_MAX) {
		pending->too_large = TRUE;
		pending->discarded += *size;
		if (pending->discarded > PV_HTTP_DISCARD_BYTES_MAX)
			return MHD_NO;
	} else {
		g_byte_array_append(pending->body, (const guint8 *)data, (guint)*size);
	}
	*size = 0;
	return MHD_YES;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *size, void **context)
{
	PvHttpServer *server = user;
	Pending *pending = *context;
	g_autoptr(GPtrArray) headers = NULL;
	g_autoptr(GBytes) body = NULL;
	PvServerAnswer answer = { .status = 200 };
	PvServerRequest request = { 0 };
	const char *type;

	if (!pending)
		return begin(connection, context);
	if (*size > 0)
		return take(pending, data, size);
	if (pending->too_large)
		return refuse_size(connection);
	headers = g_ptr_array_new_with_free_func(g_free);
	answer.headers = headers;
	body = g_byte_array_free_to_bytes(pending->body);
	pending->body = g_byte_array_new();
	type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
	request = (PvServerRequest){ method, url, type ? type : "", body, connection };
	server->handler(server->data, &request, &answer);
	return send_answer(connection, &answer);
}

const char *pv_http_server_query(const PvServerRequest *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static gboolean address_of(const PvServerOptions *options, struct sockaddr_storage *ret_address,
			   GError **error)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	const char *host = strcmp(options->host, "localhost") == 0 ? "127.0.0.1" : options->host;

	memset(ret_address, 0, sizeof *ret_address);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(options->port);
		return TRUE;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(options->port);
		return TRUE;
	}
	return pv_fail(error, PV_ERROR_USAGE,
		       "\"%s\" is no address to listen on; expected one such as 127.0.0.1, ::1 "
		       "or 0.0.0.0",
		       options->host);
}

PvHttpServer *pv_http_server_start(const PvServerOptions *options, PvServerHandler handler,
				   void *data, GError **error)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TCP_FASTOPEN;
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, options->key ? options->key->data : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0,
		  (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };
	struct sockaddr_storage address;
	PvHttpServer *server;

	if (!address_of(options, &address, error))
		return NULL;
	if (options->certificate)
		flags |= MHD_USE_TLS;
	if (address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	server = g_new0(PvHttpServer, 1);
	server->handler = handler;
	server->data = data;
	server->daemon =
		MHD_start_daemon(flags, options->port, NULL, NULL, handle, server,
				 MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE,
				 (unsigned)THREADS, MHD_OPTION_CONNECTION_TIMEOUT,
				 (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_LIMIT,
				 (unsigned)CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				 (unsigned)PER_ADDRESS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 (size_t)HEADER_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, pending_free,
				 NULL, MHD_OPTION_ARRAY, options->certificate ? tls : none,
				 MHD_OPTION_END);
	if (!server->daemon) {
		g_free(server);
		return pv_fail_null(error, PV_ERROR_IO,
				    "cannot listen on %s port %u; is the port taken, or are the "
				    "certificate and its key unusable?",
				    options->host, options->port);
	}
	return server;
}

void pv_http_server_stop(PvHttpServer *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	g_free(server);
}

guint16 pv_http_server_port(const PvHttpServer *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}
