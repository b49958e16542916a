/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Messages between our own processes over a stream: a number that says what it is, and a few byte
 * strings. The receiver treats them as hostile: every count and length is checked before anything is
 * allocated. On the wire: u32 kind, u32 fields, then u32 length and bytes of each field, lowest byte
 * first.
 */
#define PV_MESSAGE_FIELDS_MAX 64

typedef struct {
	guint32 kind;
	GPtrArray *fields; /* of GBytes */
} PvMessage;

PvMessage *pv_message_new(guint32 kind);
void pv_message_free(PvMessage *message);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvMessage, pv_message_free)

void pv_message_add(PvMessage *message, const void *data, gsize size);
void pv_message_add_bytes(PvMessage *message, GBytes *bytes);
void pv_message_add_text(PvMessage *message, const char *text); /* NULL counts as "" */

/* (transfer none): field @index, or NULL if there are fewer. */
GBytes *pv_message_field(const PvMessage *message, guint index);

/* (transfer full): the field as text; NULL if it is missing or has a NUL or invalid UTF-8 inside. */
char *pv_message_text(const PvMessage *message, guint index);

/**
 * pv_message_send:
 *
 * Errors: PV_ERROR_UNREACHABLE (the other end is gone), PV_ERROR_IO.
 */
gboolean pv_message_send(int fd, const PvMessage *message, GError **error);

/**
 * pv_message_receive:
 * @max_bytes: of all fields together
 *
 * Errors: PV_ERROR_LIMIT, PV_ERROR_SYNTAX (more than PV_MESSAGE_FIELDS_MAX fields, a message cut
 * short), PV_ERROR_IO.
 *
 * Returns: (transfer full): the next message; NULL without an error when the other end has closed.
 */
PvMessage *pv_message_receive(int fd, gsize max_bytes, GError **error);

/* A stream that is no plain socket: a TLS channel. */
typedef struct {
	void *data;
	gboolean (*send)(void *data, const void *bytes, gsize size, GError **error); /* all */
	/* At least one byte, at most @size; 0 when the other end has closed, -1 with an error. */
	gssize (*receive)(void *data, void *bytes, gsize size, GError **error);
} PvMessageStream;

/* As pv_message_send() and pv_message_receive(), over @stream. */
gboolean pv_message_send_stream(const PvMessageStream *stream, const PvMessage *message,
				GError **error);
PvMessage *pv_message_receive_stream(const PvMessageStream *stream, gsize max_bytes,
				     GError **error);
