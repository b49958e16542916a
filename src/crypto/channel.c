/* SPDX-License-Identifier: Apache-2.0 */

/*
 * TLS by OpenSSL over a socket that does not block. Our own server demands a certificate and checks
 * it in the handshake, before it reads a byte of what the client has to say; there are no tickets,
 * so no connection is let in by an earlier one.
 */

#include "crypto/channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define READ_AHEAD_BYTES (64 * 1024) /* several records in one system call */

struct PvChannelContext {
	SSL_CTX *ssl;
	gboolean is_server;
};

struct PvChannel {
	SSL *ssl;
	int fd;
	gint64 until_us;
	PvMessageStream stream;
};

/* --- errors ------------------------------------------------------------------------------- */

/* (transfer full): OpenSSL's reason for the last failure. */
static char *reason(const SSL *ssl)
{
	unsigned long code = ERR_peek_last_error();
	long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	const char *text = code ? ERR_reason_error_string(code) : NULL;

	ERR_clear_error();
	if (verified != X509_V_OK)
		return g_strdup_printf("its certificate is refused: %s",
				       X509_verify_cert_error_string(verified));
	return g_strdup(text ? text : "the connection was closed");
}

static gboolean is_about_certificate(const SSL *ssl)
{
	switch (ERR_GET_REASON(ERR_peek_last_error())) {
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
		return TRUE;
	default:
		return SSL_get_verify_result(ssl) != X509_V_OK;
	}
}

/* --- contexts ----------------------------------------------------------------------------- */

void pv_channel_context_free(PvChannelContext *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	g_free(context);
}

/* No question on a terminal for an encrypted key: it is refused. */
static int no_passphrase(char *buffer, int size, int is_writing, void *data)
{
	return -1;
}

static gboolean check_readable(const char *path, GError **error)
{
	return access(path, R_OK) == 0 || pv_fail_errno(error, errno, "cannot read %s", path);
}

/* Who this end is. */
static gboolean load_own(SSL_CTX *ssl, const char *certificate, const char *key, GError **error)
{
	g_autofree char *why = NULL;

	if (!check_readable(certificate, error) || !check_readable(key, error))
		return FALSE;
	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	if (!SSL_CTX_use_certificate_chain_file(ssl, certificate)) {
		why = reason(NULL);
		return pv_fail(error, PV_ERROR_KEY, "%s holds no usable certificate: %s",
			       certificate, why);
	}
	if (!SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) ||
	    !SSL_CTX_check_private_key(ssl)) {
		why = reason(NULL);
		return pv_fail(error, PV_ERROR_KEY, "%s is not the unencrypted key of %s: %s", key,
			       certificate, why);
	}
	return TRUE;
}

static gboolean load_files(SSL_CTX *ssl, const PvChannelFiles *files, GError **error)
{
	g_autofree char *why = NULL;

	if (!check_readable(files->authority, error) ||
	    !load_own(ssl, files->certificate, files->key, error))
		return FALSE;
	ERR_clear_error();
	if (!SSL_CTX_load_verify_locations(ssl, files->authority, NULL)) {
		why = reason(NULL);
		return pv_fail(error, PV_ERROR_KEY, "%s holds no certificates: %s",
			       files->authority, why);
	}
	return TRUE;
}

PvChannelContext *pv_channel_context_new(const PvChannelFiles *files, gboolean is_server,
					 GError **error)
{
	g_autoptr(PvChannelContext) context = g_new0(PvChannelContext, 1);
	int verify = SSL_VERIFY_PEER;

	context->is_server = is_server;
	context->ssl = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
	if (!context->ssl)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "OpenSSL makes no TLS context");
	if (is_server)
		verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_min_proto_version(context->ssl, TLS1_3_VERSION);
	SSL_CTX_set_options(context->ssl, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(context->ssl, 0);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context->ssl, verify, NULL);
	SSL_CTX_set_mode(context->ssl,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (!load_files(context->ssl, files, error))
		return NULL;
	return g_steal_pointer(&context);
}

