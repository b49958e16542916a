/* SPDX-License-Identifier: Apache-2.0 */

/*
 * WWW-Authenticate (RFC 9110 11.6.1): a list of challenges, each a scheme with a token68 or with
 * parameters; commas separate both challenges and parameters. The bytes are the server's.
 */

#include <string.h>

#include "base/error.h"
#include "oci/auth.h"

typedef struct {
	const char *at;
} Cursor;

static gboolean is_token_char(char c)
{
	return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_space(Cursor *in)
{
	while (*in->at == ' ' || *in->at == '\t')
		in->at++;
}

static void skip_separators(Cursor *in)
{
	while (*in->at == ' ' || *in->at == '\t' || *in->at == ',')
		in->at++;
}

static char *take_token(Cursor *in)
{
	const char *from = in->at;

	while (is_token_char(*in->at))
		in->at++;
	return in->at > from ? g_strndup(from, (gsize)(in->at - from)) : NULL;
}

static char *take_quoted(Cursor *in)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (in->at++; *in->at != '"'; in->at++) {
		if (*in->at == '\\')
			in->at++;
		if ((guchar)*in->at < ' ')
			return NULL;
		g_string_append_c(text, *in->at);
	}
	in->at++;
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "name=value" or "name="quoted""; leaves @in where it was if there is none here. */
static gboolean take_parameter(Cursor *in, char **ret_name, char **ret_value)
{
	Cursor here = *in;
	g_autofree char *name = take_token(&here), *value = NULL;

	if (!name)
		return FALSE;
	skip_space(&here);
	if (*here.at != '=')
		return FALSE;
	here.at++;
	skip_space(&here);
	value = *here.at == '"' ? take_quoted(&here) : take_token(&here);
	if (!value)
		return FALSE;
	*in = here;
	*ret_name = g_ascii_strdown(name, -1);
	*ret_value = g_steal_pointer(&value);
	return TRUE;
}

static void keep_parameter(PvChallenge *challenge, const char *name, char *value)
{
	const struct {
		const char *name;
		char **place;
	} places[] = { { "realm", &challenge->realm },
		       { "service", &challenge->service },
		       { "scope", &challenge->scope },
		       { "error", &challenge->error } };

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		if (g_str_equal(places[i].name, name) && !*places[i].place) {
			*places[i].place = value;
			return;
		}
	}
	g_free(value);
}

static gboolean take_parameters(Cursor *in, PvChallenge *challenge)
{
	gboolean any = FALSE;

	for (;;) {
		Cursor before = *in;
		g_autofree char *name = NULL;
		char *value;

		skip_separators(in);
		if (!take_parameter(in, &name, &value)) {
			*in = before;
			return any;
		}
		keep_parameter(challenge, name, value);
		any = TRUE;
	}
}

static void skip_token68(Cursor *in)
{
	skip_space(in);
	while (g_ascii_isalnum(*in->at) || (*in->at && strchr("-._~+/=", *in->at)))
		in->at++;
}

static gboolean take_challenge(Cursor *in, PvChallenge *challenge)
{
	g_autofree char *scheme = take_token(in);

	if (!scheme || (*in->at && !strchr(" \t,", *in->at)))
		return FALSE;
	if (g_ascii_strcasecmp(scheme, "bearer") == 0)
		challenge->kind = PV_CHALLENGE_BEARER;
	else if (g_ascii_strcasecmp(scheme, "basic") == 0)
		challenge->kind = PV_CHALLENGE_BASIC;
	skip_space(in);
	if (*in->at != ',' && !take_parameters(in, challenge))
		skip_token68(in);
	skip_space(in);
	return *in->at == '\0' || *in->at == ',';
}

void pv_challenge_clear(PvChallenge *challenge)
{
	g_clear_pointer(&challenge->realm, g_free);
	g_clear_pointer(&challenge->service, g_free);
	g_clear_pointer(&challenge->scope, g_free);
	g_clear_pointer(&challenge->error, g_free);
	challenge->kind = PV_CHALLENGE_NONE;
}

gboolean pv_auth_read_challenge(const char *header, PvChallenge *ret_challenge, GError **error)
{
	Cursor in = { header };
	g_auto(PvChallenge) best = { PV_CHALLENGE_NONE, NULL, NULL, NULL, NULL };

	for (skip_separators(&in); *in.at; skip_separators(&in)) {
		g_auto(PvChallenge) next = { PV_CHALLENGE_NONE, NULL, NULL, NULL, NULL };

		if (!take_challenge(&in, &next))
			return pv_fail(error, PV_ERROR_SERVER,
				       "WWW-Authenticate: not a challenge at byte %zu",
				       (gsize)(in.at - header));
		if (next.kind > best.kind) {
			PvChallenge swap = best;

			best = next;
			next = swap;
		}
	}
	if (best.kind == PV_CHALLENGE_NONE)
		return pv_fail(error, PV_ERROR_SERVER,
			       "WWW-Authenticate: neither Basic nor Bearer is offered");
	if (best.kind == PV_CHALLENGE_BEARER && !best.realm)
		return pv_fail(error, PV_ERROR_SERVER, "WWW-Authenticate: Bearer without a realm");
	*ret_challenge = best;
	memset(&best, 0, sizeof(best));
	return TRUE;
}
