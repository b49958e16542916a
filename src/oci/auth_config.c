/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Credentials as Docker keeps them: config.json in $DOCKER_CONFIG or ~/.docker, with `auths`
 * (base64 of user:password), `credHelpers` and `credsStore` (programs docker-credential-NAME that
 * take a server on standard input and print JSON).
 */

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"
#include "oci/auth.h"

#define HUB_KEY           "https://index.docker.io/v1/"
#define HELPER_TIMEOUT_MS 60000
#define TOKEN_USER        "<token>" /* helpers: the secret is an identity token */

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

void pv_credentials_clear(PvCredentials *credentials)
{
	g_clear_pointer(&credentials->user, g_free);
	g_clear_pointer(&credentials->password, forget);
	g_clear_pointer(&credentials->token, forget);
}

static gboolean is_hub(const char *server)
{
	return g_str_equal(server, "docker.io") || g_str_equal(server, "index.docker.io") ||
	       g_str_equal(server, "registry-1.docker.io");
}

/* A key of `auths` may be a host, or a URL as old versions wrote them. */
static char *host_of_key(const char *key)
{
	const char *start = strstr(key, "://");

	start = start ? start + 3 : key;
	return g_ascii_strdown(start, (gssize)strcspn(start, "/"));
}

static gboolean key_matches(const char *key, const char *server)
{
	g_autofree char *host = NULL;

	if (g_str_equal(key, server))
		return TRUE;
	host = host_of_key(key);
	if (is_hub(server))
		return is_hub(host);
	return g_ascii_strcasecmp(host, server) == 0;
}

gboolean pv_auth_from_basic(const char *base64, PvCredentials *ret_credentials, GError **error)
{
	gsize size = 0;
	g_autofree char *text = NULL;
	char *colon;

	if (!*base64 || strlen(base64) > PV_TOKEN_BYTES_MAX)
		return pv_fail(error, PV_ERROR_SYNTAX, "credentials: not base64 of user:password");
	text = (char *)g_base64_decode(base64, &size);
	colon = size ? memchr(text, ':', size) : NULL;
	if (!colon || colon == text)
		return pv_fail(error, PV_ERROR_SYNTAX, "credentials: not base64 of user:password");
	ret_credentials->user = g_strndup(text, (gsize)(colon - text));
	ret_credentials->password = g_strndup(colon + 1, size - (gsize)(colon + 1 - text));
	explicit_bzero(text, size);
	return TRUE;
}

static gboolean read_entry(const json_t *entry, PvCredentials *ret_credentials, GError **error)
{
	const char *basic = pv_json_string(entry, "auth");
	const char *user = pv_json_string(entry, "username");
	const char *token = pv_json_string(entry, "identitytoken");

	if (basic && *basic) {
		if (!pv_auth_from_basic(basic, ret_credentials, error))
			return FALSE;
	} else if (user && *user) {
		const char *password = pv_json_string(entry, "password");

		ret_credentials->user = g_strdup(user);
		ret_credentials->password = g_strdup(password ? password : "");
	}
	if (token && *token)
		ret_credentials->token = g_strdup(token);
	return TRUE;
}

static gboolean is_helper_name(const char *name)
{
	for (const char *c = name; *c; c++) {
		if (!g_ascii_isalnum(*c) && !strchr("-_.", *c))
			return FALSE;
	}
	return *name && strlen(name) < 64;
}

static gboolean keep_helper(const char *name, char **ret_helper, GError **error)
{
	if (!is_helper_name(name))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "config.json: '%.64s' is not the name of a credential helper", name);
	*ret_helper = g_strdup(name);
	return TRUE;
}

