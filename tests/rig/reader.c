/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The card in its reader, by vpcd's protocol: the card connects to the driver; each message either
 * way is a length of two bytes and so many bytes. One byte is about power (and asks for the ATR),
 * more are an APDU. Closing the connection is pulling the card out.
 */

#include "reader.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS    50
#define PATIENCE_MS 10000 /* a real key waits 10 to 15 s */

enum { POWER_OFF, POWER_ON, POWER_RESET, POWER_ATR = 4 };

void rig_reader_log(RigReader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vfprintf(reader->log, format, arguments);
	va_end(arguments);
	fputc('\n', reader->log);
	fflush(reader->log);
}

static void log_bytes(RigReader *reader, char direction, const guint8 *bytes, gsize size)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < size; i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	rig_reader_log(reader, "%c %s", direction, text->str);
}

static void drop(RigReader *reader)
{
	if (reader->line < 0)
		return;
	close(reader->line);
	reader->line = -1;
	rig_session_reset(reader->card);
	rig_reader_log(reader, "removed");
}

void rig_reader_pull(RigReader *reader)
{
	reader->plugged = FALSE;
	drop(reader);
}

static void plug(RigReader *reader)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(reader->port),
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int one = 1, line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (line < 0)
		return;
	if (connect(line, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(line);
		return;
	}
	setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	reader->line = line;
	reader->card->touched_us = 0;
	rig_session_reset(reader->card);
	rig_reader_log(reader, "inserted");
}

