/* SPDX-License-Identifier: Apache-2.0 */
/* oci/http_answer: the first byte says how large the pieces are, the rest is what a server sends. */
#include <stdint.h>

#include "oci/http_answer.h"

#define BODY_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PvHttpRequest request = { .url = "https://server/file", .max_bytes = BODY_MAX };
	g_autoptr(PvHttpAnswer) answer = pv_http_answer_new(&request);
	size_t step = size > 0 ? (size_t)data[0] + 1 : 1, at = size > 0;
	gboolean good = TRUE;

	while (good && at < size && !pv_http_answer_is_over(answer)) {
		good = pv_http_answer_take(answer, data + at, MIN(step, size - at), NULL);
		at += step;
	}
	if (good && !pv_http_answer_is_over(answer))
		good = pv_http_answer_take(answer, NULL, 0, NULL);
	g_assert_cmpuint(pv_http_answer_received(answer), <=, BODY_MAX);
	if (good) {
		PvHttpResponse response = { 0 };

		g_assert_true(pv_http_answer_is_over(answer));
		pv_http_answer_finish(answer, &response);
		if (response.status / 100 == 2)
			g_assert_cmpuint(g_bytes_get_size(response.body), <=, BODY_MAX);
		pv_http_response_clear(&response);
	}
	return 0;
}
