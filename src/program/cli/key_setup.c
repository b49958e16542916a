/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise key setup yubikey: walks a person through a new token. PIN and PUK away from the factory's,
 * a random management key that the token keeps under the PIN, then a key with its policies,
 * certificate and attestation. Each step is left out where nothing is to be done. The factory's
 * values are typed by the person, or named by a source; nothing here knows them.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"
#include "program/cli/key.h"
#include "program/cli/published.h"

#define SLOT_DEFAULT "9c"

static const char *word(gboolean is_told, gboolean is_factory)
{
	return !is_told     ? "unknown: this firmware does not tell"
	       : is_factory ? "the factory's"
			    : "changed";
}

static void tell_tries(const char *name, const char *state, int tries)
{
	if (tries < 0)
		fprintf(stderr, "%-16s%s\n", name, state);
	else
		fprintf(stderr, "%-16s%s, %d %s left\n", name, state, tries,
			tries == 1 ? "try" : "tries");
}

static void tell_status(const PvTokenStatus *status)
{
	tell_tries("PIN", word(status->is_told, status->pin_is_factory), status->pin_tries_left);
	tell_tries("PUK", word(status->is_told, status->puk_is_factory), status->puk_tries_left);
	fprintf(stderr, "%-16s%s\n", "management key",
		status->keeps_management_key
			? "kept on the token, under the PIN"
			: word(status->is_told, status->management_key_is_factory));
}

/* One step, told before the first question. */
static gboolean step(PvKeyOptions *options, const char *uri, guint part, const char *about,
		     GError **error)
{
	fprintf(stderr, "\n%s\n", about);
	return pv_tokens_set_up(pv_passphrases_tokens(options->passphrases), uri, part, error);
}

/* Whether a step is taken of which the token does not tell if it is needed. */
static gboolean is_wanted(const PvKeyOptions *options, const char *question)
{
	g_autoptr(GError) declined = NULL;

	if (options->yes)
		return TRUE;
	return isatty(STDIN_FILENO) && pv_confirm(question, FALSE, &declined);
}

static gboolean set_up(PvKeyOptions *options, const char *uri, const PvTokenStatus *status,
		       GError **error)
{
	gboolean asks = !status->is_told;

	if ((status->pin_is_factory || status->pin_tries_left == 0 ||
	     (asks && is_wanted(options, "set a new PIN"))) &&
	    !step(options, uri, PV_SETUP_PIN,
		  status->pin_tries_left == 0
			  ? "The PIN is blocked: the PUK and a new PIN are needed."
			  : "A new PIN of 6 to 8 characters; the one until now is asked for first.",
		  error))
		return FALSE;
	if ((status->puk_is_factory || (asks && is_wanted(options, "set a new PUK"))) &&
	    !step(options, uri, PV_SETUP_PUK,
		  "A new PUK of 6 to 8 characters, which unblocks the PIN: keep it elsewhere.",
		  error))
		return FALSE;
	if (status->keeps_management_key ||
	    !(status->management_key_is_factory ||
	      (asks && is_wanted(options, "have the token keep a random management key"))))
		return TRUE;
	return step(options, uri, PV_SETUP_MANAGEMENT_KEY,
		    "A random management key, which the token keeps under the PIN; the one until "
		    "now is asked for.",
		    error);
}

/* (transfer full): the place of the key: of the URI, or slot 9c. */
static char *place_of(const char *uri)
{
	gsize length = strlen(uri);

	if (strstr(uri, "slot="))
		return g_strdup(uri);
	return g_strdup_printf("%s%sslot=" SLOT_DEFAULT, uri,
			       uri[length - 1] == ':' || uri[length - 1] == ';' ? "" : ";");
}

/* The last step. A slot that holds a key already is left as it is. */
static gboolean make_key(PvKeyOptions *options, const char *uri, GError **error)
{
	const char *role = options->role ? options->role : "root";
	g_autoptr(PvPublicKey) key = NULL;
	g_autoptr(GError) why = NULL;

	options->store = place_of(uri);
	fprintf(stderr, "\nA %s key, made on the token.\n", role);
	key = pv_key_generate_on_token(options, role, &why);
	if (!key && g_error_matches(why, PV_ERROR, PV_ERROR_EXISTS)) {
		fprintf(stderr, "left as it is: %s\n", why->message);
		return TRUE;
	}
	if (key)
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&why));
	return FALSE;
}

gboolean pv_key_setup(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	const char *uri = argc > 2 ? argv[2] : "yubikey:";
	PvTokens *tokens = pv_passphrases_tokens(options->passphrases);
	PvTokenStatus status;

	if (strcmp(argv[1], "yubikey") != 0 || !g_str_has_prefix(uri, "yubikey:"))
		return pv_fail(error, PV_ERROR_USAGE,
			       "setup knows tokens of the kind yubikey, as in pavise key setup "
			       "yubikey 'yubikey:serial=4242424'");
	if (!pv_tokens_status(tokens, uri, &status, error))
		return FALSE;
	tell_status(&status);
	if (!set_up(options, uri, &status, error) || !make_key(options, uri, error) ||
	    !pv_tokens_status(tokens, uri, &status, error))
		return FALSE;
	fprintf(stderr, "\n");
	tell_status(&status);
	return TRUE;
}
