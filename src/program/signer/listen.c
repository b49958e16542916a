/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread for each connected service: they are few and stay connected. A service that is slow in
 * mid-message is given up after MESSAGE_MS; one that says nothing may stay as long as its
 * certificate is valid. The keys are one thread's at a time.
 */

#include "program/signer/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/error.h"
#include "base/limits.h"
#include "program/signer/answer.h"

#define HANDSHAKE_MS 10000
#define MESSAGE_MS   30000
#define BACKLOG      32
#define ADDRESS_SIZE (INET6_ADDRSTRLEN + 10) /* "[…]:65535" and a NUL */

struct PvSignerListener {
	PvChannelContext *context;
	char *const *names;
	int fd;
	PvSignerKeys *keys;
	GMutex keys_lock;
	GMutex lock; /* of what follows */
	GCond ended;
	GPtrArray *channels; /* those that talk now; borrowed from their threads */
	guint threads;
	gboolean stopping;
};

/* A connection on its way to its thread. */
typedef struct {
	PvSignerListener *listener;
	int fd;
	char peer[ADDRESS_SIZE];
} Client;

static void format_address(const struct sockaddr_storage *address, socklen_t size, char *ret_text)
{
	char host[INET6_ADDRSTRLEN] = "?", port[8] = "?";

	getnameinfo((const struct sockaddr *)address, size, host, sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	g_snprintf(ret_text, ADDRESS_SIZE, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* --- one service -------------------------------------------------------------------------- */

/* FALSE when the connection is over; @error only if that was not its orderly end. */
static gboolean answer_one(PvSignerListener *listener, PvChannel *channel, GError **error)
{
	g_autoptr(PvMessage) question = NULL;
	g_autoptr(PvMessage) answer = NULL;

	pv_channel_wait(channel);
	pv_channel_set_deadline(channel, MESSAGE_MS);
	if (!pv_channel_peer_is_valid(channel))
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "its certificate has expired");
	question = pv_message_receive_stream(pv_channel_stream(channel),
					     PV_SIGNER_MESSAGE_BYTES_MAX, error);
	if (!question)
		return FALSE;
	g_mutex_lock(&listener->keys_lock);
	answer = pv_signer_answer(listener->keys, question);
	g_mutex_unlock(&listener->keys_lock);
	return pv_message_send_stream(pv_channel_stream(channel), answer, error);
}

/* FALSE if the signer ends. */
static gboolean enter(PvSignerListener *listener, PvChannel *channel)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&listener->lock);

	if (!listener->stopping)
		g_ptr_array_add(listener->channels, channel);
	return !listener->stopping;
}

static void leave(PvSignerListener *listener, PvChannel *channel)
{
	g_mutex_lock(&listener->lock);
	g_ptr_array_remove_fast(listener->channels, channel);
	g_mutex_unlock(&listener->lock);
	pv_channel_free(channel);
}

static void serve_client(Client *client, GError **error)
{
	PvChannel *channel = pv_channel_accept(client->listener->context, client->fd,
					       client->listener->names, HANDSHAKE_MS, error);

	if (!channel)
		return;
	if (enter(client->listener, channel)) {
		while (answer_one(client->listener, channel, error))
			;
	}
	leave(client->listener, channel);
}

static void *run_client(void *data)
{
	Client *client = data;
	PvSignerListener *listener = client->listener;
	g_autoptr(GError) error = NULL;

	serve_client(client, &error);
	if (error)
		fprintf(stderr, "pavise-signer: %s %s: %s\n",
			g_error_matches(error, PV_ERROR, PV_ERROR_UNAUTHORIZED) ? "refused"
										: "lost",
			client->peer, error->message);
	g_free(client);
	g_mutex_lock(&listener->lock);
	listener->threads--;
	g_cond_signal(&listener->ended);
	g_mutex_unlock(&listener->lock);
	return NULL;
}

/* --- listening ---------------------------------------------------------------------------- */

