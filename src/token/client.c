/* SPDX-License-Identifier: Apache-2.0 */

/* Starts pavise-token and asks it (protocol.h). */

#include "token/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/process.h"
#include "token/protocol.h"

#define END_MS 1000 /* how long a pavise-token may take to close its tokens */

struct PvTokens {
	PvTokenPerson person;
	guint patience_ms;
	pid_t pid; /* 0 until started */
	int fd;
	char *touched;   /* the token that waits for a finger, NULL if none does */
	GError *failure; /* why nothing more is asked */
};

PvTokens *pv_tokens_new(const PvTokenPerson *person)
{
	PvTokens *tokens = g_new0(PvTokens, 1);

	tokens->person = *person;
	tokens->patience_ms = PV_TOKEN_ANSWER_MS;
	tokens->fd = -1;
	return tokens;
}

void pv_tokens_set_patience(PvTokens *tokens, guint milliseconds)
{
	tokens->patience_ms = milliseconds;
}

/* --- the process -------------------------------------------------------------------------- */

/* Passphrases of key files are none of its business, nor are those of other programs. */
static char **clean_environment(void)
{
	static const char *const prefixes[] = { "DOCKER_CONTENT_TRUST_", "NOTARY_" };
	char **environment = g_get_environ();
	g_auto(GStrv) names = g_listenv();

	for (char **name = names; *name; name++) {
		for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
			if (g_str_has_prefix(*name, prefixes[i]))
				environment = g_environ_unsetenv(environment, *name);
		}
	}
	return environment;
}

