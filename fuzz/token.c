/* SPDX-License-Identifier: Apache-2.0 */
/* token/protocol: what a command and pavise-token say to each other, each to the other a stranger. */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "token/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(int fd, const PvMessage *message)
{
	g_autoptr(PvTokenKey) key = pv_token_key_take(message, NULL);
	g_auto(PvTokenRequest) request = { 0 };
	g_auto(PvTokenPrompt) prompt = { 0 };
	g_autoptr(GError) told = NULL;
	g_autofree char *text = pv_token_text_take(message, 0, NULL);
	PvTokenStatus status;
	guint what;

	if (text)
		g_assert_cmpuint(strlen(text), <=, PV_TOKEN_TEXT_BYTES_MAX);
	if (key) {
		g_autoptr(PvMessage) again = pv_message_new(PV_TOKEN_KEY);
		g_autoptr(PvTokenKey) same = NULL;

		pv_token_key_put(again, key);
		same = pv_token_key_take(again, NULL);
		g_assert_nonnull(same);
		g_assert_cmpstr(same->uri, ==, key->uri);
	}
	if (pv_token_request_take(message, 1, &request, NULL))
		g_assert_cmpint(request.life_s, >, 0);
	if (pv_token_prompt_take(message, &prompt, NULL))
		g_assert_cmpint(prompt.tries_left, <=, 255);
	if (pv_token_status_take(message, &status, NULL))
		g_assert_cmpint(status.pin_tries_left, >=, -1);
	if (pv_token_setup_take(message, &what, NULL))
		g_assert_cmpuint(what, >, 0);
	g_assert_false(pv_token_error_take(message, &told));
	g_assert_nonnull(told);
	if (message->kind == PV_TOKEN_GIVEN) {
		PvSecret *secret = pv_token_secret_receive(fd, message, NULL);

		pv_secret_free(secret);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 0;
	g_assert_cmpint(send(pair[0], data, size, MSG_NOSIGNAL), ==, (gssize)size);
	close(pair[0]);
	for (;;) {
		g_autoptr(PvMessage) message =
			pv_message_receive(pair[1], PV_TOKEN_ANSWER_BYTES_MAX, NULL);

		if (!message)
			break;
		take(pair[1], message);
	}
	close(pair[1]);
	return 0;
}