gboolean pv_auth_read_config(GBytes *config, const char *server, PvCredentials *ret_credentials,
			     char **ret_helper, GError **error)
{
	g_autoptr(json_t) root =
		pv_json_load(config, PV_DOCKER_CONFIG_BYTES_MAX, "config.json", error);
	const char *key, *store;
	json_t *value;

	if (!root)
		return FALSE;
	json_object_foreach(json_object_get(root, "credHelpers"), key, value) {
		if (key_matches(key, server) && json_is_string(value))
			return keep_helper(json_string_value(value), ret_helper, error);
	}
	store = pv_json_string(root, "credsStore");
	if (store && *store)
		return keep_helper(store, ret_helper, error);
	json_object_foreach(json_object_get(root, "auths"), key, value) {
		if (key_matches(key, server))
			return read_entry(value, ret_credentials, error) ||
			       pv_fail_wrap(error, "config.json");
	}
	return TRUE;
}

static gboolean read_helper_answer(const PvProcessResult *result, const char *program,
				   PvCredentials *ret_credentials, GError **error)
{
	g_autoptr(json_t) answer = NULL;
	const char *user, *secret;
	gsize size;
	const char *output = g_bytes_get_data(result->output, &size);

	if (result->exit_status != 0) {
		if (g_strstr_len(output ? output : "", (gssize)size, "credentials not found"))
			return TRUE;
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s: failed with status %d: %.*s",
			       program, result->exit_status, (int)MIN(size, 200),
			       output ? output : "");
	}
	answer = pv_json_load(result->output, PV_DOCKER_CONFIG_BYTES_MAX, program, error);
	if (!answer)
		return FALSE;
	user = pv_json_string(answer, "Username");
	secret = pv_json_string(answer, "Secret");
	if (!user || !secret)
		return pv_fail(error, PV_ERROR_UNAUTHORIZED, "%s: no Username or no Secret",
			       program);
	if (g_str_equal(user, TOKEN_USER)) {
		ret_credentials->token = g_strdup(secret);
		return TRUE;
	}
	ret_credentials->user = g_strdup(user);
	ret_credentials->password = g_strdup(secret);
	return TRUE;
}

static gboolean ask_helper(const char *helper, const char *server, PvCredentials *ret_credentials,
			   GError **error)
{
	g_autofree char *program = g_strconcat("docker-credential-", helper, NULL);
	const char *key = is_hub(server) ? HUB_KEY : server;
	g_autoptr(GBytes) input = g_bytes_new(key, strlen(key));
	char *argv[] = { program, (char *)"get", NULL };
	g_auto(PvProcessResult) result = { NULL, NULL, 0 };

	if (!pv_process_run(argv, NULL, input, PV_DOCKER_CONFIG_BYTES_MAX, HELPER_TIMEOUT_MS,
			    &result, error))
		return pv_fail_wrap(error, "credential helper %s", program);
	return read_helper_answer(&result, program, ret_credentials, error);
}

char *pv_docker_directory(void)
{
	const char *directory = g_getenv("DOCKER_CONFIG");

	if (directory && *directory)
		return g_strdup(directory);
	return g_build_filename(g_get_home_dir(), ".docker", NULL);
}

static GBytes *config_bytes(GError **error)
{
	g_autofree char *directory = pv_docker_directory();
	g_autofree char *path = g_build_filename(directory, "config.json", NULL);

	return pv_file_read(path, PV_DOCKER_CONFIG_BYTES_MAX, error);
}

gboolean pv_auth_load(const char *server, PvCredentials *ret_credentials, GError **error)
{
	g_autoptr(GError) missing = NULL;
	g_autoptr(GBytes) config = config_bytes(&missing);
	g_auto(PvCredentials) found = { NULL, NULL, NULL };
	g_autofree char *helper = NULL;

	if (!config && !g_error_matches(missing, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return FALSE;
	}
	if (config && !pv_auth_read_config(config, server, &found, &helper, error))
		return FALSE;
	if (helper && !ask_helper(helper, server, &found, error))
		return FALSE;
	*ret_credentials = found;
	memset(&found, 0, sizeof(found));
	return TRUE;
}
