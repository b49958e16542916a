/* SPDX-License-Identifier: Apache-2.0 */

/* Asks for PINs, on the terminal or from the sources that were named, and tells of touches. */

#include "token/person.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/terminal.h"

#define TYPED_MAX 3 /* how often a person is asked for one secret */

typedef struct {
	char *name; /* as on the command line; NULL if none was named */
	PvSecret *secret;
	gboolean was_wrong;
} Source;

struct PvTokenTerminal {
	Source pin, management, puk, new_pin, new_puk;
	guint typed; /* since a prompt that was no retry */
};

PvTokenTerminal *pv_token_terminal_new(const char *pin_source, const char *management_source)
{
	PvTokenTerminal *terminal = g_new0(PvTokenTerminal, 1);

	terminal->pin.name = g_strdup(pin_source);
	terminal->management.name = g_strdup(management_source);
	return terminal;
}

static void source_clear(Source *source)
{
	g_free(source->name);
	pv_secret_free(source->secret);
}

void pv_token_terminal_free(PvTokenTerminal *terminal)
{
	if (!terminal)
		return;
	source_clear(&terminal->pin);
	source_clear(&terminal->management);
	source_clear(&terminal->puk);
	source_clear(&terminal->new_pin);
	source_clear(&terminal->new_puk);
	g_free(terminal);
}

static const struct {
	const char *name;
	const char *instead; /* of typing it */
} kinds[] = {
	[PV_SECRET_PIN] = { "PIN", "--pin-source FILE|fd:N" },
	[PV_SECRET_SO_PIN] = { "security officer's PIN", "--management-key-source FILE|fd:N" },
	[PV_SECRET_PUK] = { "PUK", "--puk-source FILE|fd:N" },
	[PV_SECRET_MANAGEMENT_KEY] = { "management key (hexadecimal)",
				       "--management-key-source FILE|fd:N" },
	[PV_SECRET_NEW_PIN] = { "new PIN", "--new-pin-source FILE|fd:N" },
	[PV_SECRET_NEW_PUK] = { "new PUK", "--new-puk-source FILE|fd:N" },
};

/* (transfer full): "YubiKey 5 (serial 4242424)" */
static char *token_name(const PvTokenPrompt *prompt)
{
	g_autofree char *token = pv_terminal_safe(prompt->token);
	g_autofree char *serial = prompt->serial ? pv_terminal_safe(prompt->serial) : NULL;

	if (!serial || strstr(token, serial))
		return g_steal_pointer(&token);
	return g_strdup_printf("%s (serial %s)", token, serial);
}

static char *tries_text(int tries)
{
	if (tries < 0)
		return g_strdup("");
	if (tries == 1)
		return g_strdup(", LAST TRY: a wrong one locks it");
	return g_strdup_printf(", %d tries left", tries);
}

/* --- sources ------------------------------------------------------------------------------ */

static Source *place_of(PvTokenTerminal *terminal, PvTokenSecret kind)
{
	switch (kind) {
	case PV_SECRET_PIN:
		return &terminal->pin;
	case PV_SECRET_PUK:
		return &terminal->puk;
	case PV_SECRET_NEW_PIN:
		return &terminal->new_pin;
	case PV_SECRET_NEW_PUK:
		return &terminal->new_puk;
	case PV_SECRET_SO_PIN:
	case PV_SECRET_MANAGEMENT_KEY:
		break;
	}
	return &terminal->management;
}

void pv_token_terminal_set_source(PvTokenTerminal *terminal, PvTokenSecret kind, const char *source)
{
	Source *place = place_of(terminal, kind);

	g_free(place->name);
	place->name = g_strdup(source);
}

static Source *source_of(PvTokenTerminal *terminal, PvTokenSecret kind)
{
	Source *source = place_of(terminal, kind);

	return source->name ? source : NULL;
}

static PvSecret *secret_from(Source *source, const PvTokenPrompt *prompt, GError **error)
{
	const char *what = kinds[prompt->kind].name;
	g_autofree char *token = token_name(prompt);
	g_autofree char *tries = tries_text(prompt->tries_left);

	source->was_wrong = source->was_wrong || prompt->is_retry;
	if (source->was_wrong)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "the %s in %s is wrong for %s%s; it is not tried again", what,
				    source->name, token, tries);
	if (prompt->tries_left == 1)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "%s has one try left before it locks itself: the %s in %s is "
				    "not tried; type it at a terminal, without the option",
				    token, what, source->name);
	if (!source->secret)
		source->secret = pv_secret_read(source->name, error);
	return source->secret ? pv_secret_new_copy(source->secret->data, source->secret->size)
			      : NULL;
}

/* --- the terminal ------------------------------------------------------------------------- */

static PvSecret *typed_twice(const char *text, const char *instead, GError **error)
{
	g_autoptr(PvSecret) first = pv_secret_prompt(text, instead, error);
	g_autoptr(PvSecret) second =
		first ? pv_secret_prompt("the same again", instead, error) : NULL;

	if (!second)
		return NULL;
	if (!pv_secret_equal(first, second))
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "the two differ");
	return g_steal_pointer(&first);
}

static PvSecret *typed(PvTokenTerminal *terminal, const PvTokenPrompt *prompt, GError **error)
{
	const char *what = kinds[prompt->kind].name, *instead = kinds[prompt->kind].instead;
	gboolean is_new = prompt->kind == PV_SECRET_NEW_PIN || prompt->kind == PV_SECRET_NEW_PUK;
	g_autofree char *token = token_name(prompt);
	g_autofree char *tries = tries_text(prompt->tries_left);
	g_autofree char *text = g_strdup_printf("%s of %s%s", what, token, tries);

	terminal->typed = prompt->is_retry ? terminal->typed + 1 : 1;
	if (terminal->typed > TYPED_MAX)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "wrong %s for %s%s", what, token,
				    tries);
	if (prompt->is_retry)
		fprintf(stderr, "wrong %s, try again\n", what);
	return is_new ? typed_twice(text, instead, error) : pv_secret_prompt(text, instead, error);
}

static PvSecret *secret(void *data, const PvTokenPrompt *prompt, GError **error)
{
	PvTokenTerminal *terminal = data;
	Source *source = source_of(terminal, prompt->kind);

	return source ? secret_from(source, prompt, error) : typed(terminal, prompt, error);
}

/* --- what is told ------------------------------------------------------------------------- */

static void touch(void *data, const char *token, gboolean is_awaited)
{
	g_autofree char *safe = pv_terminal_safe(token);

	if (is_awaited)
		fprintf(stderr, "touch %s now\n", safe);
}

static void may_wait(void *data, const char *token)
{
	g_autofree char *safe = pv_terminal_safe(token);

	fprintf(stderr, "waiting for %s: touch it now if it asks for it\n", safe);
}

static void warn(void *data, const char *sentence)
{
	g_autofree char *safe = pv_terminal_safe(sentence);

	fprintf(stderr, "warning: %s\n", safe);
}

PvTokenPerson pv_token_terminal_person(PvTokenTerminal *terminal)
{
	return (PvTokenPerson){ terminal, secret, touch, may_wait, warn };
}
