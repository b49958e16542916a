/* SPDX-License-Identifier: Apache-2.0 */

/* What goes over the socket between a command and pavise-token; both ends distrust it. */

#include "token/protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/limits.h"

enum { URI, TOKEN, SERIAL, KEYTYPE, PUBLIC, CERTIFICATE, ROLE, ORIGIN, PIN, TOUCH, UNFINISHED };
enum { R_ROLE, R_NOW, R_LIFE, R_PIN, R_TOUCH, R_REPLACES, R_IMPORTED };

static void add_number(PvMessage *message, gint64 number)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);

	pv_message_add_text(message, text);
}

static gboolean fail_field(GError **error, const PvMessage *message, guint index)
{
	return pv_fail(error, PV_ERROR_SERVER,
		       "pavise-token and this command do not understand each other: message %u, "
		       "field %u",
		       message->kind, index);
}

static gboolean take_number(const PvMessage *message, guint index, gint64 least, gint64 most,
			    gint64 *ret_number, GError **error)
{
	g_autofree char *text = pv_message_text(message, index);

	return (text && g_ascii_string_to_signed(text, 10, least, most, ret_number, NULL)) ||
	       fail_field(error, message, index);
}

char *pv_token_text_take(const PvMessage *message, guint index, GError **error)
{
	char *text = pv_message_text(message, index);

	if (text && strlen(text) <= PV_TOKEN_TEXT_BYTES_MAX)
		return text;
	g_free(text);
	fail_field(error, message, index);
	return NULL;
}

/* Text of which none is NULL. */
static gboolean take_optional(const PvMessage *message, guint index, char **ret_text,
			      GError **error)
{
	char *text = pv_token_text_take(message, index, error);

	if (!text)
		return FALSE;
	if (!*text)
		g_clear_pointer(&text, g_free);
	*ret_text = text;
	return TRUE;
}

/* (transfer full): bytes of which none are NULL. */
static gboolean take_bytes(const PvMessage *message, guint index, gsize most, GBytes **ret_bytes,
			   GError **error)
{
	GBytes *field = pv_message_field(message, index);

	if (!field || g_bytes_get_size(field) > most)
		return fail_field(error, message, index);
	*ret_bytes = g_bytes_get_size(field) > 0 ? g_bytes_ref(field) : NULL;
	return TRUE;
}

static void add_bytes(PvMessage *message, GBytes *bytes)
{
	if (bytes)
		pv_message_add_bytes(message, bytes);
	else
		pv_message_add_text(message, NULL);
}

/* --- keys --------------------------------------------------------------------------------- */

void pv_token_key_put(PvMessage *message, const PvTokenKey *key)
{
	pv_message_add_text(message, key->uri);
	pv_message_add_text(message, key->token);
	pv_message_add_text(message, key->serial);
	pv_message_add_text(message, key->public ? pv_public_key_type(key->public) : NULL);
	add_bytes(message, key->public ? pv_public_key_encoded(key->public) : NULL);
	add_bytes(message, key->certificate);
	pv_message_add_text(message, key->role);
	add_number(message, key->origin);
	add_number(message, key->pin);
	add_number(message, key->touch);
	pv_message_add_text(message, key->unfinished);
}

static gboolean take_public(const PvMessage *message, PvTokenKey *key, GError **error)
{
	g_autofree char *type = pv_token_text_take(message, KEYTYPE, error);
	g_autoptr(GBytes) encoded = NULL;
	gsize size;
	const guint8 *bytes;

	if (!type || !take_bytes(message, PUBLIC, PV_CERTIFICATE_BYTES_MAX, &encoded, error))
		return FALSE;
	if (!encoded)
		return TRUE;
	bytes = g_bytes_get_data(encoded, &size);
	key->public = pv_public_key_new(type, bytes, size, error);
	return key->public != NULL;
}

static gboolean take_policies(const PvMessage *message, PvTokenKey *key, GError **error)
{
	gint64 origin, pin, touch;

	if (!take_number(message, ORIGIN, 0, PV_ORIGIN_IMPORTED, &origin, error) ||
	    !take_number(message, PIN, 0, PV_PIN_MATCH_ALWAYS, &pin, error) ||
	    !take_number(message, TOUCH, 0, PV_TOUCH_CACHED, &touch, error))
		return FALSE;
	key->origin = (PvTokenOrigin)origin;
	key->pin = (PvPinPolicy)pin;
	key->touch = (PvTouchPolicy)touch;
	return TRUE;
}

