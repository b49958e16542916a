/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One answer, read piece by piece. Each byte is counted before it is kept, whatever Content-Length
 * says; nothing is decompressed.
 */

#include "oci/http_answer.h"

#include <http_parser.h>

#include "base/error.h"
#include "base/limits.h"

struct PvHttpAnswer {
	const PvHttpRequest *request;
	http_parser parser;
	GByteArray *body;
	guint64 received;
	gsize header_bytes;
	gboolean has_begun, is_complete, is_cut, keeps_connection;
	GError *error; /* of a callback */
};

PvHttpAnswer *pv_http_answer_new(const PvHttpRequest *request)
{
	PvHttpAnswer *answer = g_new0(PvHttpAnswer, 1);

	answer->request = request;
	answer->body = g_byte_array_new();
	http_parser_init(&answer->parser, HTTP_RESPONSE);
	answer->parser.data = answer;
	return answer;
}

void pv_http_answer_free(PvHttpAnswer *answer)
{
	if (!answer)
		return;
	g_byte_array_unref(answer->body);
	g_clear_error(&answer->error);
	g_free(answer);
}

/* --- http_parser's callbacks: other than 0 ends it -------------------------------------------- */

static gboolean is_wanted(const PvHttpAnswer *answer)
{
	return answer->parser.status_code / 100 == 2 && answer->request->max_bytes > 0;
}

static int count_header(http_parser *parser, const char *text, size_t size)
{
	PvHttpAnswer *answer = parser->data;

	answer->header_bytes += size + 2;
	if (answer->header_bytes <= PV_HTTP_HEADER_BYTES_MAX)
		return 0;
	pv_fail(&answer->error, PV_ERROR_LIMIT,
		"%s: more than %zu bytes of header lines in the answer", answer->request->url,
		PV_HTTP_HEADER_BYTES_MAX);
	return 1;
}

static int headers_complete(http_parser *parser)
{
	PvHttpAnswer *answer = parser->data;
	const PvHttpRequest *request = answer->request;
	PvHttpResponse so_far = { .status = (int)parser->status_code, .url = (char *)request->url };

	if (!is_wanted(answer))
		return 0;
	/* Without a Content-Length it is the largest number there is. */
	if (parser->content_length != G_MAXUINT64 && parser->content_length > request->max_bytes) {
		pv_fail(&answer->error, PV_ERROR_LIMIT,
			"%s: the answer has %" G_GUINT64_FORMAT " bytes, at most %" G_GUINT64_FORMAT
			" expected",
			request->url, parser->content_length, request->max_bytes);
		return -1;
	}
	if (request->begin && !request->begin(request->user_data, &so_far, &answer->error))
		return -1;
	return 0;
}

/* A body nobody asked for: its beginning is kept for messages, an endless one is ended. */
static int take_other(PvHttpAnswer *answer, const char *data, gsize size)
{
	gsize room = PV_HTTP_ERROR_BYTES_MAX - answer->body->len;

	g_byte_array_append(answer->body, (const guint8 *)data, (guint)MIN(size, room));
	answer->is_cut = size > room;
	return answer->is_cut;
}

static int take_body(http_parser *parser, const char *data, size_t size)
{
	PvHttpAnswer *answer = parser->data;
	const PvHttpRequest *request = answer->request;

	if (!is_wanted(answer))
		return take_other(answer, data, size);
	if (size > request->max_bytes - answer->received) {
		pv_fail(&answer->error, PV_ERROR_LIMIT,
			"%s: the answer is longer than the %" G_GUINT64_FORMAT " bytes expected",
			request->url, request->max_bytes);
		return 1;
	}
	answer->received += size;
	if (request->sink)
		return !request->sink(request->user_data, (const guint8 *)data, size,
				      &answer->error);
	g_byte_array_append(answer->body, (const guint8 *)data, (guint)size);
	return 0;
}

static int message_complete(http_parser *parser)
{
	PvHttpAnswer *answer = parser->data;

	if (parser->status_code / 100 == 1)
		return 0; /* the answer itself follows */
	answer->is_complete = TRUE;
	answer->keeps_connection = http_should_keep_alive(parser) != 0;
	http_parser_pause(parser, 1);
	return 0;
}

/* --- pieces ----------------------------------------------------------------------------------- */

gboolean pv_http_answer_take(PvHttpAnswer *answer, const guint8 *data, gsize size, GError **error)
{
	static const http_parser_settings settings = { .on_header_field = count_header,
						       .on_header_value = count_header,
						       .on_headers_complete = headers_complete,
						       .on_body = take_body,
						       .on_message_complete = message_complete };
	http_parser *parser = &answer->parser;
	gsize used = http_parser_execute(parser, &settings, (const char *)data, size);
	enum http_errno problem = HTTP_PARSER_ERRNO(parser);

	answer->has_begun |= size > 0;
	if (answer->error) {
		g_propagate_error(error, g_steal_pointer(&answer->error));
		return FALSE;
	}
	if (answer->is_complete && used < size)
		answer->keeps_connection = FALSE; /* it goes on with what nobody asked for */
	if (pv_http_answer_is_over(answer))
		return TRUE;
	if (size == 0)
		return pv_fail(error, PV_ERROR_UNREACHABLE,
			       "%s: the connection broke off after %" G_GUINT64_FORMAT
			       " bytes (it was closed)",
			       answer->request->url, answer->received);
	return problem == HPE_OK ||
	       pv_fail(error, PV_ERROR_SERVER, "%s: the answer is not HTTP (%s)",
		       answer->request->url, http_errno_description(problem));
}

gboolean pv_http_answer_is_over(const PvHttpAnswer *answer)
{
	return answer->is_complete || answer->is_cut;
}

gboolean pv_http_answer_keeps_connection(const PvHttpAnswer *answer)
{
	return answer->keeps_connection;
}

gboolean pv_http_answer_has_begun(const PvHttpAnswer *answer)
{
	return answer->has_begun;
}

guint64 pv_http_answer_received(const PvHttpAnswer *answer)
{
	return answer->received;
}

void pv_http_answer_finish(PvHttpAnswer *answer, PvHttpResponse *ret_response)
{
	*ret_response = (PvHttpResponse){ .status = (int)answer->parser.status_code,
					  .url = g_strdup(answer->request->url),
					  .body = g_byte_array_free_to_bytes(answer->body) };
	answer->body = g_byte_array_new();
}