/* Modules may print: not into the command's results. */
static int spawn_token(const char *path, int fd, pid_t *ret_pid)
{
	g_auto(GStrv) environment = clean_environment();
	char *argv[] = { (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	int failure;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 3); /* inherited, also if it is 3 */
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&actions, 4);
	failure = posix_spawn(ret_pid, path, &actions, NULL, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	return failure;
}

static gboolean start(PvTokens *tokens, GError **error)
{
	g_autofree char *path = pv_process_program("pavise-token");
	struct timeval patience = { .tv_sec = tokens->patience_ms / 1000 + 1 };
	int pair[2], failure;

	if (tokens->failure) {
		g_propagate_error(error, g_error_copy(tokens->failure));
		return FALSE;
	}
	if (tokens->pid > 0)
		return TRUE;
	if (access(path, X_OK) != 0)
		return pv_fail_errno(error, errno, "cannot run %s", path);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return pv_fail_errno(error, errno, "cannot make a socket pair");
	failure = spawn_token(path, pair[1], &tokens->pid);
	close(pair[1]);
	if (failure) {
		tokens->pid = 0;
		close(pair[0]);
		return pv_fail_errno(error, failure, "cannot start %s", path);
	}
	tokens->fd = pair[0];
	/* A message that stops in its middle. */
	setsockopt(tokens->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(tokens->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return TRUE;
}

/* Its end of the socket closes when it ends. Returns its status. */
static int stop(PvTokens *tokens, int patience_ms)
{
	struct pollfd ended = { .fd = tokens->fd, .events = POLLHUP };
	int status = 0;

	if (tokens->pid == 0)
		return 0;
	shutdown(tokens->fd, SHUT_WR);
	if (patience_ms > 0)
		poll(&ended, 1, patience_ms);
	close(tokens->fd);
	if (!(ended.revents & (POLLHUP | POLLERR)))
		kill(tokens->pid, SIGKILL);
	while (waitpid(tokens->pid, &status, 0) < 0 && errno == EINTR)
		;
	tokens->pid = 0;
	tokens->fd = -1;
	return status;
}

void pv_tokens_free(PvTokens *tokens)
{
	if (!tokens)
		return;
	stop(tokens, END_MS);
	g_free(tokens->touched);
	g_clear_error(&tokens->failure);
	g_free(tokens);
}

/* --- asides ------------------------------------------------------------------------------- */

static void set_touched(PvTokens *tokens, const char *token)
{
	g_autofree char *before = g_steal_pointer(&tokens->touched);

	tokens->touched = g_strdup(token);
	if (before && !token)
		tokens->person.touch(tokens->person.data, before, FALSE);
	else if (token && !before)
		tokens->person.touch(tokens->person.data, token, TRUE);
}

static gboolean take_touch(PvTokens *tokens, const PvMessage *aside, GError **error)
{
	g_autofree char *token = pv_token_text_take(aside, 0, error);
	g_autofree char *awaited = token ? pv_token_text_take(aside, 1, error) : NULL;

	if (!awaited)
		return FALSE;
	set_touched(tokens, strcmp(awaited, "1") == 0 ? token : NULL);
	return TRUE;
}

static gboolean give_secret(PvTokens *tokens, const PvMessage *aside, GError **error)
{
	g_auto(PvTokenPrompt) prompt = { 0 };
	g_autoptr(PvSecret) secret = NULL;
	g_autoptr(PvMessage) refusal = NULL;
	g_autoptr(GError) failure = NULL;

	if (!pv_token_prompt_take(aside, &prompt, error))
		return FALSE;
	secret = tokens->person.secret(tokens->person.data, &prompt, &failure);
	if (secret)
		return pv_token_secret_send(tokens->fd, secret, error);
	refusal = pv_token_error_new(PV_TOKEN_REFUSED, failure);
	return pv_message_send(tokens->fd, refusal, error);
}

static gboolean take_warning(PvTokens *tokens, const PvMessage *aside, GError **error)
{
	g_autofree char *sentence = pv_token_text_take(aside, 0, error);

	if (!sentence)
		return FALSE;
	tokens->person.warn(tokens->person.data, sentence);
	return TRUE;
}

/* --- answers ------------------------------------------------------------------------------ */

/* An answer that comes in; @key sees each key before its end. */
typedef struct {
	GPtrArray *keys; /* of PvTokenKey, NULL if none may come */
	guint asides;
	char *may_wait; /* the token that may wait for a finger */
} Incoming;

static gboolean is_readable(int fd, guint milliseconds)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	int ready;

	do {
		ready = poll(&readable, 1, (int)milliseconds);
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

static gboolean wait_for_word(PvTokens *tokens, Incoming *incoming, GError **error)
{
	g_autofree char *may_wait = g_steal_pointer(&incoming->may_wait);
	gboolean readable;

	if (may_wait && !tokens->touched && !is_readable(tokens->fd, PV_TOKEN_QUIET_MS))
		set_touched(tokens, may_wait);
	readable =
		is_readable(tokens->fd, tokens->touched ? PV_TOKEN_TOUCH_MS : tokens->patience_ms);
	if (may_wait && tokens->touched)
		set_touched(tokens, NULL);
	return readable || pv_fail(error, PV_ERROR_UNREACHABLE,
				   "the token does not answer: its module or its reader hangs, and "
				   "was given up");
}

/* Why the socket is closed. */
static gboolean fail_ended(PvTokens *tokens, GError **error)
{
	int status = stop(tokens, END_MS);

	if (WIFSIGNALED(status))
		return pv_fail(error, PV_ERROR_SERVER,
			       "the token's module crashed (%s); the token itself may be fine",
			       strsignal(WTERMSIG(status)));
	return pv_fail(error, PV_ERROR_SERVER,
		       "pavise-token ended without an answer: the token's module ended it");
}

static PvMessage *next_message(PvTokens *tokens, Incoming *incoming, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PvMessage *message;

	if (!wait_for_word(tokens, incoming, error))
		return NULL;
	message = pv_message_receive(tokens->fd, PV_TOKEN_ANSWER_BYTES_MAX, &failure);
	if (!message && failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!message)
		fail_ended(tokens, error);
	return message;
}

static gboolean take_aside(PvTokens *tokens, Incoming *incoming, const PvMessage *message,
			   GError **error)
{
	PvTokenKey *key;

	if (message->kind != PV_TOKEN_KEY && ++incoming->asides > PV_TOKEN_ASIDES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "pavise-token asks without an end");
	switch (message->kind) {
	case PV_TOKEN_KEY:
		if (!incoming->keys || incoming->keys->len == PV_TOKEN_KEYS_MAX)
			return pv_fail(error, PV_ERROR_SERVER,
				       "pavise-token gave more keys than were asked for");
		key = pv_token_key_take(message, error);
		if (key)
			g_ptr_array_add(incoming->keys, key);
		return key != NULL;
	case PV_TOKEN_SECRET_ASKED:
		return give_secret(tokens, message, error);
	case PV_TOKEN_TOUCH:
		return take_touch(tokens, message, error);
	case PV_TOKEN_MAY_WAIT:
		incoming->may_wait = pv_token_text_take(message, 0, error);
		return incoming->may_wait != NULL;
	case PV_TOKEN_WARN:
		return take_warning(tokens, message, error);
	default:
		return pv_fail(error, PV_ERROR_SERVER, "pavise-token answers with message %u",
			       message->kind);
	}
}

/* "Unreachable" has a next step about the network, which has no part in it. */
static void fail_as_told(const PvMessage *message, GError **error)
{
	g_autoptr(GError) told = NULL;

	pv_token_error_take(message, &told);
	if (g_error_matches(told, PV_ERROR, PV_ERROR_UNREACHABLE))
		told->code = PV_ERROR_SERVER;
	g_propagate_error(error, g_steal_pointer(&told));
}

/* (transfer full): the OK. @ret_is_told: the failure is an answer, and the process still good. */
static PvMessage *receive(PvTokens *tokens, GPtrArray *keys, gboolean *ret_is_told, GError **error)
{
	Incoming incoming = { .keys = keys };
	PvMessage *answer = NULL;

	while (!answer) {
		g_autoptr(PvMessage) message = next_message(tokens, &incoming, error);

		if (!message)
			break;
		if (message->kind == PV_TOKEN_OK) {
			answer = g_steal_pointer(&message);
		} else if (message->kind == PV_TOKEN_FAILED) {
			*ret_is_told = TRUE;
			fail_as_told(message, error);
			break;
		} else if (!take_aside(tokens, &incoming, message, error)) {
			break;
		}
	}
	g_free(incoming.may_wait);
	set_touched(tokens, NULL);
	return answer;
}

static PvMessage *ask(PvTokens *tokens, const PvMessage *question, GPtrArray *keys, GError **error)
{
	g_autoptr(GError) failure = NULL;
	gboolean is_told = FALSE;
	PvMessage *answer = NULL;

	if (!start(tokens, error))
		return NULL;
	/* Where it went away is seen by what it left: its answer, or its status. */
	if (pv_message_send(tokens->fd, question, &failure) ||
	    g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE)) {
		g_clear_error(&failure);
		answer = receive(tokens, keys, &is_told, &failure);
	}
	if (answer)
		return answer;
	if (!is_told) {
		stop(tokens, 0);
		tokens->failure = g_error_copy(failure);
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

/* --- questions ---------------------------------------------------------------------------- */

static PvMessage *question_about(PvTokenMessage kind, const char *uri, GError **error)
{
	PvMessage *question;

	if (strlen(uri) > PV_TOKEN_TEXT_BYTES_MAX || !g_utf8_validate(uri, -1, NULL))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "a token's URI has %d bytes of UTF-8 at most",
				    PV_TOKEN_TEXT_BYTES_MAX);
	if (!pv_token_driver_find(uri, error))
		return NULL;
	question = pv_message_new(kind);
	pv_message_add_text(question, uri);
	return question;
}

GPtrArray *pv_tokens_list(PvTokens *tokens, const char *uri, GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_LIST, uri, error);
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_token_key_free);
	g_autoptr(PvMessage) answer = question ? ask(tokens, question, keys, error) : NULL;

	return answer ? g_steal_pointer(&keys) : NULL;
}

PvTokenKey *pv_tokens_make(PvTokens *tokens, const char *uri, const PvTokenRequest *request,
			   GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_MAKE, uri, error);
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_token_key_free);
	g_autoptr(PvMessage) answer = NULL;

	if (!question)
		return NULL;
	pv_token_request_put(question, request);
	answer = ask(tokens, question, keys, error);
	if (!answer)
		return NULL;
	if (keys->len != 1 || !((PvTokenKey *)keys->pdata[0])->public)
		return pv_fail_null(error, PV_ERROR_SERVER, "pavise-token made no key");
	return g_ptr_array_steal_index(keys, 0);
}

