/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavised: the service (`pavise serve`). It holds the trust metadata and its own TLS key; signing
 * keys live in pavise-signer, which it starts and never sees into.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "config.h"
#include "crypto/secret.h"
#include "program/daemon/signer_options.h"
#include "program/daemon/tls.h"
#include "service/http.h"
#include "service/trust_api.h"

#define PROGRAM "pavise serve"

typedef struct {
	char *listen, *data, *certificate, *key, *store;
	gboolean insecure_open;
	PvSignerOptions signer;
	char *host;
	guint16 port;
} Options;

static gboolean parse(Options *options, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{ "listen", 0, 0, G_OPTION_ARG_STRING, &options->listen,
		  "Where to answer (default 127.0.0.1:4443)", "HOST:PORT" },
		{ "data", 0, 0, G_OPTION_ARG_FILENAME, &options->data,
		  "Where everything is kept (default ./pavise-data)", "DIR" },
		{ "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &options->certificate,
		  "The server's certificate chain, PEM", "FILE" },
		{ "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &options->key, "Its key, PEM", "FILE" },
		{ "store", 0, 0, G_OPTION_ARG_STRING, &options->store,
		  "Storage: sqlite (the default) or postgresql://USER@HOST/DATABASE", "STORE" },
		{ "insecure-open", 0, 0, G_OPTION_ARG_NONE, &options->insecure_open,
		  "Answer others than this machine although nobody has to log in", NULL },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("");

	g_option_context_set_summary(context, "Run the trust service: Notary's HTTP API over TLS, "
					      "with keys in a process of their own.");
	g_option_context_add_main_entries(context, entries, NULL);
	pv_signer_options_add(&options->signer, context);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	if (argc > 1)
		return pv_fail(error, PV_ERROR_USAGE, "unexpected argument \"%s\"", argv[1]);
	if (!options->certificate != !options->key)
		return pv_fail(error, PV_ERROR_USAGE, "--tls-cert and --tls-key need each other");
	return TRUE;
}

static gboolean split_address(Options *options, GError **error)
{
	const char *text = options->listen ? options->listen : "127.0.0.1:4443";
	const char *colon = strrchr(text, ':');
	guint64 port = 0;

	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
		return pv_fail(error, PV_ERROR_USAGE,
			       "--listen \"%s\": expected HOST:PORT, such as 127.0.0.1:4443", text);
	options->port = (guint16)port;
	options->host = *text == '[' && colon > text + 1
				? g_strndup(text + 1, (gsize)(colon - text - 2))
				: g_strndup(text, (gsize)(colon - text));
	return TRUE;
}

static gboolean is_this_machine(const char *host)
{
	return strcmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") ||
	       strcmp(host, "::1") == 0;
}

static gboolean check_exposure(const Options *options, GError **error)
{
	if (is_this_machine(options->host) || options->insecure_open)
		return TRUE;
	return pv_fail(error, PV_ERROR_USAGE,
		       "no authentication is configured, so anybody who reaches %s could publish; "
		       "listen on 127.0.0.1, or say --insecure-open",
		       options->host);
}

/* The data directory belongs to one service at a time. */
static int lock_data(const char *data, GError **error)
{
	g_autofree char *path = g_build_filename(data, "lock", NULL);

	if (!pv_file_make_directory(data, 0700, error))
		return -1;
	return pv_file_lock(path, TRUE, error);
}

static void wait_for_end(const sigset_t *signals)
{
	int number;

	do {
		number = 0;
		sigwait(signals, &number);
	} while (number == SIGHUP);
}

static gboolean serve(const Options *options, const char *data, GError **error)
{
	g_autofree char *keys = g_build_filename(data, "signer", NULL);
	g_auto(PvServiceTls) tls = { 0 };
	g_autoptr(PvStore) store = NULL;
	g_autoptr(PvSigner) signer = NULL;
	g_autoptr(PvTrustApi) api = NULL;
	PvServerOptions server_options;
	PvHttpServer *server;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);

	if (!pv_service_tls_load(options->certificate, options->key, data, options->host, &tls,
				 error))
		return FALSE;
	signer = options->signer.address ? pv_signer_options_connect(&options->signer, error)
					 : pv_signer_start(keys, error);
	if (!signer)
		return FALSE;
	store = pv_store_open(options->store ? options->store : "sqlite", data, NULL, error);
	if (!store)
		return FALSE;
	api = pv_trust_api_new(store, signer, &PV_TRUST_API_DEFAULTS);
	server_options =
		(PvServerOptions){ options->host, options->port, tls.certificate, tls.key };
	server = pv_http_server_start(&server_options, pv_trust_api_handler(api), error);
	if (!server)
		return FALSE;
	printf(strchr(options->host, ':') ? "ready https://[%s]:%u\n" : "ready https://%s:%u\n",
	       options->host, pv_http_server_port(server));
	fflush(stdout);
	wait_for_end(&signals);
	pv_http_server_stop(server);
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	Options options = { 0 };
	const char *data;
	int lock;

	pv_secret_protect_process();
	if (argc > 1) { /* the command's name */
		argv[1] = (char *)PROGRAM;
		argc--;
		argv++;
	}
	if (!parse(&options, argc, argv, &error)) {
		pv_terminal_fail(PROGRAM, error);
		return 2;
	}
	if (!split_address(&options, &error) || !check_exposure(&options, &error))
		return pv_terminal_fail(PROGRAM, error);
	data = options.data ? options.data : "pavise-data";
	if (!options.data)
		fprintf(stderr, "%s: data in ./%s\n", PROGRAM, data);
	if (getuid() == 0)
		fprintf(stderr,
			"%s: started by root without configured users: service and signer are "
			"separate processes of one user\n",
			PROGRAM);
	lock = lock_data(data, &error);
	if (lock < 0 || !serve(&options, data, &error))
		return pv_terminal_fail(PROGRAM, error);
	close(lock);
	return 0;
}
