/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/http_direct.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/http_answer.h"

static const PvHttpRequest request = { .url = "https://server/file", .max_bytes = 10 };

static void assert_answer(const char *text, int status, const char *body, gboolean keeps)
{
	gsize size = strlen(text);

	/* In pieces of each size. */
	for (gsize step = 1; step <= size; step++) {
		g_autoptr(PvHttpAnswer) answer = pv_http_answer_new(&request);
		g_auto(PvHttpResponse) response = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_http_answer_has_begun(answer));
		for (gsize at = 0; at < size && !pv_http_answer_is_over(answer); at += step) {
			pv_http_answer_take(answer, (const guint8 *)text + at, MIN(step, size - at),
					    &error);
			g_assert_no_error(error);
		}
		if (!pv_http_answer_is_over(answer))
			pv_http_answer_take(answer, NULL, 0, &error);
		g_assert_no_error(error);
		g_assert_true(pv_http_answer_is_over(answer));
		g_assert_true(pv_http_answer_has_begun(answer));
		g_assert_cmpint(pv_http_answer_keeps_connection(answer), ==, keeps);
		pv_http_answer_finish(answer, &response);
		g_assert_cmpint(response.status, ==, status);
		g_assert_cmpmem(g_bytes_get_data(response.body, NULL),
				g_bytes_get_size(response.body), body, strlen(body));
		g_assert_cmpstr(response.url, ==, "https://server/file");
	}
}

static void test_answers(void)
{
	assert_answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, "body", TRUE);
	assert_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", TRUE);
	assert_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n",
		      200, "body", TRUE);
	assert_answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody", 200,
		      "body", FALSE);
	assert_answer("HTTP/1.1 200 OK\r\n\r\nbody", 200, "body", FALSE);
	assert_answer("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, "body", FALSE);
	assert_answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
		      "body",
		      200, "body", TRUE);
	assert_answer("HTTP/1.1 302 Found\r\nLocation: https://other/\r\nContent-Length: 0\r\n\r\n",
		      302, "", TRUE);
	assert_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\nlonger than expected",
		      404, "longer than expected", TRUE);
}

/* The error of @text, whole and byte by byte; @is_closed: its end is the connection's. */
static void assert_refused(const char *text, gsize size, gboolean is_closed, PvErrorCode code,
			   const char *sentence)
{
	const gsize steps[] = { size, 1 };

	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(PvHttpAnswer) answer = pv_http_answer_new(&request);
		g_autoptr(GError) error = NULL;
		gboolean good = TRUE;

		for (gsize at = 0; good && at < size; at += steps[i])
			good = pv_http_answer_take(answer, (const guint8 *)text + at,
						   MIN(steps[i], size - at), &error);
		if (good && is_closed)
			good = pv_http_answer_take(answer, NULL, 0, &error);
		g_assert_false(good);
		g_assert_error(error, PV_ERROR, (int)code);
		g_assert_nonnull(strstr(error->message, sentence));
	}
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		gboolean is_closed;
		PvErrorCode code;
		const char *sentence;
	} cases[] = {
		{ "SSH-2.0-OpenSSH\r\n", FALSE, PV_ERROR_SERVER, "the answer is not HTTP" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", FALSE, PV_ERROR_SERVER,
		  "not HTTP" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n", FALSE,
		  PV_ERROR_SERVER, "not HTTP" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
		  FALSE, PV_ERROR_SERVER, "not HTTP" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FALSE,
		  PV_ERROR_SERVER, "not HTTP" },
		{ "", TRUE, PV_ERROR_UNREACHABLE, "broke off after 0 bytes" },
		{ "HTTP/1.1 200 OK\r\nContent-Le", TRUE, PV_ERROR_UNREACHABLE, "broke off" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", TRUE, PV_ERROR_UNREACHABLE,
		  "broke off after 4 bytes" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", TRUE,
		  PV_ERROR_UNREACHABLE, "broke off after 4 bytes" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_refused(cases[i].text, strlen(cases[i].text), cases[i].is_closed,
			       cases[i].code, cases[i].sentence);
}

/* A body of @size bytes against the ten that are wanted, by each framing. */
static void test_body_limit(void)
{
	for (gsize size = 9; size <= 11; size++) {
		g_autofree char *body = g_strnfill(size, 'b');
		g_autofree char *announced =
			g_strdup_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", size,
					body);
		g_autofree char *chunked = g_strdup_printf("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
							   "chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
							   size, body);
		g_autofree char *closed = g_strdup_printf("HTTP/1.1 200 OK\r\n\r\n%s", body);

		if (size <= request.max_bytes) {
			assert_answer(announced, 200, body, TRUE);
			assert_answer(chunked, 200, body, TRUE);
			assert_answer(closed, 200, body, FALSE);
			continue;
		}
		assert_refused(announced, strlen(announced), FALSE, PV_ERROR_LIMIT,
			       "the answer has 11 bytes, at most 10 expected");
		assert_refused(chunked, strlen(chunked), FALSE, PV_ERROR_LIMIT,
			       "longer than the 10 bytes expected");
		assert_refused(closed, strlen(closed), FALSE, PV_ERROR_LIMIT,
			       "longer than the 10 bytes expected");
	}
}

