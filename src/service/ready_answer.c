/* SPDX-License-Identifier: Apache-2.0 */

/* Answers made ahead: libmicrohttpd's responses are immutable, counted and shared by its threads. */

#include "service/ready_answer.h"

#include <microhttpd.h>
#include <string.h>

#include "base/limits.h"

#define OVERHEAD_BYTES PV_KIB /* the response with its headers, and allocator slack */

struct PvReadyAnswer {
	gatomicrefcount references;
	struct MHD_Response *response;
	gsize size;
	char *etag;
};

static void unref_bytes(void *bytes)
{
	g_bytes_unref(bytes);
}

PvReadyAnswer *pv_ready_answer_new(const char *content_type, GBytes *body, const char *etag,
				   const char *const *headers)
{
	PvReadyAnswer *answer = g_new0(PvReadyAnswer, 1);
	gsize size;
	const void *data = g_bytes_get_data(body, &size);

	g_atomic_ref_count_init(&answer->references);
	answer->size = size + OVERHEAD_BYTES;
	answer->etag = g_strdup(etag);
	answer->response = MHD_create_response_from_buffer_with_free_callback_cls(
		size, (void *)(data ? data : ""), unref_bytes, g_bytes_ref(body));
	if (!answer->response)
		g_error("no memory for an answer of %" G_GSIZE_FORMAT " bytes", size);
	MHD_add_response_header(answer->response, "Content-Type", content_type);
	if (etag)
		MHD_add_response_header(answer->response, "ETag", etag);
	for (; headers && headers[0]; headers += 2)
		MHD_add_response_header(answer->response, headers[0], headers[1]);
	return answer;
}

PvReadyAnswer *pv_ready_answer_ref(PvReadyAnswer *answer)
{
	g_atomic_ref_count_inc(&answer->references);
	return answer;
}

void pv_ready_answer_unref(PvReadyAnswer *answer)
{
	if (!answer || !g_atomic_ref_count_dec(&answer->references))
		return;
	MHD_destroy_response(answer->response);
	g_free(answer->etag);
	g_free(answer);
}

gsize pv_ready_answer_size(const PvReadyAnswer *answer)
{
	return answer->size;
}

gboolean pv_ready_answer_matches(const PvReadyAnswer *answer, const char *if_none_match)
{
	const char *at = if_none_match;
	gsize length;

	if (!at || !answer->etag)
		return FALSE;
	length = strlen(answer->etag);
	/* A list of tags, each perhaps weak; `*` is any. Commas do not stand in our own tags. */
	while (*at) {
		at += strspn(at, " \t,");
		if (*at == '*')
			return TRUE;
		if (strncmp(at, "W/", 2) == 0)
			at += 2;
		if (strncmp(at, answer->etag, length) == 0 && strchr(" \t,", at[length]))
			return TRUE;
		at += strcspn(at, ",");
	}
	return FALSE;
}

void *pv_ready_answer_response(const PvReadyAnswer *answer)
{
	return answer->response;
}
