/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Framing of messages between our processes (design.md section 1: one table of messages a box, the
 * receiver distrusts them). A process that is sent SIGPIPE ignores it: writes use MSG_NOSIGNAL.
 */

#include "base/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"

#define SMALL_BYTES 4096

PvMessage *pv_message_new(guint32 kind)
{
	PvMessage *message = g_new0(PvMessage, 1);

	message->kind = kind;
	message->fields = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	return message;
}

void pv_message_free(PvMessage *message)
{
	if (!message)
		return;
	g_ptr_array_unref(message->fields);
	g_free(message);
}

void pv_message_add_bytes(PvMessage *message, GBytes *bytes)
{
	g_ptr_array_add(message->fields, g_bytes_ref(bytes));
}

void pv_message_add(PvMessage *message, const void *data, gsize size)
{
	g_ptr_array_add(message->fields, g_bytes_new(data, size));
}

void pv_message_add_text(PvMessage *message, const char *text)
{
	pv_message_add(message, text ? text : "", text ? strlen(text) : 0);
}

GBytes *pv_message_field(const PvMessage *message, guint index)
{
	return index < message->fields->len ? message->fields->pdata[index] : NULL;
}

char *pv_message_text(const PvMessage *message, guint index)
{
	GBytes *field = pv_message_field(message, index);
	const char *text;
	gsize size;

	if (!field)
		return NULL;
	text = g_bytes_get_data(field, &size);
	if (size > 0 && !g_utf8_validate_len(text, size, NULL))
		return NULL;
	return g_strndup(text ? text : "", size);
}

/* --- plain sockets: the data of a stream is the descriptor ---------------------------------- */

static gboolean send_socket(void *data, const void *bytes, gsize size, GError **error)
{
	int fd = GPOINTER_TO_INT(data);
	const guint8 *at = bytes;

	while (size > 0) {
		gssize sent = send(fd, at, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return pv_fail(error, PV_ERROR_UNREACHABLE,
				       "the process at the other end is gone");
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return pv_fail(error, PV_ERROR_UNREACHABLE,
				       "the process at the other end does not listen");
		if (sent < 0)
			return pv_fail_errno(error, errno, "cannot send a message");
		at += sent;
		size -= (gsize)sent;
	}
	return TRUE;
}

static gssize receive_socket(void *data, void *bytes, gsize size, GError **error)
{
	int fd = GPOINTER_TO_INT(data);
	gssize got;

	do {
		got = recv(fd, bytes, size, 0);
	} while (got < 0 && errno == EINTR);
	if (got >= 0 || errno == ECONNRESET)
		return MAX(got, 0);
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		pv_fail(error, PV_ERROR_UNREACHABLE,
			"the process at the other end does not answer");
	else
		pv_fail_errno(error, errno, "cannot receive a message");
	return -1;
}

static PvMessageStream socket_stream(int fd)
{
	return (PvMessageStream){ GINT_TO_POINTER(fd), send_socket, receive_socket };
}

gboolean pv_message_send(int fd, const PvMessage *message, GError **error)
{
	PvMessageStream stream = socket_stream(fd);

	return pv_message_send_stream(&stream, message, error);
}

PvMessage *pv_message_receive(int fd, gsize max_bytes, GError **error)
{
	PvMessageStream stream = socket_stream(fd);

	return pv_message_receive_stream(&stream, max_bytes, error);
}

/* --- framing ------------------------------------------------------------------------------ */

/* What is small goes together, since each send wakes the receiver. */
typedef struct {
	const PvMessageStream *stream;
	guint8 bytes[SMALL_BYTES];
	gsize used;
} Sender;

static gboolean flush(Sender *sender, GError **error)
{
	gboolean done =
		sender->used == 0 ||
		sender->stream->send(sender->stream->data, sender->bytes, sender->used, error);

	explicit_bzero(sender->bytes, sender->used); /* it may be a PIN */
	sender->used = 0;
	return done;
}

static gboolean put(Sender *sender, const void *data, gsize size, GError **error)
{
	if (size > SMALL_BYTES - sender->used && !flush(sender, error))
		return FALSE;
	if (size > SMALL_BYTES)
		return sender->stream->send(sender->stream->data, data, size, error);
	if (size > 0)
		memcpy(sender->bytes + sender->used, data, size);
	sender->used += size;
	return TRUE;
}

static gboolean put_number(Sender *sender, guint32 number, GError **error)
{
	guint32 wire = GUINT32_TO_LE(number);

	return put(sender, &wire, sizeof wire, error);
}

gboolean pv_message_send_stream(const PvMessageStream *stream, const PvMessage *message,
				GError **error)
{
	Sender sender;

	if (message->fields->len > PV_MESSAGE_FIELDS_MAX)
		return pv_fail(error, PV_ERROR_INTERNAL, "a message of %u fields",
			       message->fields->len);
	sender.stream = stream;
	sender.used = 0;
	if (!put_number(&sender, message->kind, error) ||
	    !put_number(&sender, message->fields->len, error))
		return FALSE;
	for (guint i = 0; i < message->fields->len; i++) {
		gsize size;
		const void *data = g_bytes_get_data(message->fields->pdata[i], &size);

		if (size > G_MAXUINT32)
			return pv_fail(error, PV_ERROR_LIMIT, "a message field is too large");
		if (!put_number(&sender, (guint32)size, error) || !put(&sender, data, size, error))
			return FALSE;
	}
	return flush(&sender, error);
}

/* Reads @size bytes; 0 bytes at the start mean the end, which @ret_end tells. */
static gboolean receive_all(const PvMessageStream *stream, void *data, gsize size,
			    gboolean *ret_end, GError **error)
{
	guint8 *at = data;
	gsize left = size;

	while (left > 0) {
		gssize got = stream->receive(stream->data, at, left, error);

		if (got < 0)
			return FALSE;
		if (got == 0) {
			if (ret_end && left == size) {
				*ret_end = TRUE;
				return FALSE;
			}
			return pv_fail(error, PV_ERROR_SYNTAX, "a message is cut short");
		}
		at += got;
		left -= (gsize)got;
	}
	return TRUE;
}

PvMessage *pv_message_receive_stream(const PvMessageStream *stream, gsize max_bytes, GError **error)
{
	g_autoptr(PvMessage) message = NULL;
	gboolean end = FALSE;
	guint32 head[2], count;

	if (!receive_all(stream, head, sizeof head, &end, error))
		return NULL;
	count = GUINT32_FROM_LE(head[1]);
	if (count > PV_MESSAGE_FIELDS_MAX)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "a message of %u fields", count);
	message = pv_message_new(GUINT32_FROM_LE(head[0]));
	for (guint32 i = 0; i < count; i++) {
		g_autofree guint8 *data = NULL;
		guint32 size;

		if (!receive_all(stream, &size, sizeof size, NULL, error))
			return NULL;
		size = GUINT32_FROM_LE(size);
		if (size > max_bytes)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "a message is larger than allowed here");
		max_bytes -= size;
		data = g_malloc((gsize)size + 1);
		if (!receive_all(stream, data, size, NULL, error))
			return NULL;
		g_ptr_array_add(message->fields, g_bytes_new_take(g_steal_pointer(&data), size));
	}
	return g_steal_pointer(&message);
}
