/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/secret.h"
#include "service/ready_answer.h"

/*
 * The HTTP server (libmicrohttpd behind it): bounded requests in, whole answers out. Routing and
 * meaning are the handler's, which is called by several threads.
 */
typedef struct PvHttpServer PvHttpServer;

typedef struct {
	const char *method;       /* "GET" */
	const char *path;         /* decoded, without the query */
	const char *content_type; /* "" if none was sent */
	GBytes *body;             /* NULL while it is not read yet */
	void *connection;         /* for pv_http_server_query() and pv_http_server_header() */
} PvServerRequest;

typedef struct {
	int status;
	const char *content_type; /* static; NULL sends none */
	GBytes *body;             /* (transfer full); NULL is empty */
	GPtrArray *headers;   /* of char*: name, value, name, value …; NULL until one is added */
	PvReadyAnswer *ready; /* (transfer full): sent in place of all of the above */
} PvServerAnswer;

typedef struct {
	/*
	 * Whether the request may go on: called when its headers are in and nothing of its body is
	 * read. FALSE with an answer refuses it; what it sends after that is thrown away.
	 */
	gboolean (*admit)(void *data, const PvServerRequest *request, PvServerAnswer *answer);
	/* Called with the whole body, only for requests that were admitted. */
	void (*handle)(void *data, const PvServerRequest *request, PvServerAnswer *answer);
	void *data;
} PvServerHandler;

/**
 * pv_http_server_listen:
 * @host: an address or "localhost"; "::" is every address, those of IPv4 too
 * @port: 0: any free one
 *
 * Apart from the start of the server, so that it can be done before root is given up.
 *
 * Errors: PV_ERROR_USAGE (not an address), PV_ERROR_IO (the port is taken).
 *
 * Returns: a listening socket, or -1.
 */
int pv_http_server_listen(const char *host, guint16 port, GError **error);

typedef struct {
	int socket;              /* of pv_http_server_listen(); closed when the server stops */
	const char *certificate; /* PEM; NULL: plain HTTP */
	const PvSecret *key;     /* PEM */
	const char *client_ca;   /* (nullable): PEM: who must have signed a client's certificate */
} PvServerOptions;

/**
 * pv_http_server_start:
 *
 * Errors: PV_ERROR_KEY (certificate and key are unusable).
 */
PvHttpServer *pv_http_server_start(const PvServerOptions *options, const PvServerHandler *handler,
				   GError **error);

/* Finishes what was begun, then closes. */
void pv_http_server_stop(PvHttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttpServer, pv_http_server_stop)

guint16 pv_http_server_port(const PvHttpServer *server);

/* (transfer none) (nullable): a parameter of the query string; a header. */
const char *pv_http_server_query(const PvServerRequest *request, const char *name);
const char *pv_http_server_header(const PvServerRequest *request, const char *name);

void pv_server_answer_header(PvServerAnswer *answer, const char *name, const char *value);

/* Releases what @answer holds. */
void pv_server_answer_clear(PvServerAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvServerAnswer, pv_server_answer_clear)
