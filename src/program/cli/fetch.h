/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/http.h"

/*
 * What pavise-fetch and pavise-fetch-full share: the questions, and how they are put to a trust
 * server. How bytes get there is the transport's.
 */
typedef struct PvFetch PvFetch;

typedef struct {
	gboolean is_direct; /* it follows no login and no redirect: that is left to the other */
	/* Sets fetch->host and fetch->connection. */
	gboolean (*open)(PvFetch *fetch, const PvHttpOptions *options, GError **error);
	/* @scope: what the request needs to be allowed, as token services read it. */
	gboolean (*send)(PvFetch *fetch, PvHttpRequest *request, const char *scope,
			 PvHttpResponse *ret_response, GError **error);
} PvFetchTransport;

struct PvFetch {
	const PvFetchTransport *transport;
	const char *server, *gun;
	char *host; /* for messages and credentials */
	void *connection;
	GByteArray *part;    /* of a body, not handed on yet */
	gboolean wants_more; /* than this transport can do */
};

/* The whole program: never returns but with the status to exit with. */
int pv_fetch_main(int argc, char **argv, const PvFetchTransport *transport);
