/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/http_url.h"

/* A server on this machine that does as the path says: one connection a request. */
typedef struct {
	int fd;
	guint port;
	GThread *thread;
} Server;

static void say(int fd, const void *data, gsize size)
{
	while (size > 0) {
		ssize_t put = send(fd, data, size, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		data = (const guint8 *)data + put;
		size -= (gsize)put;
	}
}

static void say_text(int fd, const char *text)
{
	say(fd, text, strlen(text));
}

static void say_filled(int fd, gsize size)
{
	g_autofree char *text = g_strnfill(size, 'b');

	say(fd, text, size);
}

/* "/NAME/NUMBER…": announced and plain bodies, errors, headers, redirects, silence. */
static void answer(int fd, const char *request)
{
	g_autofree char *head = NULL;
	char path[4096] = "", name[16] = "", rest[4096] = "";
	const char *authorization = strstr(request, "Authorization: ");
	gsize number = 0;

	sscanf(request, "%*s %4095s", path);
	sscanf(path, "/%15[^/]/%4095s", name, rest);
	number = (gsize)g_ascii_strtoull(rest, NULL, 10);
	if (g_str_equal(name, "body"))
		head = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", number);
	else if (g_str_equal(name, "endless"))
		head = g_strdup("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	else if (g_str_equal(name, "cut"))
		head = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
				       number + 1);
	else if (g_str_equal(name, "error"))
		head = g_strdup("HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n");
	else if (g_str_equal(name, "hop"))
		head = g_strdup_printf(
			"HTTP/1.1 302 On\r\nLocation: %s%zu\r\nContent-Length: 0\r\n\r\n",
			number > 1 ? "/hop/" : "/body/", number - 1);
	else if (g_str_equal(name, "to"))
		head = g_strdup_printf(
			"HTTP/1.1 307 On\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", rest);
	else if (g_str_equal(name, "twice"))
		head = g_strdup(
			"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 0\r\n\r\n");
	else if (g_str_equal(name, "credentials"))
		head = g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%s",
				       authorization ? "seen" : "none");
	if (g_str_equal(name, "header")) { /* so many bytes of header lines in all */
		static const char start[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";

		say_text(fd, start);
		say_filled(fd, number - strlen(start) - 4);
		say_text(fd, "\r\n\r\n");
	} else if (g_str_equal(name, "silence")) {
		char byte;

		(void)!recv(fd, &byte, 1, 0); /* until the client hangs up */
	} else {
		say_text(fd, head ? head : "nonsense\r\n\r\n");
	}
	if (g_str_equal(name, "body") || g_str_equal(name, "endless") || g_str_equal(name, "cut") ||
	    g_str_equal(name, "error"))
		say_filled(fd, number);
}

static void *serve(void *user_data)
{
	Server *server = user_data;

	for (;;) {
		int fd = accept(server->fd, NULL, NULL);
		char request[8192];
		gsize size = 0;

		if (fd < 0)
			return NULL;
		while (size < sizeof(request) - 1) {
			ssize_t got = recv(fd, request + size, sizeof(request) - 1 - size, 0);

			if (got <= 0)
				break;
			size += (gsize)got;
			request[size] = '\0';
			if (strstr(request, "\r\n\r\n"))
				break;
		}
		request[size] = '\0';
		answer(fd, request);
		shutdown(fd, SHUT_RDWR);
		close(fd);
	}
}

static void server_start(Server *server)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(server->fd, (struct sockaddr *)&address, length), ==, 0);
	g_assert_cmpint(listen(server->fd, 16), ==, 0);
	g_assert_cmpint(getsockname(server->fd, (struct sockaddr *)&address, &length), ==, 0);
	server->port = ntohs(address.sin_port);
	server->thread = g_thread_new("server", serve, server);
}

static void server_end(Server *server)
{
	shutdown(server->fd, SHUT_RDWR);
	g_thread_join(server->thread);
	close(server->fd);
}

