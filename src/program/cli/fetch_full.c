/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-fetch-full: asks a trust server by libcurl: through proxies, with logins, along redirects. */

#include <string.h>

#include "base/error.h"
#include "oci/auth.h"
#include "program/cli/fetch.h"

/*
 * NOTARY_AUTH, else what Docker keeps for the trust server, else for the repository's registry: a
 * trust server asks for the registry's logins.
 */
static gboolean load_credentials(const PvFetch *fetch, PvCredentials *credentials, GError **error)
{
	const char *given = g_getenv("NOTARY_AUTH");
	g_autofree char *registry = g_strndup(fetch->gun, strcspn(fetch->gun, "/"));

	if (given && *given)
		return pv_auth_from_basic(given, credentials, error);
	if (!pv_auth_load(fetch->host, credentials, error))
		return FALSE;
	if (credentials->user || credentials->token || strcmp(registry, fetch->host) == 0)
		return TRUE;
	pv_credentials_clear(credentials);
	return pv_auth_load(registry, credentials, error);
}

/* What a request goes through. */
typedef struct {
	PvHttp *http;
	PvAuth *auth;
} Full;

static gboolean open_full(PvFetch *fetch, const PvHttpOptions *options, GError **error)
{
	g_auto(PvCredentials) credentials = { 0 };
	Full *full = g_new0(Full, 1);

	fetch->connection = full;
	fetch->host = pv_http_url_host(fetch->server);
	if (!fetch->host)
		return pv_fail(error, PV_ERROR_USAGE, "\"%.256s\" is no server's URL",
			       fetch->server);
	full->http = pv_http_new(options, error);
	if (!full->http || !load_credentials(fetch, &credentials, error))
		return FALSE;
	full->auth = pv_auth_new(full->http, &credentials);
	return TRUE;
}

static gboolean send_full(PvFetch *fetch, PvHttpRequest *request, const char *scope,
			  PvHttpResponse *ret_response, GError **error)
{
	Full *full = fetch->connection;

	return pv_auth_send(full->auth, full->http, request, scope, ret_response, error);
}

int main(int argc, char **argv)
{
	static const PvFetchTransport full = { FALSE, open_full, send_full };

	return pv_fetch_main(argc, argv, &full);
}
