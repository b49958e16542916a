/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Fewer system calls for a small request and its answer over TLS. GnuTLS reads the five bytes before a
 * record, then the record; here one read takes what is there. That nothing is forgotten in our own
 * buffer rests on libmicrohttpd reading on until it is told to wait: with epoll it has to.
 */

#include "service/link.h"

#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "service/peer.h"

#define AHEAD_BYTES 1024 /* a request and its headers */

struct PvLink {
	gnutls_session_t session;
	int socket;
	gboolean is_judged, is_corked;
	const char *why; /* of its peer, once judged */
	gsize at, end;   /* of what was read ahead */
	guint8 ahead[AHEAD_BYTES];
};

/* A gnutls_pull_func. */
static ssize_t pull(gnutls_transport_ptr_t pointer, void *data, size_t size)
{
	PvLink *link = pointer;
	ssize_t got;

	if (link->at == link->end) {
		if (size >= AHEAD_BYTES)
			return recv(link->socket, data, size, 0);
		got = recv(link->socket, link->ahead, AHEAD_BYTES, 0);
		if (got <= 0)
			return got;
		link->at = 0;
		link->end = (gsize)got;
	}
	size = MIN(size, link->end - link->at);
	memcpy(data, link->ahead + link->at, size);
	link->at += size;
	return (ssize_t)size;
}

PvLink *pv_link_new(void *session, int socket)
{
	PvLink *link = g_new0(PvLink, 1);

	link->session = session;
	link->socket = socket;
	if (session) {
		gnutls_transport_set_ptr2(session, link, GINT_TO_POINTER(socket));
		gnutls_transport_set_pull_function(session, pull);
	}
	return link;
}

void pv_link_free(PvLink *link)
{
	g_free(link);
}

const char *pv_link_judge(PvLink *link)
{
	if (!link->is_judged) {
		link->why = pv_peer_check(link->session);
		link->is_judged = TRUE;
	}
	return link->why;
}

void pv_link_cork(PvLink *link)
{
	if (!link->session)
		return;
	gnutls_record_cork(link->session);
	link->is_corked = TRUE;
}

void pv_link_uncork(PvLink *link)
{
	int off = 0;

	if (!link->is_corked)
		return;
	link->is_corked = FALSE;
	/* libmicrohttpd corks the socket too, and has let go of it before we send. */
	setsockopt(link->socket, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
	/* A peer that sent many requests and read none of the answers: its connection ends. */
	if (gnutls_record_uncork(link->session, 0) < 0)
		shutdown(link->socket, SHUT_RDWR);
}