static void test_header_limit(void)
{
	for (int beyond = -1; beyond <= 1; beyond++) {
		/* A name of one byte; two are counted for what divides each part from the next. */
		gsize size = (gsize)((gssize)PV_HTTP_HEADER_BYTES_MAX + beyond) - 1 - 2 - 2;
		g_autofree char *value = g_strnfill(size, 'v');
		g_autofree char *text =
			g_strdup_printf("HTTP/1.1 204 No Content\r\na: %s\r\n\r\n", value);
		g_autoptr(PvHttpAnswer) answer = pv_http_answer_new(&request);
		g_autoptr(GError) error = NULL;

		pv_http_answer_take(answer, (const guint8 *)text, strlen(text), &error);
		if (beyond <= 0) {
			g_assert_no_error(error);
			g_assert_true(pv_http_answer_is_over(answer));
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		}
	}
}

/* Of a body that nobody asked for, the beginning is kept and the rest is not waited for. */
static void test_other_body(void)
{
	for (int beyond = -1; beyond <= 1; beyond++) {
		gsize size = (gsize)((gssize)PV_HTTP_ERROR_BYTES_MAX + beyond);
		g_autofree char *body = g_strnfill(size, 'b');
		g_autofree char *text =
			g_strdup_printf("HTTP/1.1 500 Oops\r\nContent-Length: %zu\r\n\r\n%s", size,
					body);
		g_autoptr(PvHttpAnswer) answer = pv_http_answer_new(&request);
		g_auto(PvHttpResponse) response = { 0 };
		g_autoptr(GError) error = NULL;

		pv_http_answer_take(answer, (const guint8 *)text, strlen(text), &error);
		g_assert_no_error(error);
		g_assert_true(pv_http_answer_is_over(answer));
		g_assert_cmpint(pv_http_answer_keeps_connection(answer), ==, beyond <= 0);
		pv_http_answer_finish(answer, &response);
		g_assert_cmpuint(g_bytes_get_size(response.body), ==,
				 MIN(size, PV_HTTP_ERROR_BYTES_MAX));
	}
}

static gboolean refuse_piece(void *user_data, const guint8 *data, gsize size, GError **error)
{
	GString *seen = user_data;

	g_string_append_len(seen, (const char *)data, (gssize)size);
	return seen->len < 3 || pv_fail(error, PV_ERROR_REFUSED, "enough");
}

static void test_sink(void)
{
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef";
	g_autoptr(GString) seen = g_string_new(NULL);
	PvHttpRequest sinking = { .url = "https://server/file",
				  .max_bytes = 10,
				  .sink = refuse_piece,
				  .user_data = seen };
	g_autoptr(PvHttpAnswer) answer = pv_http_answer_new(&sinking);
	g_autoptr(GError) error = NULL;
	gboolean good = TRUE;

	for (gsize at = 0; good && text[at]; at++)
		good = pv_http_answer_take(answer, (const guint8 *)text + at, 1, &error);
	g_assert_error(error, PV_ERROR, PV_ERROR_REFUSED);
	g_assert_cmpstr(seen->str, ==, "abc");
}

static void test_suits(void)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
					     "ALL_PROXY" };
	static const char *const good[] = { "https://notary.example", "https://notary.example:4443",
					    "https://notary.example:1/path/to-it/",
					    "https://10.1.2.3/", "https://LOCALHOST:65535" };
	static const char *const bad[] = { "http://localhost",
					   "https://",
					   "https://:443",
					   "https://user@notary.example",
					   "https://user:word@notary.example",
					   "https://[::1]:443",
					   "https://notary.example:0",
					   "https://notary.example:65536",
					   "https://notary.example:",
					   "https://notary.example:4x/",
					   "https://.example",
					   "https://-example",
					   "https://notary.example?query",
					   "https://notary.example/a?b",
					   "https://notary.example/a b",
					   "https://notary.example/\r\nX: y",
					   "https://notary.example/%41" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		g_unsetenv(names[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(pv_http_direct_suits(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(pv_http_direct_suits(bad[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_setenv(names[i], "http://proxy.example:3128", TRUE);
		g_assert_false(pv_http_direct_suits("https://notary.example"));
		g_assert_true(pv_http_direct_suits("https://127.0.0.1:4443"));
		g_unsetenv(names[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/oci/http_direct/answers", test_answers);
	g_test_add_func("/oci/http_direct/refused", test_refused);
	g_test_add_func("/oci/http_direct/body_limit", test_body_limit);
	g_test_add_func("/oci/http_direct/header_limit", test_header_limit);
	g_test_add_func("/oci/http_direct/other_body", test_other_body);
	g_test_add_func("/oci/http_direct/sink", test_sink);
	g_test_add_func("/oci/http_direct/suits", test_suits);
	return g_test_run();
}
