/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A signer on another machine, over mutual TLS. All its questions may be asked twice, so that what
 * a lost connection left open is asked again on a new one. When none can be made, who asks within
 * the next second is told so at once and does not wait for it as well.
 */

#include "service/signer_remote.h"

#include "base/error.h"
#include "base/limits.h"

#define CONNECT_MS 5000
#define ANSWER_MS  10000
#define PAUSE_US   G_USEC_PER_SEC

struct PvSignerRemote {
	PvChannelContext *context;
	char *host;
	guint16 port;
	PvChannel *channel; /* NULL: none now */
	GError *failure;    /* why there was none */
	gint64 failed_until_us;
};

PvSignerRemote *pv_signer_remote_new(const PvSignerAddress *address, GError **error)
{
	PvChannelContext *context = pv_channel_context_new(&address->files, FALSE, error);
	PvSignerRemote *remote;

	if (!context)
		return NULL;
	remote = g_new0(PvSignerRemote, 1);
	remote->context = context;
	remote->host = g_strdup(address->host);
	remote->port = address->port;
	return remote;
}

void pv_signer_remote_free(PvSignerRemote *remote)
{
	if (!remote)
		return;
	pv_channel_free(remote->channel);
	pv_channel_context_free(remote->context);
	g_clear_error(&remote->failure);
	g_free(remote->host);
	g_free(remote);
}

static gboolean connect_again(PvSignerRemote *remote, GError **error)
{
	if (remote->failure && g_get_monotonic_time() < remote->failed_until_us) {
		g_propagate_error(error, g_error_copy(remote->failure));
		return FALSE;
	}
	g_clear_error(&remote->failure);
	remote->channel = pv_channel_connect(remote->context, remote->host, remote->port,
					     CONNECT_MS, &remote->failure);
	if (remote->channel)
		return TRUE;
	remote->failed_until_us = g_get_monotonic_time() + PAUSE_US;
	g_propagate_error(error, g_error_copy(remote->failure));
	return FALSE;
}

static PvMessage *exchange(PvSignerRemote *remote, const PvMessage *question, GError **error)
{
	const PvMessageStream *stream = pv_channel_stream(remote->channel);
	PvMessage *answer;

	pv_channel_set_deadline(remote->channel, ANSWER_MS);
	if (!pv_message_send_stream(stream, question, error))
		return NULL;
	answer = pv_message_receive_stream(stream, PV_SIGNER_MESSAGE_BYTES_MAX, error);
	if (!answer && !*error)
		pv_fail(error, PV_ERROR_UNREACHABLE, "it has closed the connection");
	return answer;
}

PvMessage *pv_signer_remote_ask(PvSignerRemote *remote, const PvMessage *question, GError **error)
{
	for (;;) {
		gboolean is_old = remote->channel != NULL;
		g_autoptr(GError) failure = NULL;
		PvMessage *answer = NULL;

		if (is_old || connect_again(remote, &failure))
			answer = exchange(remote, question, &failure);
		if (answer)
			return answer;
		g_clear_pointer(&remote->channel, pv_channel_free);
		if (is_old)
			continue; /* it may have restarted: once more, on a fresh connection */
		/* Whatever the reason: for who asks there is no signer. */
		failure->code = PV_ERROR_UNREACHABLE;
		pv_fail_wrap(&failure, "signer at %s port %u", remote->host, remote->port);
		g_propagate_error(error, g_steal_pointer(&failure));
		return NULL;
	}
}