/* Each certificate of @pem; what else stands there is passed over, as OpenSSL does in files. */
static gboolean add_authorities(SSL_CTX *ssl, GBytes *pem, GError **error)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	gsize size;
	const void *data = g_bytes_get_data(pem, &size);
	BIO *in = BIO_new_mem_buf(data, (int)MIN(size, G_MAXINT));
	gsize count = 0;
	X509 *certificate;

	while (in && (certificate = PEM_read_bio_X509_AUX(in, NULL, no_passphrase, NULL))) {
		count += X509_STORE_add_cert(store, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(in);
	ERR_clear_error();
	return count > 0 ||
	       pv_fail(error, PV_ERROR_KEY, "the authorities for this server hold no certificates");
}

PvChannelContext *pv_channel_context_new_web(const PvChannelWeb *web, GError **error)
{
	static const guint8 http[] = "\x08http/1.1";
	g_autoptr(PvChannelContext) context = g_new0(PvChannelContext, 1);

	context->ssl = SSL_CTX_new(TLS_client_method());
	if (!context->ssl)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "OpenSSL makes no TLS context");
	SSL_CTX_set_min_proto_version(context->ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(context->ssl,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_protos(context->ssl, http, sizeof http - 1);
	SSL_CTX_set_read_ahead(context->ssl, 1);
	SSL_CTX_set_default_read_buffer_len(context->ssl, READ_AHEAD_BYTES);
	if (!web->exclusive)
		SSL_CTX_set_default_verify_paths(context->ssl);
	if ((web->authorities && !add_authorities(context->ssl, web->authorities, error)) ||
	    (web->certificate && !load_own(context->ssl, web->certificate, web->key, error)))
		return NULL;
	return g_steal_pointer(&context);
}

/* --- a socket that does not block --------------------------------------------------------- */

/* TRUE if it became ready; FALSE when the time is over. */
static gboolean wait_ready(int fd, short events, gint64 until_us)
{
	struct pollfd wanted = { fd, events, 0 };
	int ready;

	do {
		gint64 left = until_us - g_get_monotonic_time();

		ready = left > 0 ? poll(&wanted, 1, (int)MIN(left / 1000 + 1, G_MAXINT)) : 0;
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/*
 * After an operation that returned @result: TRUE if it is worth to repeat it now; else the error is
 * set, or *@ret_closed.
 */
static gboolean may_repeat(PvChannel *channel, int result, gboolean *ret_closed, GError **error)
{
	int saved_errno = errno;
	g_autofree char *why = NULL;

	switch (SSL_get_error(channel->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		if (wait_ready(channel->fd, POLLIN, channel->until_us))
			return TRUE;
		return pv_fail(error, PV_ERROR_UNREACHABLE, "no answer in time");
	case SSL_ERROR_WANT_WRITE:
		if (wait_ready(channel->fd, POLLOUT, channel->until_us))
			return TRUE;
		return pv_fail(error, PV_ERROR_UNREACHABLE, "nothing is taken in time");
	case SSL_ERROR_ZERO_RETURN:
		*ret_closed = TRUE;
		return FALSE;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		return pv_fail(error, PV_ERROR_UNREACHABLE, "the connection broke: %s",
			       saved_errno ? g_strerror(saved_errno) : "it was closed");
	default:
		break;
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return pv_fail(error, PV_ERROR_UNREACHABLE, "the connection broke: it was cut");
	}
	if (is_about_certificate(channel->ssl)) {
		why = reason(channel->ssl);
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s", why);
	}
	why = reason(channel->ssl);
	return pv_fail(error, PV_ERROR_SERVER, "TLS failed: %s", why);
}

static gboolean send_bytes(void *data, const void *bytes, gsize size, GError **error)
{
	PvChannel *channel = data;
	const guint8 *at = bytes;

	while (size > 0) {
		gboolean closed = FALSE;
		size_t sent = 0;
		int result;

		ERR_clear_error();
		errno = 0;
		result = SSL_write_ex(channel->ssl, at, size, &sent);
		if (result > 0) {
			at += sent;
			size -= sent;
		} else if (!may_repeat(channel, result, &closed, error)) {
			return closed ? pv_fail(error, PV_ERROR_UNREACHABLE,
						"the other end has closed the connection")
				      : FALSE;
		}
	}
	return TRUE;
}

static gssize receive_bytes(void *data, void *bytes, gsize size, GError **error)
{
	PvChannel *channel = data;

	for (;;) {
		gboolean closed = FALSE;
		size_t got = 0;
		int result;

		ERR_clear_error();
		errno = 0;
		result = SSL_read_ex(channel->ssl, bytes, size, &got);
		if (result > 0)
			return (gssize)got;
		if (!may_repeat(channel, result, &closed, error))
			return closed ? 0 : -1;
	}
}

/* --- channels ----------------------------------------------------------------------------- */

/* (transfer full): around @fd, which it owns from now on. */
static PvChannel *channel_new(PvChannelContext *context, int fd, guint timeout_ms)
{
	PvChannel *channel = g_new0(PvChannel, 1);
	int on = 1, idle = 15, every = 5, count = 3;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	channel->fd = fd;
	channel->ssl = SSL_new(context->ssl);
	channel->stream = (PvMessageStream){ channel, send_bytes, receive_bytes };
	if (channel->ssl)
		SSL_set_fd(channel->ssl, fd);
	pv_channel_set_deadline(channel, timeout_ms);
	return channel;
}

void pv_channel_free(PvChannel *channel)
{
	if (!channel)
		return;
	if (channel->ssl && SSL_is_init_finished(channel->ssl))
		SSL_shutdown(channel->ssl);
	ERR_clear_error();
	SSL_free(channel->ssl);
	close(channel->fd);
	g_free(channel);
}

static gboolean shake_hands(PvChannel *channel, gboolean is_server, GError **error)
{
	if (!channel->ssl)
		return pv_fail(error, PV_ERROR_INTERNAL, "OpenSSL makes no TLS connection");
	for (;;) {
		gboolean closed = FALSE;
		int result;

		ERR_clear_error();
		errno = 0;
		result = is_server ? SSL_accept(channel->ssl) : SSL_connect(channel->ssl);
		if (result == 1)
			return TRUE;
		if (!may_repeat(channel, result, &closed, error))
			return closed ? pv_fail(error, PV_ERROR_UNREACHABLE,
						"the other end has closed the connection")
				      : FALSE;
	}
}

static gboolean is_one_of(const PvChannel *channel, char *const *names, GError **error)
{
	X509 *peer = SSL_get0_peer_certificate(channel->ssl);

	for (; peer && *names; names++) {
		if (X509_check_host(peer, *names, 0, X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT, NULL) ==
		    1)
			return TRUE;
	}
	return pv_fail(error, PV_ERROR_UNAUTHORIZED,
		       "its certificate is for none of the allowed "
		       "names");
}

PvChannel *pv_channel_accept(PvChannelContext *context, int fd, char *const *names,
			     guint timeout_ms, GError **error)
{
	g_autoptr(PvChannel) channel = channel_new(context, fd, timeout_ms);

	if (!shake_hands(channel, TRUE, error) || (names && !is_one_of(channel, names, error)))
		return NULL;
	return g_steal_pointer(&channel);
}

/* (transfer full): a socket connected to @address, or -1. */
static int connect_to(const struct addrinfo *address, gint64 until_us)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(int);
	int code = 0;

	if (fd < 0)
		return -1;
	if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return fd;
	if (errno == EINPROGRESS && wait_ready(fd, POLLOUT, until_us) &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0)
		return fd;
	code = code ? code : errno == EINPROGRESS ? ETIMEDOUT : errno;
	close(fd);
	errno = code;
	return -1;
}

static int connected_socket(const char *host, guint16 port, guint timeout_ms, GError **error)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	gint64 until = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	struct addrinfo *found = NULL;
	char service[8];
	int fd = -1, code;

	g_snprintf(service, sizeof service, "%u", port);
	code = getaddrinfo(host, service, &hints, &found);
	if (code != 0) {
		pv_fail(error, PV_ERROR_UNREACHABLE, "%s", gai_strerror(code));
		return -1;
	}
	for (const struct addrinfo *one = found; fd < 0 && one; one = one->ai_next)
		fd = connect_to(one, until);
	code = errno;
	freeaddrinfo(found);
	if (fd < 0)
		pv_fail(error, PV_ERROR_UNREACHABLE, "cannot connect: %s", g_strerror(code));
	return fd;
}

/* The certificate must be for what we dialled; a name is told to servers that have several. */
static void expect_host(SSL *ssl, const char *host)
{
	if (!X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)) {
		SSL_set1_host(ssl, host);
		SSL_set_tlsext_host_name(ssl, host);
	}
	ERR_clear_error();
}

PvChannel *pv_channel_connect(PvChannelContext *context, const char *host, guint16 port,
			      guint timeout_ms, GError **error)
{
	g_autoptr(PvChannel) channel = NULL;
	int fd = connected_socket(host, port, timeout_ms, error);

	if (fd < 0)
		return NULL;
	channel = channel_new(context, fd, timeout_ms);
	if (channel->ssl)
		expect_host(channel->ssl, host);
	if (!shake_hands(channel, FALSE, error))
		return NULL;
	return g_steal_pointer(&channel);
}

void pv_channel_set_deadline(PvChannel *channel, guint timeout_ms)
{
	channel->until_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
}

void pv_channel_wait(PvChannel *channel)
{
	struct pollfd wanted = { channel->fd, POLLIN, 0 };

	if (SSL_has_pending(channel->ssl))
		return;
	while (poll(&wanted, 1, -1) < 0 && errno == EINTR)
		;
}

void pv_channel_stop(PvChannel *channel)
{
	shutdown(channel->fd, SHUT_RDWR);
}

gboolean pv_channel_peer_is_valid(const PvChannel *channel)
{
	X509 *peer = SSL_get0_peer_certificate(channel->ssl);

	return peer && X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

const PvMessageStream *pv_channel_stream(PvChannel *channel)
{
	return &channel->stream;
}
