/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/message.h"

/*
 * A TLS connection whose every operation has a deadline: between two of our own programs on two
 * machines (TLS 1.3, both ends show a certificate, no session outlives its connection), or to a
 * server of the web. A context may be used by several threads, a channel by one at a time.
 */

typedef struct {
	const char *certificate; /* PEM file: this end's chain */
	const char *key;         /* PEM file: its key, not encrypted */
	const char *authority;   /* PEM file: who signs the certificates of the other end */
} PvChannelFiles;

typedef struct PvChannelContext PvChannelContext;
typedef struct PvChannel PvChannel;

/**
 * pv_channel_context_new:
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO, PV_ERROR_KEY (files that are unusable together).
 */
PvChannelContext *pv_channel_context_new(const PvChannelFiles *files, gboolean is_server,
					 GError **error);

/* Whom to believe who a server of the web is, and who to be for it. */
typedef struct {
	GBytes *authorities;     /* (nullable) PEM: they count … */
	gboolean exclusive;      /* … alone, not beside the system's */
	const char *certificate; /* (nullable) PEM files as above, for a server that asks */
	const char *key;
} PvChannelWeb;

/**
 * pv_channel_context_new_web:
 *
 * For pv_channel_connect() to an HTTPS server: TLS 1.2 or later, HTTP/1.1.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO, PV_ERROR_KEY.
 */
PvChannelContext *pv_channel_context_new_web(const PvChannelWeb *web, GError **error);

void pv_channel_context_free(PvChannelContext *context);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvChannelContext, pv_channel_context_free)

/**
 * pv_channel_accept:
 * @fd: (transfer full): a connection
 * @names: (nullable): NULL-terminated: the other end's certificate must be for one of these names
 *
 * The server's end. Returns only what showed a certificate of the authority that is valid now and
 * may be used by a client: nothing was read from others.
 *
 * Errors: PV_ERROR_UNAUTHORIZED (the certificate is missing, foreign, expired or of another name),
 * PV_ERROR_UNREACHABLE (too slow, or gone), PV_ERROR_SERVER (no TLS 1.3).
 */
PvChannel *pv_channel_accept(PvChannelContext *context, int fd, char *const *names,
			     guint timeout_ms, GError **error);

/**
 * pv_channel_connect:
 * @host: the server's certificate must be for it
 *
 * The client's end. Whether the server took this end's certificate shows at the first answer.
 *
 * Errors: PV_ERROR_UNREACHABLE, PV_ERROR_UNAUTHORIZED (the server's certificate).
 */
PvChannel *pv_channel_connect(PvChannelContext *context, const char *host, guint16 port,
			      guint timeout_ms, GError **error);

void pv_channel_free(PvChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvChannel, pv_channel_free)

/* What is sent and received from now on has to be done in @timeout_ms. */
void pv_channel_set_deadline(PvChannel *channel, guint timeout_ms);

/* Waits without end until something can be received, the other end is gone or pv_channel_stop(). */
void pv_channel_wait(PvChannel *channel);

/* From another thread: the connection is over. */
void pv_channel_stop(PvChannel *channel);

/* FALSE once the other end's certificate has run out: a connection does not outlive it. */
gboolean pv_channel_peer_is_valid(const PvChannel *channel);

/* (transfer none): the stream for pv_message_send_stream() and pv_message_receive_stream(). */
const PvMessageStream *pv_channel_stream(PvChannel *channel);
