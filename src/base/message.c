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

static gboolean send_all(int fd, const void *data, gsize size, GError **error)
{
	const guint8 *at = data;

	while (size > 0) {
		gssize sent = send(fd, at, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return pv_fail(error, PV_ERROR_UNREACHABLE,
				       "the process at the other end is gone");
		if (sent < 0)
			return pv_fail_errno(error, errno, "cannot send a message");
		at += sent;
		size -= (gsize)sent;
	}
	return TRUE;
}

gboolean pv_message_send(int fd, const PvMessage *message, GError **error)
{
	guint32 head[2] = { message->kind, message->fields->len };
	g_autoptr(GByteArray) small = NULL;

	if (message->fields->len > PV_MESSAGE_FIELDS_MAX)
		return pv_fail(error, PV_ERROR_INTERNAL, "a message of %u fields",
			       message->fields->len);
	/* Small fields go together: each send wakes the receiver. */
	small = g_byte_array_new();
	g_byte_array_append(small, (const guint8 *)head, sizeof head);
	for (guint i = 0; i < message->fields->len; i++) {
		gsize size;
		const void *data = g_bytes_get_data(message->fields->pdata[i], &size);
		guint32 length = (guint32)size;

		if (size > G_MAXUINT32)
			return pv_fail(error, PV_ERROR_LIMIT, "a message field is too large");
		g_byte_array_append(small, (const guint8 *)&length, sizeof length);
		if (size <= SMALL_BYTES && small->len <= SMALL_BYTES) {
			g_byte_array_append(small, data, (guint)size);
			continue;
		}
		if (!send_all(fd, small->data, small->len, error) ||
		    !send_all(fd, data, size, error))
			return FALSE;
		g_byte_array_set_size(small, 0);
	}
	return send_all(fd, small->data, small->len, error);
}

/* Reads @size bytes; 0 bytes at the start mean the end, which @ret_end tells. */
static gboolean receive_all(int fd, void *data, gsize size, gboolean *ret_end, GError **error)
{
	guint8 *at = data;
	gsize left = size;

	while (left > 0) {
		gssize got = recv(fd, at, left, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno != ECONNRESET)
			return pv_fail_errno(error, errno, "cannot receive a message");
		if (got <= 0) {
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

PvMessage *pv_message_receive(int fd, gsize max_bytes, GError **error)
{
	g_autoptr(PvMessage) message = NULL;
	gboolean end = FALSE;
	guint32 head[2];

	if (!receive_all(fd, head, sizeof head, &end, error))
		return NULL;
	if (head[1] > PV_MESSAGE_FIELDS_MAX)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "a message of %u fields", head[1]);
	message = pv_message_new(head[0]);
	for (guint32 i = 0; i < head[1]; i++) {
		g_autofree guint8 *data = NULL;
		guint32 size;

		if (!receive_all(fd, &size, sizeof size, NULL, error))
			return NULL;
		if (size > max_bytes)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "a message is larger than allowed here");
		max_bytes -= size;
		data = g_malloc((gsize)size + 1);
		if (!receive_all(fd, data, size, NULL, error))
			return NULL;
		g_ptr_array_add(message->fields, g_bytes_new_take(g_steal_pointer(&data), size));
	}
	return g_steal_pointer(&message);
}
