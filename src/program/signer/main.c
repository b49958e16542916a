/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-signer: holds the server-managed keys and nothing else (design.md section 1). Started by
 * pavised it has one socket, given as descriptor 3, opens no other and ends when pavised closes its
 * end; with --listen it answers several services over mutual TLS. It logs no content.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "program/signer/answer.h"
#include "program/signer/keys.h"
#include "program/signer/listen.h"
#include "sandbox/confine.h"

#define PROGRAM   "pavise-signer"
#define SOCKET_FD 3

typedef struct {
	char *listen, *keys, *token, *pin_source;
	PvChannelFiles files;
	char **names;
} Options;

/* --- for one service, its parent ----------------------------------------------------------- */

static gboolean answer_parent(PvSignerKeys *keys, GError **error)
{
	for (;;) {
		g_autoptr(PvMessage) question =
			pv_message_receive(SOCKET_FD, PV_SIGNER_MESSAGE_BYTES_MAX, error);
		g_autoptr(PvMessage) answer = NULL;

		if (!question)
			return !*error;
		answer = pv_signer_answer(keys, question);
		if (!pv_message_send(SOCKET_FD, answer, error))
			return FALSE;
	}
}

static PvSignerKeys *open_keys(const Options *options, GError **error)
{
	g_autoptr(PvSecret) passphrase = pv_secret_take_environment("PAVISE_SIGNER_PASSPHRASE");
	PvSignerToken *token = NULL;

	if (options->token) {
		token = pv_signer_token_open(options->token, options->pin_source, error);
		if (!token)
			return NULL;
	}
	return pv_signer_keys_open(options->keys, g_steal_pointer(&passphrase), token, error);
}

static gboolean serve_parent(const Options *options, GError **error)
{
	g_autoptr(PvSignerKeys) keys = open_keys(options, error);

	/* Its end is pavised's: what a terminal sends to the whole group is for pavised to judge. */
	signal(SIGINT, SIG_IGN);
	return keys && pv_confine_key_holder(FALSE, error) && answer_parent(keys, error);
}

/* --- for several --------------------------------------------------------------------------- */

static gboolean check_options(const Options *options, GError **error)
{
	if (!options->listen || !options->keys || !options->files.certificate ||
	    !options->files.key || !options->files.authority)
		return pv_fail(error, PV_ERROR_USAGE,
			       "--listen, --tls-cert, --tls-key, --client-ca and --keys are needed "
			       "together; a signer for one service is started by `pavise serve`");
	if (options->names && g_strv_length(options->names) > PV_SIGNER_NAMES_MAX)
		return pv_fail(error, PV_ERROR_USAGE, "more than %d names to allow",
			       PV_SIGNER_NAMES_MAX);
	return TRUE;
}

static gboolean parse(Options *options, int argc, char **argv, GError **error)
{
	const GOptionEntry entries[] = {
		{ "listen", 0, 0, G_OPTION_ARG_STRING, &options->listen, "Where to answer services",
		  "HOST:PORT" },
		{ "keys", 0, 0, G_OPTION_ARG_FILENAME, &options->keys, "Where the keys are kept",
		  "DIR" },
		{ "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &options->files.certificate,
		  "The signer's certificate chain, PEM", "FILE" },
		{ "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &options->files.key, "Its key, PEM",
		  "FILE" },
		{ "client-ca", 0, 0, G_OPTION_ARG_FILENAME, &options->files.authority,
		  "Who signs the services' certificates, PEM", "FILE" },
		{ "allow", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options->names,
		  "Answer only services whose certificate is for this name (repeatable)", "NAME" },
		{ "token", 0, 0, G_OPTION_ARG_STRING, &options->token,
		  "Make new keys in this PKCS#11 token", "pkcs11:token=NAME" },
		{ "pin-source", 0, 0, G_OPTION_ARG_FILENAME, &options->pin_source,
		  "Its first line is the token's PIN", "FILE|fd:N" },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new("");

	g_option_context_set_summary(context, "Hold the timestamp and snapshot keys of several "
					      "trust services, over mutual TLS.");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, error))
		return FALSE;
	/* pavised gives the directory as an argument, and a socket. */
	if (argc == 2 && !options->listen && !options->keys) {
		options->keys = g_strdup(argv[1]);
		return TRUE;
	}
	if (argc > 1)
		return pv_fail(error, PV_ERROR_USAGE, "unexpected argument \"%s\"", argv[1]);
	return check_options(options, error);
}

/* Readable on SIGTERM and SIGINT, which do nothing else from now on. */
static int end_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static gboolean serve_services(const Options *options, GError **error)
{
	g_autofree char *lock_path = g_build_filename(options->keys, "lock", NULL);
	g_autoptr(PvSignerListener) listener = NULL;
	g_autoptr(PvSignerKeys) keys = NULL;
	g_autofree char *address = NULL;
	int stop_fd = end_signals(), lock;
	gboolean done;

	listener = pv_signer_listener_new(options->listen, &options->files, options->names, error);
	if (!listener || !pv_file_make_directory(options->keys, 0700, error))
		return FALSE;
	/* The keys belong to one signer at a time. */
	lock = pv_file_lock(lock_path, TRUE, error);
	if (lock < 0)
		return FALSE;
	keys = open_keys(options, error);
	if (!keys || !pv_confine_key_holder(TRUE, error))
		return FALSE;
	address = pv_signer_listener_address(listener);
	printf("ready %s\n", address);
	fflush(stdout);
	done = pv_signer_listener_run(listener, keys, stop_fd, error);
	close(lock);
	close(stop_fd);
	return done;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	Options options = { 0 };
	gboolean done;

	pv_secret_protect_process();
	if (!parse(&options, argc, argv, &error)) {
		pv_terminal_fail(PROGRAM, error);
		return 2;
	}
	done = options.listen ? serve_services(&options, &error) : serve_parent(&options, &error);
	return done ? 0 : pv_terminal_fail(PROGRAM, error);
}
