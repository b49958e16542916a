/* SPDX-License-Identifier: Apache-2.0 */

/* The signer's keys in a PKCS#11 token. */

#include "program/signer/token.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "token/client.h"
#include "token/person.h"

#define SCHEME   "pkcs11:"
#define LIFE_S   ((gint64)10 * 365 * 24 * 3600) /* of the certificate by which others find a key */
#define GUN_HEX  12                             /* digits of a repository's hash in a label */
#define NO_LABEL "pavise-none"

struct PvSignerToken {
	char *path, *query; /* of the URI; the query begins with its "?" or is empty */
	PvTokenTerminal *terminal;
	PvTokens *tokens;
};

/* The URI of objects called @label. */
static char *uri_of(const PvSignerToken *token, const char *label)
{
	return g_strdup_printf("%s;object=%s%s", token->path, label, token->query);
}

static gboolean check_uri(const char *uri, GError **error)
{
	const char *query = strchr(uri, '?');
	g_autofree char *path = g_strndup(uri, query ? (gsize)(query - uri) : strlen(uri));

	if (!g_str_has_prefix(uri, SCHEME))
		return pv_fail(error, PV_ERROR_USAGE,
			       "a service keeps keys in a token by PKCS#11 alone, as in "
			       "pkcs11:token=NAME: each repository needs places of its own");
	if (strlen(path) == strlen(SCHEME) || strstr(path, "object=") || strstr(path, "id="))
		return pv_fail(error, PV_ERROR_USAGE,
			       "%.200s: name the token and no object in it, as in "
			       "pkcs11:token=NAME",
			       uri);
	return TRUE;
}

PvSignerToken *pv_signer_token_open(const char *uri, const char *pin_source, GError **error)
{
	g_autoptr(PvSignerToken) token = NULL;
	g_autoptr(GPtrArray) none = NULL;
	g_autofree char *probe = NULL;
	const char *query = strchr(uri, '?');
	PvTokenPerson person;

	if (!check_uri(uri, error))
		return NULL;
	token = g_new0(PvSignerToken, 1);
	token->path = g_strndup(uri, query ? (gsize)(query - uri) : strlen(uri));
	token->query = g_strdup(query ? query : "");
	token->terminal = pv_token_terminal_new(pin_source, NULL);
	person = pv_token_terminal_person(token->terminal);
	token->tokens = pv_tokens_new(&person);
	/* Starts pavise-token and sees that the token is there. */
	probe = uri_of(token, NO_LABEL);
	none = pv_tokens_list(token->tokens, probe, error);
	return none ? g_steal_pointer(&token) : NULL;
}

void pv_signer_token_close(PvSignerToken *token)
{
	if (!token)
		return;
	pv_tokens_free(token->tokens);
	pv_token_terminal_free(token->terminal);
	g_free(token->path);
	g_free(token->query);
	g_free(token);
}

PvTokenKey *pv_signer_token_make(PvSignerToken *token, const char *gun, const char *role,
				 GError **error)
{
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, gun, strlen(gun));
	g_autofree char *hex = pv_digest_hex(&digest);
	g_autofree char *label = g_strdup_printf("%s-%.*s", role, GUN_HEX, hex);
	g_autofree char *uri = NULL;
	/* A place of its own: several keys of a role may have the same label, not the same id. */
	PvTokenRequest request = { .role = role, .now_s = pv_time_now().seconds, .life_s = LIFE_S };

	uri = uri_of(token, label);
	return pv_tokens_make(token->tokens, uri, &request, error);
}

PvPrivateKey *pv_signer_token_key(PvSignerToken *token, const char *uri, PvPublicKey *public,
				  GError **error)
{
	return pv_tokens_key(token->tokens, uri, public, error);
}

gboolean pv_signer_token_remove(PvSignerToken *token, const char *uri, GError **error)
{
	g_autoptr(GPtrArray) there = pv_tokens_list(token->tokens, uri, error);

	/* A removal that was interrupted has taken it already. */
	return there && (there->len == 0 || pv_tokens_remove(token->tokens, uri, error));
}
