/* SPDX-License-Identifier: Apache-2.0 */
/* base/message: what comes over a socket between our processes. */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 0;
	g_assert_cmpint(send(pair[0], data, size, MSG_NOSIGNAL), ==, (gssize)size);
	close(pair[0]);
	for (;;) {
		g_autoptr(PvMessage) message = pv_message_receive(pair[1], 50000, NULL);
		g_autofree char *text = message ? pv_message_text(message, 0) : NULL;
		int back[2];

		if (!message)
			break;
		g_assert_cmpuint(message->fields->len, <=, PV_MESSAGE_FIELDS_MAX);
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, back) == 0) {
			g_assert_true(pv_message_send(back[0], message, NULL));
			close(back[0]);
			close(back[1]);
		}
	}
	close(pair[1]);
	return 0;
}
