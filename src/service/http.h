/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/secret.h"

/*
 * The HTTP server (libmicrohttpd behind it): bounded requests in, whole answers out. Routing and
 * meaning are the handler's. The handler is called by several threads.
 */
typedef struct PvHttpServer PvHttpServer;

typedef struct {
	const char *method;       /* "GET" */
	const char *path;         /* decoded, without the query */
	const char *content_type; /* "" if none was sent */
	GBytes *body;
	void *connection; /* for pv_http_server_query() */
} PvServerRequest;

typedef struct {
	int status;
	const char *content_type; /* static; NULL sends none */
	GBytes *body;             /* (transfer full); NULL is empty */
	GPtrArray *headers;       /* of char*: name, value, name, value … */
} PvServerAnswer;

typedef void (*PvServerHandler)(void *data, const PvServerRequest *request, PvServerAnswer *answer);

typedef struct {
	const char *host;        /* an address or "localhost" */
	guint16 port;            /* 0: any free one */
	const char *certificate; /* PEM; NULL: plain HTTP */
	const PvSecret *key;     /* PEM */
} PvServerOptions;

/**
 * pv_http_server_start:
 *
 * Errors: PV_ERROR_USAGE (not an address), PV_ERROR_IO (the port is taken), PV_ERROR_KEY (TLS).
 */
PvHttpServer *pv_http_server_start(const PvServerOptions *options, PvServerHandler handler,
				   void *data, GError **error);

/* Finishes what was begun, then closes. */
void pv_http_server_stop(PvHttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttpServer, pv_http_server_stop)

guint16 pv_http_server_port(const PvHttpServer *server);

/* (transfer none) (nullable): a parameter of the query string. */
const char *pv_http_server_query(const PvServerRequest *request, const char *name);

void pv_server_answer_header(PvServerAnswer *answer, const char *name, const char *value);
