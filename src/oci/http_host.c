/* SPDX-License-Identifier: Apache-2.0 */

/* What a host's name or address tells of where it is. */

#include "oci/http_host.h"

#include <arpa/inet.h>
#include <string.h>

#include "oci/http.h"

/* The host without brackets and port, in lower case. */
static char *bare_host(const char *host)
{
	const char *end = strchr(host, ']');

	if (host[0] == '[' && end)
		return g_ascii_strdown(host + 1, end - host - 1);
	end = strchr(host, ':');
	if (end && !strchr(end + 1, ':'))
		return g_ascii_strdown(host, end - host);
	return g_ascii_strdown(host, -1);
}

gboolean pv_http_is_loopback(const char *host)
{
	g_autofree char *bare = bare_host(host);
	struct in_addr v4;
	struct in6_addr v6;

	if (g_str_equal(bare, "localhost"))
		return TRUE;
	if (inet_pton(AF_INET, bare, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

gboolean pv_http_is_link_local(const char *host)
{
	g_autofree char *bare = bare_host(host);
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, bare, &v4) == 1)
		return ntohl(v4.s_addr) >> 16 == 0xa9fe;
	return inet_pton(AF_INET6, bare, &v6) == 1 && IN6_IS_ADDR_LINKLOCAL(&v6);
}
