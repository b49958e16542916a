/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * A connection of the HTTP server, for as long as it stands: what was found of its peer, and two ways
 * to cost fewer system calls than libmicrohttpd and GnuTLS do together. Used by the one thread that
 * serves the connection.
 */
typedef struct PvLink PvLink;

/* @session: a gnutls_session_t, NULL for plain HTTP; @socket: borrowed. */
PvLink *pv_link_new(void *session, int socket);
void pv_link_free(PvLink *link);

/* (transfer none) (nullable): why the peer is refused (pv_peer_check()), found out once. */
const char *pv_link_judge(PvLink *link);

/*
 * Holds back what is sent until pv_link_uncork(), so that headers and body, which libmicrohttpd sends
 * apart, are one record. Only for answers that fit into one. Nothing happens without TLS.
 */
void pv_link_cork(PvLink *link);
void pv_link_uncork(PvLink *link);