static int listening_socket(const char *address, GError **error)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	g_autofree char *host = NULL;
	struct addrinfo *found = NULL;
	int fd = -1, on = 1, code;
	char port[8];
	guint16 number;

	if (!pv_address_split(address, &host, &number, error)) {
		pv_fail_wrap(error, "--listen");
		return -1;
	}
	g_snprintf(port, sizeof port, "%u", number);
	code = getaddrinfo(host, port, &hints, &found);
	if (code != 0) {
		pv_fail(error, PV_ERROR_USAGE, "--listen \"%s\": %s", address, gai_strerror(code));
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		pv_fail_errno(error, errno, "cannot listen on %s", address);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

PvSignerListener *pv_signer_listener_new(const char *address, const PvChannelFiles *files,
					 char *const *names, GError **error)
{
	g_autoptr(PvSignerListener) listener = g_new0(PvSignerListener, 1);

	listener->fd = -1;
	listener->names = names;
	listener->channels = g_ptr_array_new();
	g_mutex_init(&listener->keys_lock);
	g_mutex_init(&listener->lock);
	g_cond_init(&listener->ended);
	listener->context = pv_channel_context_new(files, TRUE, error);
	if (listener->context)
		listener->fd = listening_socket(address, error);
	return listener->fd >= 0 ? g_steal_pointer(&listener) : NULL;
}

void pv_signer_listener_free(PvSignerListener *listener)
{
	if (!listener)
		return;
	if (listener->fd >= 0)
		close(listener->fd);
	pv_channel_context_free(listener->context);
	g_ptr_array_unref(listener->channels);
	g_mutex_clear(&listener->keys_lock);
	g_mutex_clear(&listener->lock);
	g_cond_clear(&listener->ended);
	g_free(listener);
}

char *pv_signer_listener_address(const PvSignerListener *listener)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof address;
	char text[ADDRESS_SIZE];

	getsockname(listener->fd, (struct sockaddr *)&address, &size);
	format_address(&address, size, text);
	return g_strdup(text);
}

static gboolean has_room(PvSignerListener *listener)
{
	g_autoptr(GMutexLocker) locked = g_mutex_locker_new(&listener->lock);

	if (listener->threads >= PV_SIGNER_CLIENTS_MAX)
		return FALSE;
	listener->threads++;
	return TRUE;
}

static void take_client(PvSignerListener *listener)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int fd = accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC);
	Client *client;

	if (fd < 0)
		return;
	client = g_new0(Client, 1);
	client->listener = listener;
	client->fd = fd;
	format_address(&address, size, client->peer);
	if (has_room(listener)) {
		g_thread_unref(g_thread_new("client", run_client, client));
		return;
	}
	fprintf(stderr, "pavise-signer: refused %s: %d services are connected already\n",
		client->peer, PV_SIGNER_CLIENTS_MAX);
	close(fd);
	g_free(client);
}

/* Ends all connections and waits for their threads. */
static void stop_clients(PvSignerListener *listener)
{
	g_mutex_lock(&listener->lock);
	listener->stopping = TRUE;
	for (guint i = 0; i < listener->channels->len; i++)
		pv_channel_stop(listener->channels->pdata[i]);
	while (listener->threads > 0)
		g_cond_wait(&listener->ended, &listener->lock);
	g_mutex_unlock(&listener->lock);
}

gboolean pv_signer_listener_run(PvSignerListener *listener, PvSignerKeys *keys, int stop_fd,
				GError **error)
{
	struct pollfd wanted[] = { { listener->fd, POLLIN, 0 }, { stop_fd, POLLIN, 0 } };
	gboolean done = TRUE;

	listener->keys = keys;
	while (done && !(wanted[1].revents & POLLIN)) {
		if (poll(wanted, G_N_ELEMENTS(wanted), -1) < 0) {
			if (errno != EINTR)
				done = pv_fail_errno(error, errno, "cannot wait for services");
			wanted[1].revents = 0;
			continue;
		}
		if (wanted[0].revents & POLLIN)
			take_client(listener);
	}
	stop_clients(listener);
	return done;
}