GBytes *pv_tokens_sign(PvTokens *tokens, const char *uri, const PvPublicKey *key, GBytes *message,
		       GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_SIGN, uri, error);
	g_autoptr(PvMessage) answer = NULL;
	GBytes *signature;

	if (!question)
		return NULL;
	pv_message_add_text(question, pv_public_key_type(key));
	pv_message_add_bytes(question, pv_public_key_encoded(key));
	pv_message_add_bytes(question, message);
	answer = ask(tokens, question, NULL, error);
	signature = answer ? pv_message_field(answer, 0) : NULL;
	if (answer && !signature)
		return pv_fail_null(error, PV_ERROR_SERVER, "pavise-token gave no signature");
	return signature ? g_bytes_ref(signature) : NULL;
}

GPtrArray *pv_tokens_attest(PvTokens *tokens, const char *uri, GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_ATTEST, uri, error);
	g_autoptr(PvMessage) answer = question ? ask(tokens, question, NULL, error) : NULL;
	GPtrArray *certificates;

	if (!answer)
		return NULL;
	certificates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	for (guint i = 0; i < answer->fields->len; i++)
		g_ptr_array_add(certificates, g_bytes_ref(pv_message_field(answer, i)));
	return certificates;
}

gboolean pv_tokens_remove(PvTokens *tokens, const char *uri, GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_REMOVE, uri, error);
	g_autoptr(PvMessage) answer = question ? ask(tokens, question, NULL, error) : NULL;

	return answer != NULL;
}

