/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sandbox/record.h"

/*
 * A socket with records on it, and descriptors beside some of them.
 */

typedef struct {
	int fd;
	gboolean from_worker; /* the direction of what is received here */
	gint64 deadline_us;   /* monotonic time by which a record must be there; 0 for none */
	GByteArray *buffer;   /* received, not yet given out */
	gsize used;           /* bytes of it that are */
	int passed;           /* a descriptor that came, until taken; -1 for none */
} PvChannel;

void pv_channel_init(PvChannel *channel, int fd, gboolean from_worker);

/**
 * pv_channel_clear:
 *
 * Closes what was passed and not taken; the socket stays the caller's.
 */
void pv_channel_clear(PvChannel *channel);

/**
 * pv_channel_send:
 * @bytes: whole records
 * @passed: a descriptor to hand over with them, or -1
 */
gboolean pv_channel_send(PvChannel *channel, const guint8 *bytes, gsize size, int passed,
			 GError **error);

/**
 * pv_channel_receive:
 * @ret_record: (out): valid until the next call; type 0 if the other side closed between records
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT (the sender breaks the table), PV_ERROR_UNREACHABLE
 * (the deadline), PV_ERROR_IO.
 */
gboolean pv_channel_receive(PvChannel *channel, PvRecord *ret_record, GError **error);

/**
 * pv_channel_take_passed:
 *
 * Returns: the descriptor that came with the last record, now the caller's, or -1.
 */
int pv_channel_take_passed(PvChannel *channel);
