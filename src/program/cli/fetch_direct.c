/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-fetch: asks a trust server that needs neither proxy nor login, and is up at once. */

#include "base/error.h"
#include "oci/http_direct.h"
#include "program/cli/fetch.h"

static gboolean open_direct(PvFetch *fetch, const PvHttpOptions *options, GError **error)
{
	fetch->wants_more = !pv_http_direct_suits(fetch->server);
	if (fetch->wants_more)
		return TRUE;
	fetch->connection = pv_http_direct_new(fetch->server, options, error);
	if (!fetch->connection)
		return FALSE;
	fetch->host = g_strdup(pv_http_direct_authority(fetch->connection));
	return TRUE;
}

static gboolean send_direct(PvFetch *fetch, PvHttpRequest *request, const char *scope,
			    PvHttpResponse *ret_response, GError **error)
{
	return pv_http_direct_send(fetch->connection, request, ret_response, error);
}

int main(int argc, char **argv)
{
	static const PvFetchTransport direct = { TRUE, open_direct, send_direct };

	return pv_fetch_main(argc, argv, &direct);
}
