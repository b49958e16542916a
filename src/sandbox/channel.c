/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Records over a Unix stream socket; unix(7), SCM_RIGHTS. Requests and answers alternate, so at
 * most one descriptor is ever on its way.
 */

#include "sandbox/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

#define STEP_BYTES (64 * PV_KIB) /* received at a time */

void pv_channel_init(PvChannel *channel, int fd, gboolean from_worker)
{
	*channel = (PvChannel){
		.fd = fd, .from_worker = from_worker, .buffer = g_byte_array_new(), .passed = -1
	};
}

void pv_channel_clear(PvChannel *channel)
{
	g_clear_pointer(&channel->buffer, g_byte_array_unref);
	if (channel->passed >= 0)
		close(channel->passed);
	channel->passed = -1;
}

static void put_passed(struct msghdr *message, int passed)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &passed, sizeof(int));
}

gboolean pv_channel_send(PvChannel *channel, const guint8 *bytes, gsize size, int passed,
			 GError **error)
{
	while (size > 0) {
		union {
			char room[CMSG_SPACE(sizeof(int))];
			struct cmsghdr align;
		} control = { { 0 } };
		struct iovec piece = { (void *)(guintptr)bytes, size };
		struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
		ssize_t sent;

		if (passed >= 0) {
			message.msg_control = control.room;
			message.msg_controllen = sizeof(control.room);
			put_passed(&message, passed);
		}
		sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return pv_fail_errno(error, errno, "cannot talk to the other process");
		passed = -1;
		bytes += sent;
		size -= (gsize)sent;
	}
	return TRUE;
}

static gboolean wait_readable(PvChannel *channel, GError **error)
{
	struct pollfd end = { channel->fd, POLLIN, 0 };

	while (channel->deadline_us > 0) {
		gint64 left_ms = (channel->deadline_us - g_get_monotonic_time() + 999) / 1000;
		int ready = poll(&end, 1, (int)CLAMP(left_ms, 0, G_MAXINT));

		if (ready > 0)
			break;
		if (ready == 0)
			return pv_fail(error, PV_ERROR_UNREACHABLE, "no answer in time");
		if (errno != EINTR)
			return pv_fail_errno(error, errno, "cannot wait for an answer");
	}
	return TRUE;
}

/* Keeps one descriptor; closes others, which only a compromised sender sends. */
static void keep_passed(PvChannel *channel, struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		gsize count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (gsize i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			if (channel->passed < 0 && !channel->from_worker)
				channel->passed = fd;
			else
				close(fd);
		}
	}
}

/* More bytes into the buffer; *ret_end if there will be none. */
static gboolean receive_step(PvChannel *channel, gboolean *ret_end, GError **error)
{
	union {
		char room[CMSG_SPACE(4 * sizeof(int))];
		struct cmsghdr align;
	} control;
	guint at = channel->buffer->len;
	struct iovec piece;
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	ssize_t got;

	if (!wait_readable(channel, error))
		return FALSE;
	g_byte_array_set_size(channel->buffer, at + (guint)STEP_BYTES);
	piece = (struct iovec){ channel->buffer->data + at, STEP_BYTES };
	do
		got = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	g_byte_array_set_size(channel->buffer, at + (guint)MAX(got, (ssize_t)0));
	if (got < 0 && errno != ECONNRESET)
		return pv_fail_errno(error, errno, "cannot hear the other process");
	if (got > 0)
		keep_passed(channel, &message);
	*ret_end = got <= 0;
	return TRUE;
}

/* Has at least @size unread bytes in the buffer, or says that the end came before. */
static gboolean fill(PvChannel *channel, gsize size, gboolean *ret_end, GError **error)
{
	*ret_end = FALSE;
	if (channel->buffer->len - channel->used >= size)
		return TRUE;
	if (channel->used > 0) {
		g_byte_array_remove_range(channel->buffer, 0, (guint)channel->used);
		channel->used = 0;
	}
	while (channel->buffer->len < size && !*ret_end) {
		if (!receive_step(channel, ret_end, error))
			return FALSE;
	}
	return TRUE;
}

gboolean pv_channel_receive(PvChannel *channel, PvRecord *ret_record, GError **error)
{
	PvRecord record = { 0 };
	gboolean end;

	if (!fill(channel, PV_RECORD_HEADER_BYTES, &end, error))
		return FALSE;
	if (end && channel->buffer->len == 0) {
		*ret_record = record;
		return TRUE;
	}
	if (end)
		return pv_fail(error, PV_ERROR_SYNTAX, "a record is cut off");
	if (!pv_record_read_header(channel->buffer->data + channel->used, channel->from_worker,
				   &record.type, &record.size, error) ||
	    !fill(channel, PV_RECORD_HEADER_BYTES + record.size, &end, error))
		return FALSE;
	if (end)
		return pv_fail(error, PV_ERROR_SYNTAX, "a record is cut off");
	record.data = channel->buffer->data + channel->used + PV_RECORD_HEADER_BYTES;
	channel->used += PV_RECORD_HEADER_BYTES + record.size;
	*ret_record = record;
	return TRUE;
}

int pv_channel_take_passed(PvChannel *channel)
{
	int passed = channel->passed;

	channel->passed = -1;
	return passed;
}