static Server one, two;

static gboolean get(const char *path, guint64 max_bytes, PvHttpResponse *response, GError **error)
{
	PvHttpOptions options = { .slow_seconds = 1 };
	g_autoptr(PvHttp) http = pv_http_new(&options, NULL);
	g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", one.port, path);
	PvHttpRequest request = { .url = url,
				  .max_bytes = max_bytes,
				  .authorization = "Basic c2VjcmV0" };

	return pv_http_send(http, &request, response, error);
}

static void check_get(const char *path, guint64 max_bytes, int status, gsize size)
{
	g_auto(PvHttpResponse) response = { 0 };
	g_autoptr(GError) error = NULL;

	get(path, max_bytes, &response, &error);
	g_assert_no_error(error);
	g_assert_cmpint(response.status, ==, status);
	g_assert_cmpuint(g_bytes_get_size(response.body), ==, size);
}

static void check_fail(const char *path, guint64 max_bytes, PvErrorCode code, const char *words)
{
	g_auto(PvHttpResponse) response = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_false(get(path, max_bytes, &response, &error));
	g_assert_error(error, PV_ERROR, (int)code);
	if (!strstr(error->message, words))
		g_error("'%s' is not in '%s'", words, error->message);
}

static void test_body(void)
{
	check_get("/body/99", 100, 200, 99);
	check_get("/body/100", 100, 200, 100);
	check_fail("/body/101", 100, PV_ERROR_LIMIT,
		   "/body/101: the answer has 101 bytes, at most 100 expected");
	check_get("/endless/99", 100, 200, 99);
	check_get("/endless/100", 100, 200, 100);
	check_fail("/endless/101", 100, PV_ERROR_LIMIT,
		   "/endless/101: the answer is longer than the 100 bytes expected");
	check_fail("/cut/50", 100, PV_ERROR_UNREACHABLE, "the connection broke off after 50 bytes");
}

static void test_other_limits(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		gsize header = PV_HTTP_HEADER_BYTES_MAX + (gsize)offset;
		gsize body = PV_HTTP_ERROR_BYTES_MAX + (gsize)offset;
		int hops = PV_HTTP_REDIRECTS_MAX + offset;
		g_autofree char *headers = g_strdup_printf("/header/%zu", header);
		g_autofree char *error = g_strdup_printf("/error/%zu", body);
		g_autofree char *redirects = g_strdup_printf("/hop/%d", hops);

		check_get(error, 100, 500, MIN(body, PV_HTTP_ERROR_BYTES_MAX));
		if (offset <= 0) {
			check_get(headers, 100, 200, 0);
			check_get(redirects, 100, 200, 0);
		} else {
			check_fail(headers, 100, PV_ERROR_LIMIT,
				   "more than 65536 bytes of header lines in the answer");
			check_fail(redirects, 100, PV_ERROR_REFUSED,
				   "/hop/6: redirected more than 5 times");
		}
	}
}

static void test_silence(void)
{
	check_fail("/silence/1", 100, PV_ERROR_UNREACHABLE, "no answer in time");
	check_fail("/nonsense/1", 100, PV_ERROR_SERVER, "");
}

static void test_headers(void)
{
	g_auto(PvHttpResponse) response = { 0 };

	g_assert_true(get("/twice/1", 0, &response, NULL));
	g_assert_cmpstr(pv_http_header(&response, "x-a"), ==, "1, 2");
	g_assert_null(pv_http_header(&response, "x-b"));
}

static void check_credentials(const char *path, const char *expected)
{
	g_auto(PvHttpResponse) response = { 0 };

	g_assert_true(get(path, 100, &response, NULL));
	g_assert_cmpmem(g_bytes_get_data(response.body, NULL), g_bytes_get_size(response.body),
			expected, 4);
}

