/* SPDX-License-Identifier: Apache-2.0 */

/* An answer, by whichever client it came. */

#include "oci/http.h"

void pv_http_response_clear(PvHttpResponse *response)
{
	g_clear_pointer(&response->url, g_free);
	g_clear_pointer(&response->headers, g_hash_table_unref);
	g_clear_pointer(&response->body, g_bytes_unref);
}

const char *pv_http_header(const PvHttpResponse *response, const char *name)
{
	return response->headers ? g_hash_table_lookup(response->headers, name) : NULL;
}
