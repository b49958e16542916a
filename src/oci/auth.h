/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/http.h"

/*
 * Who we are to a server: Docker's config.json and its credential helpers, HTTP basic
 * authentication, and the token flow of registries and trust servers (distribution spec, token
 * authentication).
 *
 * Where credentials may go: to the server they are stored for; and, in the token flow, to the realm
 * its challenge names, if that is on the same host, or if both speak verified TLS and belong to one
 * domain (registry-1.docker.io and auth.docker.io, registry.gitlab.com and gitlab.com). Docker lets
 * any https realm have them; that is safe only as long as nobody but the registry can write its
 * challenge, and costs nothing to narrow. A challenge over plain HTTP names its own host or nobody.
 * A realm that is refused is an error if there are credentials to send, not a silent anonymous try.
 */

/* Credentials for one server. */
typedef struct {
	char *user;     /* NULL: anonymous */
	char *password; /* NULL: anonymous, or @token is used */
	char *token;    /* an identity (refresh) token of `docker login`; may be NULL */
} PvCredentials;

void pv_credentials_clear(PvCredentials *credentials);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvCredentials, pv_credentials_clear)

/**
 * pv_docker_directory:
 *
 * Returns: (transfer full): where Docker keeps its configuration: $DOCKER_CONFIG, else ~/.docker.
 */
char *pv_docker_directory(void);

/**
 * pv_auth_load:
 * @server: "docker.io", "localhost:5000", "notary.example.com"
 *
 * Reads credentials from $DOCKER_CONFIG/config.json or ~/.docker/config.json: credHelpers, then
 * credsStore, then auths. No file and no entry are no failure: anonymous.
 *
 * Errors: PV_ERROR_SYNTAX (a damaged config.json), PV_ERROR_IO, PV_ERROR_UNAUTHORIZED (a helper that
 * fails).
 */
gboolean pv_auth_load(const char *server, PvCredentials *ret_credentials, GError **error);

/**
 * pv_auth_read_config:
 *
 * The part of pv_auth_load() that reads config.json's bytes: fills @ret_credentials from `auths`, or
 * @ret_helper with the name of the helper to ask.
 */
gboolean pv_auth_read_config(GBytes *config, const char *server, PvCredentials *ret_credentials,
			     char **ret_helper, GError **error);

/**
 * pv_auth_from_basic:
 * @base64: of "user:password", as in NOTARY_AUTH
 *
 * Errors: PV_ERROR_SYNTAX.
 */
gboolean pv_auth_from_basic(const char *base64, PvCredentials *ret_credentials, GError **error);

/* What a WWW-Authenticate header asks for. */
typedef enum { PV_CHALLENGE_NONE, PV_CHALLENGE_BASIC, PV_CHALLENGE_BEARER } PvChallengeKind;

typedef struct {
	PvChallengeKind kind;
	char *realm, *service, *scope, *error; /* may be NULL; realm is not for bearer */
} PvChallenge;

void pv_challenge_clear(PvChallenge *challenge);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvChallenge, pv_challenge_clear)

/**
 * pv_auth_read_challenge:
 * @header: the value of WWW-Authenticate, which may hold several challenges; bearer wins
 *
 * Errors: PV_ERROR_SERVER (not what RFC 9110 11.6.1 allows, or no scheme that is known).
 */
gboolean pv_auth_read_challenge(const char *header, PvChallenge *ret_challenge, GError **error);

/*
 * The state of authentication with one server: remembers the challenge and a token for each scope.
 */
typedef struct PvAuth PvAuth;

/**
 * pv_auth_new:
 * @http: (transfer none): used for the realm, must outlive this
 * @credentials: (nullable) (transfer none): copied; NULL is anonymous
 */
PvAuth *pv_auth_new(PvHttp *http, const PvCredentials *credentials);

void pv_auth_free(PvAuth *auth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvAuth, pv_auth_free)

/**
 * pv_auth_header:
 * @scope: (nullable): "repository:library/debian:pull", "repository:GUN:push,pull"
 *
 * Returns: (transfer none): the Authorization header to send with the next request, or NULL as long
 * as the server demands none. Valid until the next call with this @auth.
 */
const char *pv_auth_header(PvAuth *auth, const char *scope);

/**
 * pv_auth_answer:
 * @response: an answer of status 401 to a request sent with pv_auth_header() of @scope
 * @scope: (nullable): what is needed; NULL is what the challenge says
 *
 * Gets what the challenge asks for. On success send the request again with pv_auth_header().
 *
 * Errors: PV_ERROR_UNAUTHORIZED (none to give, or refused), PV_ERROR_REFUSED (a realm that must not
 * get our credentials), PV_ERROR_SERVER, and what pv_http_send() returns.
 */
gboolean pv_auth_answer(PvAuth *auth, const PvHttpResponse *response, const char *scope,
			GError **error);

/**
 * pv_auth_send:
 *
 * pv_http_send() with the two above: sends, answers a 401 once, sends again. The final status may
 * still be 401 or 403. A request with a sink is not repeated after its sink was fed, which cannot
 * happen with a 401.
 */
gboolean pv_auth_send(PvAuth *auth, PvHttp *http, const PvHttpRequest *request, const char *scope,
		      PvHttpResponse *ret_response, GError **error);
