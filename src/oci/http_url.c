/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the HTTP client lets through: which addresses may be asked at all, which may be reached by a
 * redirect, and which count as the same server, so that credentials stay with it. libcurl's own URL
 * parser (RFC 3986 and browsers' habits) reads them, so that what is checked is what is connected
 * to.
 */

#include "oci/http_url.h"

#include <curl/curl.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/http_host.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CURLU, curl_url_cleanup)

static char *url_part(CURLU *url, CURLUPart what, unsigned int flags)
{
	char *raw = NULL, *copy;

	if (curl_url_get(url, what, &raw, flags) != CURLUE_OK)
		return NULL;
	copy = g_strdup(raw);
	curl_free(raw);
	return copy;
}

static CURLU *parse_url(const char *text)
{
	g_autoptr(CURLU) url = curl_url();

	if (!url || strlen(text) > PV_HTTP_URL_BYTES_MAX ||
	    curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return NULL;
	return g_steal_pointer(&url);
}

gboolean pv_http_url_check(const char *text, PvHttpUrl *ret_url, GError **error)
{
	g_autoptr(CURLU) url = parse_url(text);
	g_auto(PvHttpUrl) found = { NULL, NULL, 0 };
	g_autofree char *user = NULL, *password = NULL, *port = NULL;

	if (!url)
		return pv_fail(error, PV_ERROR_SYNTAX, "'%.200s' is not a URL", text);
	found.scheme = url_part(url, CURLUPART_SCHEME, 0);
	if (g_strcmp0(found.scheme, "https") != 0 && g_strcmp0(found.scheme, "http") != 0)
		return pv_fail(error, PV_ERROR_REFUSED,
			       "'%.200s': only https and http are spoken, not %s", text,
			       found.scheme ? found.scheme : "this");
	user = url_part(url, CURLUPART_USER, 0);
	password = url_part(url, CURLUPART_PASSWORD, 0);
	if (user || password)
		return pv_fail(error, PV_ERROR_REFUSED, "a URL must not carry credentials");
	found.host = url_part(url, CURLUPART_HOST, 0);
	port = url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	if (!found.host || !*found.host || !port)
		return pv_fail(error, PV_ERROR_SYNTAX, "'%.200s': no host", text);
	found.port = (guint)g_ascii_strtoull(port, NULL, 10);
	if (found.scheme[4] == '\0' && !pv_http_is_loopback(found.host))
		return pv_fail(error, PV_ERROR_REFUSED,
			       "'%.200s': plain http is spoken with this machine only; use https",
			       text);
	*ret_url = found;
	memset(&found, 0, sizeof(found));
	return TRUE;
}

void pv_http_url_clear(PvHttpUrl *url)
{
	g_clear_pointer(&url->scheme, g_free);
	g_clear_pointer(&url->host, g_free);
}

static gboolean url_equal(const PvHttpUrl *a, const PvHttpUrl *b)
{
	return g_str_equal(a->scheme, b->scheme) && g_ascii_strcasecmp(a->host, b->host) == 0 &&
	       a->port == b->port;
}

gboolean pv_http_origin_equal(const char *a, const char *b)
{
	g_auto(PvHttpUrl) one = { NULL, NULL, 0 }, two = { NULL, NULL, 0 };

	return pv_http_url_check(a, &one, NULL) && pv_http_url_check(b, &two, NULL) &&
	       url_equal(&one, &two);
}

char *pv_http_url_host(const char *text)
{
	g_auto(PvHttpUrl) url = { NULL, NULL, 0 };
	g_autofree char *host = NULL;

	if (!pv_http_url_check(text, &url, NULL))
		return NULL;
	host = g_ascii_strdown(url.host, -1);
	if (url.port == (url.scheme[4] ? 443 : 80))
		return g_steal_pointer(&host);
	return g_strdup_printf("%s:%u", host, url.port);
}

char *pv_http_resolve(const char *base, const char *location)
{
	g_autoptr(CURLU) url = parse_url(base);

	if (!url || strlen(location) > PV_HTTP_URL_BYTES_MAX ||
	    curl_url_set(url, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		return NULL;
	return url_part(url, CURLUPART_URL, 0);
}

gboolean pv_http_redirect_check(const char *from, const char *to, GError **error)
{
	g_auto(PvHttpUrl) source = { NULL, NULL, 0 }, target = { NULL, NULL, 0 };

	if (!pv_http_url_check(from, &source, error))
		return FALSE;
	if (!pv_http_url_check(to, &target, error))
		return pv_fail_wrap(error, "redirect refused");
	if (source.scheme[4] && !target.scheme[4])
		return pv_fail(error, PV_ERROR_REFUSED,
			       "redirect refused: '%.200s' leads from https to plain http", to);
	if (!pv_http_is_loopback(source.host) &&
	    (pv_http_is_loopback(target.host) || pv_http_is_link_local(target.host)))
		return pv_fail(error, PV_ERROR_REFUSED,
			       "redirect refused: '%.200s' leads from %s to this machine", to,
			       source.host);
	return TRUE;
}

char *pv_http_escape(const char *text)
{
	return g_uri_escape_string(text, NULL, FALSE);
}
