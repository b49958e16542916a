/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers a command's questions by the driver of each token. A token is opened once for a command,
 * so that its PIN is asked for once; whom a driver has to ask is at the other end of the socket.
 */

#include "program/token/answer.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "token/protocol.h"

typedef struct {
	const PvTokenDriver *driver;
	char *token; /* the URI without the place on the token */
	PvTokenSession *session;
} Open;

struct PvTokenAnswers {
	int fd;
	PvTokenPerson person;
	GPtrArray *open; /* of Open */
};

static void open_free(void *data)
{
	Open *open = data;

	open->driver->close(open->session);
	g_free(open->token);
	g_free(open);
}

/* --- the person at the other end ----------------------------------------------------------- */

static void aside(PvTokenAnswers *answers, guint32 kind, const char *text, const char *more)
{
	g_autoptr(PvMessage) message = pv_message_new(kind);
	g_autofree char *bounded = g_strndup(text, PV_TOKEN_TEXT_BYTES_MAX);

	pv_message_add_text(message, bounded);
	if (more)
		pv_message_add_text(message, more);
	pv_message_send(answers->fd, message, NULL); /* the answer will find it gone too */
}

static void touch(void *data, const char *token, gboolean is_awaited)
{
	aside(data, PV_TOKEN_TOUCH, token, is_awaited ? "1" : "0");
}

static void may_wait(void *data, const char *token)
{
	aside(data, PV_TOKEN_MAY_WAIT, token, NULL);
}

static void warn(void *data, const char *sentence)
{
	aside(data, PV_TOKEN_WARN, sentence, NULL);
}

static PvSecret *secret(void *data, const PvTokenPrompt *prompt, GError **error)
{
	PvTokenAnswers *answers = data;
	g_autoptr(PvMessage) question = pv_message_new(PV_TOKEN_SECRET_ASKED);
	g_autoptr(PvMessage) answer = NULL;

	pv_token_prompt_put(question, prompt);
	if (!pv_message_send(answers->fd, question, error))
		return NULL;
	answer = pv_message_receive(answers->fd, PV_TOKEN_ANSWER_BYTES_MAX, error);
	if (!answer) {
		if (error && !*error)
			pv_fail(error, PV_ERROR_PASSPHRASE, "the command ended");
		return NULL;
	}
	if (answer->kind == PV_TOKEN_GIVEN)
		return pv_token_secret_receive(answers->fd, answer, error);
	pv_token_error_take(answer, error);
	return NULL;
}

PvTokenAnswers *pv_token_answers_new(int fd)
{
	PvTokenAnswers *answers = g_new0(PvTokenAnswers, 1);

	answers->fd = fd;
	answers->person = (PvTokenPerson){ answers, secret, touch, may_wait, warn };
	answers->open = g_ptr_array_new_with_free_func(open_free);
	return answers;
}

void pv_token_answers_free(PvTokenAnswers *answers)
{
	if (!answers)
		return;
	g_ptr_array_unref(answers->open);
	g_free(answers);
}

/* --- sessions ----------------------------------------------------------------------------- */

/* (transfer full): @uri without the attributes that name a place on the token. */
static char *token_of(const PvTokenDriver *driver, const char *uri)
{
	g_auto(GStrv) places = g_strsplit(driver->places ? driver->places : "", " ", -1);
	gsize scheme = strlen(driver->scheme);
	const char *query = strchr(uri, '?');
	g_autofree char *path = query ? g_strndup(uri + scheme, (gsize)(query - uri) - scheme)
				      : g_strdup(uri + scheme);
	g_auto(GStrv) attributes = g_strsplit(path, ";", -1);
	GString *token = g_string_new(driver->scheme);

	for (char **attribute = attributes; driver->places && *attribute; attribute++) {
		g_autofree char *name = g_strndup(*attribute, strcspn(*attribute, "="));

		if (!g_strv_contains((const char *const *)places, name))
			g_string_append_printf(token, "%s;", *attribute);
	}
	if (!driver->places)
		g_string_append(token, path);
	if (query)
		g_string_append(token, query);
	return g_string_free(token, FALSE);
}

static Open *session_of(PvTokenAnswers *answers, const char *uri, GError **error)
{
	const PvTokenDriver *driver = pv_token_driver_find(uri, error);
	g_autofree char *token = driver ? token_of(driver, uri) : NULL;
	PvTokenSession *session;
	Open *open;

	if (!driver)
		return NULL;
	for (guint i = 0; i < answers->open->len; i++) {
		open = answers->open->pdata[i];
		if (open->driver == driver && strcmp(open->token, token) == 0)
			return open;
	}
	session = driver->open(uri, &answers->person, error);
	if (!session)
		return NULL;
	open = g_new0(Open, 1);
	open->driver = driver;
	open->token = g_steal_pointer(&token);
	open->session = session;
	g_ptr_array_add(answers->open, open);
	return open;
}

/* --- answers ------------------------------------------------------------------------------ */

static gboolean send_key(PvTokenAnswers *answers, const PvTokenKey *key, GError **error)
{
	g_autoptr(PvMessage) message = pv_message_new(PV_TOKEN_KEY);

	pv_token_key_put(message, key);
	return pv_message_send(answers->fd, message, error);
}