/* They stay with the origin they were given for: scheme, host and port. */
static void test_credentials(void)
{
	g_autofree char *port = g_strdup_printf("/to/http://127.0.0.1:%u/credentials/1", two.port);
	g_autofree char *host = g_strdup_printf("/to/http://localhost:%u/credentials/1", one.port);

	check_credentials("/credentials/1", "seen");
	check_credentials("/to//credentials/1", "seen");
	check_credentials(port, "none");
	check_credentials(host, "none");
	check_fail("/to/http://192.0.2.1/x", 100, PV_ERROR_REFUSED,
		   "redirect refused: 'http://192.0.2.1/x': plain http is spoken with this machine "
		   "only; use https");
	check_fail("/to/file:///etc/passwd", 100, PV_ERROR_REFUSED,
		   "only https and http are spoken");
}

static void test_redirects(void)
{
	static const struct {
		const char *from, *to;
		gboolean allowed;
	} rows[] = {
		{ "https://a.example/", "https://b.example/", TRUE },
		{ "https://a.example/", "http://b.example/", FALSE },
		{ "https://a.example/", "http://localhost/", FALSE },
		{ "https://a.example/", "https://localhost/", FALSE },
		{ "https://a.example/", "https://127.1.2.3:80/", FALSE },
		{ "https://a.example/", "https://2130706433/", FALSE },
		{ "https://a.example/", "https://0x7f.1/", FALSE },
		{ "https://a.example/", "https://[::1]/", FALSE },
		{ "https://a.example/", "https://169.254.169.254/", FALSE },
		{ "https://a.example/", "https://[fe80::1]/", FALSE },
		{ "https://a.example/", "https://u:p@b.example/", FALSE },
		{ "https://a.example/", "ftp://b.example/", FALSE },
		{ "http://localhost/", "https://b.example/", TRUE },
		{ "http://localhost/", "http://127.0.0.1:5000/", TRUE },
		{ "https://localhost/", "http://localhost/", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (pv_http_redirect_check(rows[i].from, rows[i].to, NULL) != rows[i].allowed)
			g_error("%s to %s", rows[i].from, rows[i].to);
}

static void test_urls(void)
{
	static const struct {
		const char *url, *host;
	} rows[] = {
		{ "https://A.Example:443/x", "a.example" },
		{ "https://a.example:80", "a.example:80" },
		{ "http://localhost:80/", "localhost" },
		{ "http://[::1]:5000/", "[::1]:5000" },
		{ "http://a.example/", NULL },
		{ "http://127.0.0.1.a.example/", NULL },
		{ "http://localhost.a.example/", NULL },
		{ "https://u@a.example/", NULL },
		{ "a.example", NULL },
		{ "", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *host = pv_http_url_host(rows[i].url);

		g_assert_cmpstr(host, ==, rows[i].host);
	}
	g_assert_true(pv_http_origin_equal("https://a.example/x", "HTTPS://A.example:443/y"));
	g_assert_false(pv_http_origin_equal("https://a.example/", "https://a.example:444/"));
	for (int offset = -1; offset <= 1; offset++) {
		g_autofree char *path =
			g_strnfill(PV_HTTP_URL_BYTES_MAX + (gsize)offset - strlen("https://a/"),
				   'x');
		g_autofree char *url = g_strconcat("https://a/", path, NULL);
		g_autofree char *host = pv_http_url_host(url);

		g_assert_cmpstr(host, ==, offset <= 0 ? "a" : NULL);
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	server_start(&one);
	server_start(&two);
	g_test_add_func("/http/body", test_body);
	g_test_add_func("/http/other-limits", test_other_limits);
	g_test_add_func("/http/silence", test_silence);
	g_test_add_func("/http/headers", test_headers);
	g_test_add_func("/http/credentials", test_credentials);
	g_test_add_func("/http/redirects", test_redirects);
	g_test_add_func("/http/urls", test_urls);
	status = g_test_run();
	server_end(&one);
	server_end(&two);
	return status;
}
