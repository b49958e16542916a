/* SPDX-License-Identifier: Apache-2.0 */
/* Where a server may send us: the address asked, then the address of its answer, on two lines. */
#include <stdint.h>
#include <string.h>

#include "oci/http_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	char *end = strchr(text, '\n');
	g_autofree char *to = NULL, *host = NULL;
	g_auto(PvHttpUrl) url = { NULL, NULL, 0 };

	if (!end)
		return 0;
	*end = '\0';
	host = pv_http_url_host(text);
	to = pv_http_resolve(text, end + 1);
	if (!to || !pv_http_redirect_check(text, to, NULL))
		return 0;
	g_assert_nonnull(host);
	g_assert_true(pv_http_url_check(to, &url, NULL));
	g_assert_true(g_str_equal(url.scheme, "https") || pv_http_is_loopback(url.host));
	g_assert_true(pv_http_is_loopback(host) || !pv_http_is_loopback(url.host));
	if (pv_http_origin_equal(text, to)) {
		g_autofree char *same = pv_http_url_host(to);

		g_assert_cmpstr(host, ==, same);
	}
	return 0;
}