static gboolean list(PvTokenAnswers *answers, Open *open, const char *uri,
		     const PvMessage *question, PvMessage *answer, GError **error)
{
	g_autoptr(GPtrArray) keys = open->driver->list(open->session, uri, error);

	for (guint i = 0; keys && i < keys->len; i++) {
		if (i == PV_TOKEN_KEYS_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "more than %d keys there: name fewer by the URI",
				       PV_TOKEN_KEYS_MAX);
		if (!send_key(answers, keys->pdata[i], error))
			return FALSE;
	}
	return keys != NULL;
}

static gboolean make(PvTokenAnswers *answers, Open *open, const char *uri,
		     const PvMessage *question, PvMessage *answer, GError **error)
{
	g_auto(PvTokenRequest) request = { 0 };
	g_autoptr(PvTokenKey) key = NULL;

	if (!pv_token_request_take(question, 1, &request, error))
		return FALSE;
	key = open->driver->make(open->session, uri, &request, error);
	return key && send_key(answers, key, error);
}

static gboolean sign(PvTokenAnswers *answers, Open *open, const char *uri,
		     const PvMessage *question, PvMessage *answer, GError **error)
{
	g_autofree char *type = pv_token_text_take(question, 1, error);
	GBytes *encoded = pv_message_field(question, 2), *message = pv_message_field(question, 3);
	g_autoptr(PvPublicKey) key = NULL;
	g_autoptr(GBytes) signature = NULL;

	if (!type)
		return FALSE;
	if (!encoded || !message)
		return pv_fail(error, PV_ERROR_INTERNAL, "a question to sign without a message");
	key = pv_public_key_new(type, g_bytes_get_data(encoded, NULL), g_bytes_get_size(encoded),
				error);
	signature = key ? open->driver->sign(open->session, uri, key, message, error) : NULL;
	if (!signature)
		return FALSE;
	pv_message_add_bytes(answer, signature);
	return TRUE;
}

static gboolean attest(PvTokenAnswers *answers, Open *open, const char *uri,
		       const PvMessage *question, PvMessage *answer, GError **error)
{
	g_autoptr(GPtrArray) certificates = NULL;

	if (!open->driver->attest)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s tokens cannot attest their keys; a YubiKey can, by its "
			       "yubikey: URI",
			       open->driver->name);
	certificates = open->driver->attest(open->session, uri, error);
	for (guint i = 0; certificates && i < certificates->len; i++)
		pv_message_add_bytes(answer, certificates->pdata[i]);
	return certificates != NULL;
}

static gboolean remove_key(PvTokenAnswers *answers, Open *open, const char *uri,
			   const PvMessage *question, PvMessage *answer, GError **error)
{
	return open->driver->remove(open->session, uri, error);
}

static gboolean fail_set_up(const Open *open, GError **error)
{
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "%s tokens are set up with the tools of their makers; a YubiKey by its "
		       "yubikey: URI",
		       open->driver->name);
}

static gboolean status(PvTokenAnswers *answers, Open *open, const char *uri,
		       const PvMessage *question, PvMessage *answer, GError **error)
{
	PvTokenStatus found;

	if (!open->driver->status)
		return fail_set_up(open, error);
	if (!open->driver->status(open->session, &found, error))
		return FALSE;
	pv_token_status_put(answer, &found);
	return TRUE;
}

static gboolean set_up(PvTokenAnswers *answers, Open *open, const char *uri,
		       const PvMessage *question, PvMessage *answer, GError **error)
{
	guint what;

	if (!open->driver->set_up)
		return fail_set_up(open, error);
	return pv_token_setup_take(question, &what, error) &&
	       open->driver->set_up(open->session, what, error);
}

typedef gboolean (*Answer)(PvTokenAnswers *answers, Open *open, const char *uri,
			   const PvMessage *question, PvMessage *answer, GError **error);

static const struct {
	PvTokenMessage kind;
	Answer answer;
} table[] = {
	{ PV_TOKEN_LIST, list },     { PV_TOKEN_MAKE, make },         { PV_TOKEN_SIGN, sign },
	{ PV_TOKEN_ATTEST, attest }, { PV_TOKEN_REMOVE, remove_key }, { PV_TOKEN_STATUS, status },
	{ PV_TOKEN_SET_UP, set_up },
};

static gboolean answer_by(PvTokenAnswers *answers, const PvMessage *question, PvMessage *answer,
			  GError **error)
{
	g_autofree char *uri = pv_token_text_take(question, 0, error);
	Open *open;

	if (!uri)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
		if (table[i].kind != question->kind)
			continue;
		open = session_of(answers, uri, error);
		return open && table[i].answer(answers, open, uri, question, answer, error);
	}
	return pv_fail(error, PV_ERROR_INTERNAL, "pavise-token: question %u is unknown",
		       question->kind);
}

gboolean pv_token_answers_one(PvTokenAnswers *answers, const PvMessage *question, GError **error)
{
	g_autoptr(PvMessage) answer = pv_message_new(PV_TOKEN_OK);
	g_autoptr(PvMessage) failed = NULL;
	g_autoptr(GError) failure = NULL;

	if (answer_by(answers, question, answer, &failure))
		return pv_message_send(answers->fd, answer, error);
	failed = pv_token_error_new(PV_TOKEN_FAILED, failure);
	return pv_message_send(answers->fd, failed, error);
}