/* Acknowledged at once: otherwise each APDU waits 40 ms for the driver's own buffering. */
static gboolean receive(int line, guint8 *bytes, gsize size)
{
	while (size > 0) {
		int one = 1;
		ssize_t got;

		setsockopt(line, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
		got = recv(line, bytes, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return FALSE;
		bytes += got;
		size -= (gsize)got;
	}
	return TRUE;
}

static gboolean transmit(int line, const guint8 *bytes, gsize size)
{
	g_autofree guint8 *message = g_malloc(2 + size);
	gsize sent = 0;

	message[0] = (guint8)(size >> 8);
	message[1] = (guint8)size;
	if (size > 0)
		memcpy(message + 2, bytes, size);
	while (sent < 2 + size) {
		ssize_t written = send(line, message + sent, 2 + size - sent, MSG_NOSIGNAL);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return FALSE;
		sent += (gsize)written;
	}
	return TRUE;
}

/* Serves the switches until @timeout_ms have gone or @done is set; FALSE: the card is out. */
static gboolean wait_with_switches(RigReader *reader, guint timeout_ms, const gboolean *done)
{
	gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000, left;

	while (!(done && *done) && reader->line >= 0 &&
	       (left = (end - g_get_monotonic_time()) / 1000) > 0) {
		struct pollfd watched[2] = { { reader->control, POLLIN, 0 },
					     { reader->line, POLLRDHUP, 0 } };

		if (poll(watched, 2, (int)left) < 0 && errno != EINTR)
			break;
		if (watched[1].revents & (POLLRDHUP | POLLHUP | POLLERR))
			return FALSE;
		if (watched[0].revents)
			rig_control_serve(reader);
	}
	return reader->line >= 0;
}

/* One touch serves one request: what came before it was asked for does not count. */
static gboolean await_touch(guint8 slot, gpointer user)
{
	RigReader *reader = user;

	rig_reader_log(reader, "touch awaited %02x", slot);
	reader->touched = reader->finger == RIG_FINGER_AUTO;
	reader->awaiting = TRUE;
	wait_with_switches(reader, reader->patience_ms, &reader->touched);
	reader->awaiting = FALSE;
	rig_reader_log(reader, reader->touched ? "touched" : "touch missed");
	return reader->touched;
}

static GByteArray *answer_to(RigReader *reader, const guint8 *apdu, gsize size)
{
	guint8 instruction = size > 1 ? apdu[1] : 0;
	RigFault fault = rig_fault_take(reader, instruction);
	GByteArray *answer;

	if (fault.kind == RIG_FAULT_CUT_BEFORE) {
		rig_reader_pull(reader);
		return NULL;
	}
	if (fault.kind == RIG_FAULT_ANSWER)
		return fault.bytes;
	answer = rig_apdu(reader->card, apdu, size);
	if (fault.kind == RIG_FAULT_CUT_AFTER)
		rig_reader_pull(reader);
	if (fault.kind == RIG_FAULT_TRUNCATE && fault.size < answer->len)
		g_byte_array_set_size(answer, (guint)fault.size);
	return answer;
}

static gboolean handle_apdu(RigReader *reader, const guint8 *apdu, gsize size)
{
	g_autoptr(GByteArray) answer = NULL;

	log_bytes(reader, '>', apdu, size);
	answer = answer_to(reader, apdu, size);
	if (reader->line < 0)
		return FALSE;
	if (reader->slow_ms > 0 && !wait_with_switches(reader, reader->slow_ms, NULL))
		return FALSE;
	log_bytes(reader, '<', answer->data, answer->len);
	return transmit(reader->line, answer->data, answer->len);
}

static gboolean handle_power(RigReader *reader, guint8 what)
{
	static const guint8 four[] = { 0x3b, 0xf8, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15,
				       0x59, 0x75, 0x62, 0x69, 0x6b, 0x65, 0x79, 0x34, 0xd4 };
	static const guint8 five[] = { 0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe,
				       0x15, 0x80, 0x73, 0xc0, 0x21, 0xc0, 0x57, 0x59,
				       0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40 };

	switch (what) {
	case POWER_ATR:
		if (reader->card->firmware >= RIG_FIRMWARE(5, 0, 0))
			return transmit(reader->line, five, sizeof(five));
		return transmit(reader->line, four, sizeof(four));
	case POWER_OFF:
	case POWER_ON:
	case POWER_RESET:
		rig_session_reset(reader->card);
		rig_reader_log(reader, "power %u", what);
		return TRUE;
	default:
		return TRUE;
	}
}

static gboolean handle_message(RigReader *reader)
{
	guint8 header[2];
	g_autofree guint8 *bytes = NULL;
	gsize size;

	if (!receive(reader->line, header, sizeof(header)))
		return FALSE;
	size = (gsize)header[0] << 8 | header[1];
	bytes = g_malloc(size + 1);
	if (!receive(reader->line, bytes, size))
		return FALSE;
	if (size == 1)
		return handle_power(reader, bytes[0]);
	return size == 0 || handle_apdu(reader, bytes, size);
}

void rig_reader_begin(RigReader *reader)
{
	for (gsize i = 0; i < RIG_FAULTS_MAX; i++) {
		g_clear_pointer(&reader->faults[i].bytes, g_byte_array_unref);
		reader->faults[i].kind = RIG_FAULT_NONE;
	}
	reader->plugged = TRUE;
	reader->finger = RIG_FINGER_AUTO;
	reader->patience_ms = PATIENCE_MS;
	reader->slow_ms = 0;
	reader->card->await_touch = await_touch;
	reader->card->touch_user = reader;
}

int rig_reader_run(RigReader *reader)
{
	reader->line = -1;
	rig_reader_begin(reader);
	while (!reader->ended) {
		struct pollfd watched[2] = { { reader->control, POLLIN, 0 },
					     { reader->line, POLLIN, 0 } };

		if (reader->plugged && reader->line < 0) {
			plug(reader);
			watched[1].fd = reader->line;
		}
		if (poll(watched, 2, reader->plugged && reader->line < 0 ? RETRY_MS : -1) < 0 &&
		    errno != EINTR)
			return 1;
		if (watched[0].revents)
			rig_control_serve(reader);
		if (watched[1].revents && reader->line == watched[1].fd &&
		    !handle_message(reader) && reader->line >= 0)
			drop(reader);
	}
	return 0;
}
