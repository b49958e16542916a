/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a server's 401 is answered: basic credentials, or a bearer token fetched from the realm it
 * names (distribution: docs/spec/auth/token.md, oauth.md). Which realm may see credentials is
 * decided in realm_is_trusted(); the rule is in auth.h.
 */

#include "oci/auth.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/http_url.h"

#define TOKEN_TIMEOUT_MS     30000
#define TOKEN_SECONDS        60 /* a token's life when its service does not say */
#define TOKEN_MARGIN_SECONDS 5

typedef struct {
	char *header;
	gint64 until_us; /* monotonic */
} Token;

struct PvAuth {
	PvHttp *http;
	PvCredentials credentials;
	char *basic;        /* the header once the server asked for it */
	GHashTable *tokens; /* scope → Token */
};

static void token_free(void *data)
{
	Token *token = data;

	g_free(token->header);
	g_free(token);
}

PvAuth *pv_auth_new(PvHttp *http, const PvCredentials *credentials)
{
	PvAuth *auth = g_new0(PvAuth, 1);

	auth->http = http;
	if (credentials) {
		auth->credentials.user = g_strdup(credentials->user);
		auth->credentials.password = g_strdup(credentials->password);
		auth->credentials.token = g_strdup(credentials->token);
	}
	auth->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, token_free);
	return auth;
}

void pv_auth_free(PvAuth *auth)
{
	pv_credentials_clear(&auth->credentials);
	g_free(auth->basic);
	g_hash_table_unref(auth->tokens);
	g_free(auth);
}

const char *pv_auth_header(PvAuth *auth, const char *scope)
{
	const Token *token = g_hash_table_lookup(auth->tokens, scope ? scope : "");

	if (token && g_get_monotonic_time() < token->until_us)
		return token->header;
	return auth->basic;
}

static gboolean has_credentials(const PvAuth *auth)
{
	return auth->credentials.token || (auth->credentials.user && auth->credentials.password);
}

static char *basic_header(const PvAuth *auth)
{
	g_autofree char *both =
		g_strdup_printf("%s:%s", auth->credentials.user, auth->credentials.password);
	g_autofree char *base64 = g_base64_encode((const guchar *)both, strlen(both));

	return g_strconcat("Basic ", base64, NULL);
}

/* The last two labels or more in common: "registry-1.docker.io" and "auth.docker.io". */
static gboolean same_domain(const char *a, const char *b)
{
	gsize i = strlen(a), j = strlen(b);
	guint dots = 0;

	if (g_hostname_is_ip_address(a) || g_hostname_is_ip_address(b))
		return FALSE;
	while (i > 0 && j > 0 && g_ascii_tolower(a[i - 1]) == g_ascii_tolower(b[j - 1])) {
		i--;
		j--;
		dots += a[i] == '.';
	}
	if (dots >= 2)
		return TRUE;
	/* One is the other's parent. */
	return dots >= 1 &&
	       ((i == 0 && (j == 0 || b[j - 1] == '.')) || (j == 0 && a[i - 1] == '.'));
}

static gboolean realm_is_trusted(const char *asked, const char *realm)
{
	g_auto(PvHttpUrl) from = { NULL, NULL, 0 }, to = { NULL, NULL, 0 };

	if (!pv_http_url_check(asked, &from, NULL) || !pv_http_url_check(realm, &to, NULL))
		return FALSE;
	if (g_ascii_strcasecmp(from.host, to.host) == 0)
		return from.scheme[4] == '\0' || to.scheme[4] != '\0';
	return from.scheme[4] && to.scheme[4] && same_domain(from.host, to.host);
}

static void append_query(GString *query, const char *name, const char *value)
{
	g_autofree char *escaped = pv_http_escape(value);

	g_string_append_printf(query, "%s%s=%s", query->len ? "&" : "", name, escaped);
}

static void append_scopes(GString *query, const char *scope)
{
	g_auto(GStrv) scopes = g_strsplit(scope, " ", -1);

	for (char **one = scopes; *one; one++) {
		if (**one)
			append_query(query, "scope", *one);
	}
}

static gboolean keep_token(PvAuth *auth, const char *scope, const PvHttpResponse *response,
			   GError **error)
{
	g_autoptr(json_t) answer =
		pv_json_load(response->body, PV_TOKEN_BYTES_MAX, response->url, error);
	const char *text;
	json_int_t life;
	Token *token;

	if (!answer)
		return FALSE;
	text = pv_json_string(answer, "token");
	if (!text)
		text = pv_json_string(answer, "access_token");
	if (!text || !*text || strpbrk(text, "\r\n"))
		return pv_fail(error, PV_ERROR_SERVER, "%s: an answer without a token",
			       response->url);
	life = json_integer_value(json_object_get(answer, "expires_in"));
	life = CLAMP(life, TOKEN_SECONDS, 24 * 3600) - TOKEN_MARGIN_SECONDS;
	token = g_new0(Token, 1);
	token->header = g_strconcat("Bearer ", text, NULL);
	token->until_us = g_get_monotonic_time() + life * G_USEC_PER_SEC;
	g_hash_table_replace(auth->tokens, g_strdup(scope), token);
	return TRUE;
}

