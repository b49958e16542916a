/* SPDX-License-Identifier: Apache-2.0 */

/* Messages and their limits, over sockets and streams; HOST:PORT. */

#include "base/message.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/error.h"

/* A stream that gives what it was given, @step bytes at a time. */
typedef struct {
	GByteArray *bytes;
	gsize at, step;
} Memory;

static gboolean memory_send(void *data, const void *bytes, gsize size, GError **error)
{
	g_byte_array_append(((Memory *)data)->bytes, bytes, (guint)size);
	return TRUE;
}

static gssize memory_receive(void *data, void *bytes, gsize size, GError **error)
{
	Memory *memory = data;
	gsize count = MIN(MIN(size, memory->step), memory->bytes->len - memory->at);

	memcpy(bytes, memory->bytes->data + memory->at, count);
	memory->at += count;
	return (gssize)count;
}

static PvMessage *passed_through(const PvMessage *message, gsize cut, gsize max, GError **error)
{
	Memory memory = { g_byte_array_new(), 0, 3 };
	PvMessageStream stream = { &memory, memory_send, memory_receive };
	PvMessage *received;

	g_assert_true(pv_message_send_stream(&stream, message, NULL));
	g_byte_array_set_size(memory.bytes, memory.bytes->len - (guint)cut);
	received = pv_message_receive_stream(&stream, max, error);
	g_byte_array_unref(memory.bytes);
	return received;
}

static void test_stream(void)
{
	g_autoptr(PvMessage) message = pv_message_new(7);
	g_autoptr(GError) error = NULL;

	pv_message_add_text(message, "repository");
	pv_message_add(message, "\0\1\2", 3);
	for (int more = -1; more <= 1; more++) {
		g_autoptr(PvMessage) received =
			passed_through(message, 0, (gsize)(13 + more), &error);

		if (more < 0) {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
			g_clear_error(&error);
			continue;
		}
		g_assert_no_error(error);
		g_assert_cmpuint(received->kind, ==, 7);
		g_assert_cmpuint(received->fields->len, ==, 2);
		g_assert_true(
			g_bytes_equal(pv_message_field(received, 1), pv_message_field(message, 1)));
	}
	for (gsize cut = 1; cut < 29; cut++) {
		g_assert_null(passed_through(message, cut, 100, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_clear_error(&error);
	}
	/* Nothing at all is the end and no error. */
	g_assert_null(passed_through(message, 29, 100, &error));
	g_assert_no_error(error);
}

static void test_fields(void)
{
	for (int more = -1; more <= 1; more++) {
		g_autoptr(PvMessage) message = pv_message_new(1);
		g_autoptr(PvMessage) received = NULL;
		Memory memory = { g_byte_array_new(), 0, 100 };
		PvMessageStream stream = { &memory, memory_send, memory_receive };
		guint8 head[8] = { 1, 0, 0, 0, (guint8)(PV_MESSAGE_FIELDS_MAX + more) };
		g_autoptr(GError) error = NULL;

		for (int i = 0; i < PV_MESSAGE_FIELDS_MAX + more; i++)
			pv_message_add_text(message, "");
		g_assert_true(pv_message_send_stream(&stream, message, NULL) == (more <= 0));
		g_byte_array_set_size(memory.bytes, 0);
		g_byte_array_append(memory.bytes, head, sizeof head);
		for (int i = 0; i < PV_MESSAGE_FIELDS_MAX + more; i++)
			g_byte_array_append(memory.bytes, (const guint8 *)"\0\0\0\0", 4);
		received = pv_message_receive_stream(&stream, 100, &error);
		if (more > 0)
			g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		else
			g_assert_no_error(error);
		g_byte_array_unref(memory.bytes);
	}
}

/* A process that neither reads nor answers does not hold us for ever. */
static void test_silence(void)
{
	g_autoptr(PvMessage) message = pv_message_new(1);
	g_autoptr(GBytes) large = NULL;
	struct timeval soon = { 0, 50000 };
	g_autoptr(GError) error = NULL;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
	g_assert_null(pv_message_receive(pair[0], 100, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_clear_error(&error);
	large = g_bytes_new_take(g_malloc0(4 << 20), 4 << 20);
	pv_message_add_bytes(message, large);
	g_assert_false(pv_message_send(pair[0], message, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_clear_error(&error);
	close(pair[1]);
	g_assert_false(pv_message_send(pair[0], message, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	close(pair[0]);
}

static void test_address(void)
{
	static const struct {
		const char *text, *host;
		guint16 port;
	} cases[] = {
		{ "127.0.0.1:0", "127.0.0.1", 0 },
		{ "host.example:65535", "host.example", 65535 },
		{ "[::1]:7899", "::1", 7899 },
		{ "host:65536", NULL, 0 },
		{ "host:-1", NULL, 0 },
		{ "host:", NULL, 0 },
		{ "host", NULL, 0 },
		{ ":1", NULL, 0 },
		{ "", NULL, 0 },
		{ "::1:1", NULL, 0 },
		{ "[:1", NULL, 0 },
		{ "[]:1", NULL, 0 },
		{ "[::1:1", NULL, 0 },
		{ "[::1]:65536", NULL, 0 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *host = NULL;
		g_autoptr(GError) error = NULL;
		guint16 port = 1;
		gboolean good = pv_address_split(cases[i].text, &host, &port, &error);

		g_assert_cmpstr(host, ==, cases[i].host);
		g_assert_true(good == (cases[i].host != NULL));
		if (good)
			g_assert_cmpuint(port, ==, cases[i].port);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
		if (!good) {
			g_autofree char *quoted = g_strdup_printf("\"%s\"", cases[i].text);

			g_assert_nonnull(strstr(error->message, quoted));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/message/stream", test_stream);
	g_test_add_func("/base/message/fields", test_fields);
	g_test_add_func("/base/message/silence", test_silence);
	g_test_add_func("/base/address", test_address);
	return g_test_run();
}