gboolean pv_tokens_status(PvTokens *tokens, const char *uri, PvTokenStatus *ret_status,
			  GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_STATUS, uri, error);
	g_autoptr(PvMessage) answer = question ? ask(tokens, question, NULL, error) : NULL;

	return answer && pv_token_status_take(answer, ret_status, error);
}

gboolean pv_tokens_set_up(PvTokens *tokens, const char *uri, guint what, GError **error)
{
	g_autoptr(PvMessage) question = question_about(PV_TOKEN_SET_UP, uri, error);
	g_autoptr(PvMessage) answer = NULL;

	if (!question)
		return FALSE;
	pv_token_setup_put(question, what);
	answer = ask(tokens, question, NULL, error);
	return answer != NULL;
}

/* --- keys that sign there ------------------------------------------------------------------ */

typedef struct {
	PvTokens *tokens;
	char *uri;
} Place;

static void place_free(void *data)
{
	Place *place = data;

	g_free(place->uri);
	g_free(place);
}

static GBytes *sign_there(void *data, const PvPublicKey *key, GBytes *message, GError **error)
{
	const Place *place = data;

	return pv_tokens_sign(place->tokens, place->uri, key, message, error);
}

PvPrivateKey *pv_tokens_key(PvTokens *tokens, const char *uri, PvPublicKey *public, GError **error)
{
	Place *place = g_new0(Place, 1);
	PvPrivateKey *key;

	place->tokens = tokens;
	place->uri = g_strdup(uri);
	key = pv_private_key_new_remote(public, sign_there, place, place_free, error);
	if (!key)
		place_free(place);
	return key;
}