static gboolean check_token_answer(const PvAuth *auth, const PvHttpResponse *response,
				   GError **error)
{
	if (response->status == 200)
		return TRUE;
	if (response->status != 401 && response->status != 403)
		return pv_fail(error, PV_ERROR_SERVER, "%s: the token service answered %d",
			       response->url, response->status);
	if (has_credentials(auth))
		return pv_fail(error, PV_ERROR_UNAUTHORIZED,
			       "%s: the token service refused the credentials", response->url);
	return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s: the token service demands credentials",
		       response->url);
}

/* GET with the scopes in the query, basic credentials if there are any. */
static gboolean get_token(PvAuth *auth, const PvChallenge *challenge, const char *scope,
			  PvHttpResponse *ret_response, GError **error)
{
	g_autoptr(GString) query = g_string_new(NULL);
	g_autofree char *url = NULL, *header = NULL;
	PvHttpRequest request = { .max_bytes = PV_TOKEN_BYTES_MAX, .timeout_ms = TOKEN_TIMEOUT_MS };

	if (auth->credentials.user)
		append_query(query, "account", auth->credentials.user);
	append_scopes(query, scope);
	if (challenge->service)
		append_query(query, "service", challenge->service);
	url = g_strdup_printf("%s%s%s", challenge->realm, strchr(challenge->realm, '?') ? "&" : "?",
			      query->str);
	if (has_credentials(auth))
		header = basic_header(auth);
	request.url = url;
	request.authorization = header;
	return pv_http_send(auth->http, &request, ret_response, error);
}

/* POST of a refresh token, as OAuth 2.0 has it. */
static gboolean refresh_token(PvAuth *auth, const PvChallenge *challenge, const char *scope,
			      PvHttpResponse *ret_response, GError **error)
{
	g_autoptr(GString) form = g_string_new("grant_type=refresh_token&client_id=pavise");
	PvHttpRequest request = { .method = "POST",
				  .url = challenge->realm,
				  .content_type = "application/x-www-form-urlencoded",
				  .max_bytes = PV_TOKEN_BYTES_MAX,
				  .timeout_ms = TOKEN_TIMEOUT_MS };

	append_query(form, "refresh_token", auth->credentials.token);
	if (challenge->service)
		append_query(form, "service", challenge->service);
	append_query(form, "scope", scope);
	request.body = form->str;
	request.body_size = form->len;
	return pv_http_send(auth->http, &request, ret_response, error);
}

static gboolean answer_bearer(PvAuth *auth, const PvHttpResponse *asked,
			      const PvChallenge *challenge, const char *scope, GError **error)
{
	const char *wanted = scope ? scope : challenge->scope ? challenge->scope : "";
	g_auto(PvHttpResponse) response = { 0, NULL, NULL, NULL };
	gboolean sent;

	if (!pv_http_redirect_check(asked->url, challenge->realm, error))
		return pv_fail_wrap(error, "token service of %s", asked->url);
	if (has_credentials(auth) && !realm_is_trusted(asked->url, challenge->realm))
		return pv_fail(error, PV_ERROR_REFUSED,
			       "%s: its token service '%.200s' is another host's: the credentials "
			       "are not sent there",
			       asked->url, challenge->realm);
	sent = auth->credentials.token ? refresh_token(auth, challenge, wanted, &response, error)
				       : get_token(auth, challenge, wanted, &response, error);
	return sent && check_token_answer(auth, &response, error) &&
	       keep_token(auth, scope ? scope : "", &response, error);
}

static gboolean answer_basic(PvAuth *auth, const PvHttpResponse *asked, GError **error)
{
	if (!auth->credentials.user || !auth->credentials.password)
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s: credentials are demanded",
			       asked->url);
	if (auth->basic)
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s: the credentials were refused",
			       asked->url);
	auth->basic = basic_header(auth);
	return TRUE;
}

gboolean pv_auth_answer(PvAuth *auth, const PvHttpResponse *response, const char *scope,
			GError **error)
{
	g_auto(PvChallenge) challenge = { PV_CHALLENGE_NONE, NULL, NULL, NULL, NULL };
	const char *header = pv_http_header(response, "www-authenticate");

	if (!header)
		return pv_fail(error, PV_ERROR_UNAUTHORIZED,
			       "%s: refused (401), without saying what is demanded", response->url);
	if (!pv_auth_read_challenge(header, &challenge, error))
		return pv_fail_wrap(error, "%s", response->url);
	if (challenge.kind == PV_CHALLENGE_BASIC)
		return answer_basic(auth, response, error);
	return answer_bearer(auth, response, &challenge, scope, error);
}

gboolean pv_auth_send(PvAuth *auth, PvHttp *http, const PvHttpRequest *request, const char *scope,
		      PvHttpResponse *ret_response, GError **error)
{
	PvHttpRequest once = *request;
	g_auto(PvHttpResponse) response = { 0, NULL, NULL, NULL };

	once.authorization = pv_auth_header(auth, scope);
	if (!pv_http_send(http, &once, &response, error))
		return FALSE;
	/* A 401 of where a redirect led to is not this server's challenge. */
	if (response.status == 401 && pv_http_origin_equal(response.url, request->url)) {
		if (!pv_auth_answer(auth, &response, scope, error))
			return FALSE;
		pv_http_response_clear(&response);
		once.authorization = pv_auth_header(auth, scope);
		if (!pv_http_send(http, &once, &response, error))
			return FALSE;
	}
	*ret_response = response;
	memset(&response, 0, sizeof(response));
	return TRUE;
}