PvTokenKey *pv_token_key_take(const PvMessage *message, GError **error)
{
	g_autoptr(PvTokenKey) key = pv_token_key_new();

	key->uri = pv_token_text_take(message, URI, error);
	if (!key->uri)
		return NULL;
	key->token = pv_token_text_take(message, TOKEN, error);
	if (!key->token || !take_optional(message, SERIAL, &key->serial, error) ||
	    !take_public(message, key, error) ||
	    !take_bytes(message, CERTIFICATE, PV_CERTIFICATE_BYTES_MAX, &key->certificate, error) ||
	    !take_optional(message, ROLE, &key->role, error) ||
	    !take_policies(message, key, error) ||
	    !take_optional(message, UNFINISHED, &key->unfinished, error))
		return NULL;
	return g_steal_pointer(&key);
}

/* --- requests ----------------------------------------------------------------------------- */

void pv_token_request_put(PvMessage *message, const PvTokenRequest *request)
{
	pv_message_add_text(message, request->role);
	add_number(message, request->now_s);
	add_number(message, request->life_s);
	add_number(message, request->pin);
	add_number(message, request->touch);
	add_number(message, request->replaces ? 1 : 0);
	add_bytes(message, request->imported);
}

gboolean pv_token_request_take(const PvMessage *message, guint first, PvTokenRequest *ret_request,
			       GError **error)
{
	g_auto(PvTokenRequest) request = { 0 };
	gint64 pin, touch, replaces;

	request.role = pv_token_text_take(message, first + R_ROLE, error);
	if (!request.role ||
	    !take_number(message, first + R_NOW, 0, G_MAXINT32 * (gint64)16, &request.now_s,
			 error) ||
	    !take_number(message, first + R_LIFE, 1, G_MAXINT32 * (gint64)16, &request.life_s,
			 error) ||
	    !take_number(message, first + R_PIN, 0, PV_PIN_MATCH_ALWAYS, &pin, error) ||
	    !take_number(message, first + R_TOUCH, 0, PV_TOUCH_CACHED, &touch, error) ||
	    !take_number(message, first + R_REPLACES, 0, 1, &replaces, error) ||
	    !take_bytes(message, first + R_IMPORTED, PV_KEY_FILE_BYTES_MAX, &request.imported,
			error))
		return FALSE;
	request.pin = (PvPinPolicy)pin;
	request.touch = (PvTouchPolicy)touch;
	request.replaces = replaces != 0;
	*ret_request = request;
	request = (PvTokenRequest){ 0 };
	return TRUE;
}

/* The key to import is wiped also where a message still holds it. */
void pv_token_request_clear(PvTokenRequest *request)
{
	gsize size = 0;
	const void *bytes = request->imported ? g_bytes_get_data(request->imported, &size) : NULL;

	if (size > 0)
		explicit_bzero((void *)bytes, size);
	g_free((char *)request->role);
	request->role = NULL;
	g_clear_pointer(&request->imported, g_bytes_unref);
}

/* --- setting up --------------------------------------------------------------------------- */

void pv_token_status_put(PvMessage *message, const PvTokenStatus *status)
{
	add_number(message, status->is_told ? 1 : 0);
	add_number(message, status->pin_is_factory ? 1 : 0);
	add_number(message, status->puk_is_factory ? 1 : 0);
	add_number(message, status->management_key_is_factory ? 1 : 0);
	add_number(message, status->keeps_management_key ? 1 : 0);
	add_number(message, status->pin_tries_left);
	add_number(message, status->puk_tries_left);
}

gboolean pv_token_status_take(const PvMessage *message, PvTokenStatus *ret_status, GError **error)
{
	gint64 flags[5], tries[2];

	for (guint i = 0; i < G_N_ELEMENTS(flags); i++)
		if (!take_number(message, i, 0, 1, &flags[i], error))
			return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(tries); i++)
		if (!take_number(message, G_N_ELEMENTS(flags) + i, -1, G_MAXUINT8, &tries[i],
				 error))
			return FALSE;
	*ret_status = (PvTokenStatus){ .is_told = flags[0] != 0,
				       .pin_is_factory = flags[1] != 0,
				       .puk_is_factory = flags[2] != 0,
				       .management_key_is_factory = flags[3] != 0,
				       .keeps_management_key = flags[4] != 0,
				       .pin_tries_left = (int)tries[0],
				       .puk_tries_left = (int)tries[1] };
	return TRUE;
}

void pv_token_setup_put(PvMessage *message, guint what)
{
	add_number(message, what);
}

gboolean pv_token_setup_take(const PvMessage *message, guint *ret_what, GError **error)
{
	const guint all = PV_SETUP_PIN | PV_SETUP_PUK | PV_SETUP_MANAGEMENT_KEY;
	gint64 what;

	if (!take_number(message, 1, 1, all, &what, error))
		return FALSE;
	*ret_what = (guint)what;
	return TRUE;
}

/* --- prompts ------------------------------------------------------------------------------ */

void pv_token_prompt_put(PvMessage *message, const PvTokenPrompt *prompt)
{
	add_number(message, prompt->kind);
	pv_message_add_text(message, prompt->token);
	pv_message_add_text(message, prompt->serial);
	add_number(message, prompt->tries_left);
	add_number(message, prompt->is_retry ? 1 : 0);
}

gboolean pv_token_prompt_take(const PvMessage *message, PvTokenPrompt *ret_prompt, GError **error)
{
	g_auto(PvTokenPrompt) prompt = { 0 };
	gint64 kind, tries, is_retry;

	prompt.token = pv_token_text_take(message, 1, error);
	if (!prompt.token ||
	    !take_number(message, 0, PV_SECRET_PIN, PV_SECRET_NEW_PUK, &kind, error) ||
	    !take_optional(message, 2, (char **)&prompt.serial, error) ||
	    !take_number(message, 3, -1, 255, &tries, error) ||
	    !take_number(message, 4, 0, 1, &is_retry, error))
		return FALSE;
	prompt.kind = (PvTokenSecret)kind;
	prompt.tries_left = (int)tries;
	prompt.is_retry = is_retry != 0;
	*ret_prompt = prompt;
	prompt = (PvTokenPrompt){ 0 };
	return TRUE;
}

void pv_token_prompt_clear(PvTokenPrompt *prompt)
{
	g_free((char *)prompt->token);
	g_free((char *)prompt->serial);
	prompt->token = prompt->serial = NULL;
}

/* --- errors ------------------------------------------------------------------------------- */

PvMessage *pv_token_error_new(guint32 kind, const GError *error)
{
	PvMessage *message = pv_message_new(kind);
	gsize length = strlen(error->message);
	g_autofree char *valid =
		g_utf8_make_valid(error->message, (gssize)MIN(length, PV_TOKEN_TEXT_BYTES_MAX / 3));

	add_number(message, error->domain == PV_ERROR ? error->code : PV_ERROR_IO);
	pv_message_add_text(message, valid);
	return message;
}

gboolean pv_token_error_take(const PvMessage *message, GError **error)
{
	g_autofree char *sentence = pv_token_text_take(message, 1, error);
	gint64 code;

	if (!sentence || !take_number(message, 0, 0, PV_ERROR_COUNT - 1, &code, error))
		return FALSE;
	return pv_fail(error, (PvErrorCode)code, "%s", sentence);
}

/* --- secrets ------------------------------------------------------------------------------ */

gboolean pv_token_secret_send(int fd, const PvSecret *secret, GError **error)
{
	g_autoptr(PvMessage) message = pv_message_new(PV_TOKEN_GIVEN);
	const char *at = secret->data;
	gsize left = secret->size;

	add_number(message, (gint64)secret->size);
	if (!pv_message_send(fd, message, error))
		return FALSE;
	while (left > 0) {
		ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return pv_fail(error, PV_ERROR_UNREACHABLE, "pavise-token takes no secret");
		at += MAX(sent, 0);
		left -= (gsize)MAX(sent, 0);
	}
	return TRUE;
}

PvSecret *pv_token_secret_receive(int fd, const PvMessage *message, GError **error)
{
	g_autoptr(PvSecret) secret = NULL;
	gint64 size;
	gsize used = 0;

	if (!take_number(message, 0, 0, PV_PASSPHRASE_BYTES_MAX, &size, error))
		return NULL;
	secret = pv_secret_new((gsize)size);
	while (used < secret->size) {
		ssize_t got = recv(fd, secret->data + used, secret->size - used, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return pv_fail_null(error, PV_ERROR_PASSPHRASE,
					    "the command ended before it gave the secret");
		used += (gsize)got;
	}
	return g_steal_pointer(&secret);
}
