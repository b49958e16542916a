/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/auth.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

static void test_challenges(void)
{
	static const struct {
		const char *header;
		PvChallengeKind kind;
		const char *realm, *service, *scope;
	} rows[] = {
		{ "Basic realm=\"a b\"", PV_CHALLENGE_BASIC, "a b", NULL, NULL },
		{ "basic", PV_CHALLENGE_BASIC, NULL, NULL, NULL },
		{ "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:x:pull,push\"",
		  PV_CHALLENGE_BEARER, "https://a/t", "s", "repository:x:pull,push" },
		{ "BEARER Realm = tok , service=s", PV_CHALLENGE_BEARER, "tok", "s", NULL },
		{ "Basic realm=\"b\", Bearer realm=\"t\"", PV_CHALLENGE_BEARER, "t", NULL, NULL },
		{ "Bearer realm=\"t\", Basic realm=\"b\"", PV_CHALLENGE_BEARER, "t", NULL, NULL },
		{ "Negotiate YWJj==, Basic realm=\"b\"", PV_CHALLENGE_BASIC, "b", NULL, NULL },
		{ "Bearer realm=\"a\\\"b\\\\\"", PV_CHALLENGE_BEARER, "a\"b\\", NULL, NULL },
		{ "Bearer realm=\"first\",realm=\"second\"", PV_CHALLENGE_BEARER, "first", NULL,
		  NULL },
		{ " , ,Basic realm=x, ", PV_CHALLENGE_BASIC, "x", NULL, NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvChallenge) challenge = { 0 };
		g_autoptr(GError) error = NULL;

		pv_auth_read_challenge(rows[i].header, &challenge, &error);
		g_assert_no_error(error);
		g_assert_cmpint(challenge.kind, ==, rows[i].kind);
		g_assert_cmpstr(challenge.realm, ==, rows[i].realm);
		g_assert_cmpstr(challenge.service, ==, rows[i].service);
		g_assert_cmpstr(challenge.scope, ==, rows[i].scope);
	}
}

static void test_bad_challenges(void)
{
	static const struct {
		const char *header, *message;
	} rows[] = {
		{ "", "WWW-Authenticate: neither Basic nor Bearer is offered" },
		{ "Digest realm=\"x\"", "WWW-Authenticate: neither Basic nor Bearer is offered" },
		{ "Bearer service=\"x\"", "WWW-Authenticate: Bearer without a realm" },
		{ "=", "WWW-Authenticate: not a challenge at byte 0" },
		{ "Basic;x", "WWW-Authenticate: not a challenge at byte 5" },
		{ "Bearer realm=\"x", "WWW-Authenticate: not a challenge at byte 13" },
		{ "Bearer realm=\"x\1\"", "WWW-Authenticate: not a challenge at byte 13" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvChallenge) challenge = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_auth_read_challenge(rows[i].header, &challenge, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SERVER);
		g_assert_cmpstr(error->message, ==, rows[i].message);
		g_assert_null(challenge.realm);
	}
}

static gboolean read_config(const char *text, const char *server, PvCredentials *credentials,
			    char **helper, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_auth_read_config(bytes, server, credentials, helper, error);
}

static void test_config(void)
{
	static const struct {
		const char *text, *server, *user, *password, *token, *helper;
	} rows[] = {
		{ "{}", "a.example", NULL, NULL, NULL, NULL },
		{ "{\"auths\":{\"a.example\":{\"auth\":\"dTpwOnE=\"}}}", "a.example", "u", "p:q",
		  NULL, NULL },
		{ "{\"auths\":{\"a.example\":{\"auth\":\"dTpw\"}}}", "b.example", NULL, NULL, NULL,
		  NULL },
		{ "{\"auths\":{\"a.example\":{\"auth\":\"dTpw\"}}}", "a.example:5000", NULL, NULL,
		  NULL, NULL },
		{ "{\"auths\":{\"https://a.example/v1/\":{\"username\":\"u\"}}}", "A.example", "u",
		  "", NULL, NULL },
		{ "{\"auths\":{\"https://index.docker.io/v1/\":{\"username\":\"u\","
		  "\"password\":\"p\"}}}",
		  "docker.io", "u", "p", NULL, NULL },
		{ "{\"auths\":{\"a.example\":{\"identitytoken\":\"t\"}}}", "a.example", NULL, NULL,
		  "t", NULL },
		{ "{\"auths\":{\"a.example\":{}},\"credsStore\":\"desktop\"}", "a.example", NULL,
		  NULL, NULL, "desktop" },
		{ "{\"credHelpers\":{\"a.example\":\"one\"},\"credsStore\":\"two\"}", "a.example",
		  NULL, NULL, NULL, "one" },
		{ "{\"credHelpers\":{\"a.example\":\"one\"},\"credsStore\":\"two\"}", "b.example",
		  NULL, NULL, NULL, "two" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvCredentials) credentials = { 0 };
		g_autofree char *helper = NULL;
		g_autoptr(GError) error = NULL;

		read_config(rows[i].text, rows[i].server, &credentials, &helper, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(credentials.user, ==, rows[i].user);
		g_assert_cmpstr(credentials.password, ==, rows[i].password);
		g_assert_cmpstr(credentials.token, ==, rows[i].token);
		g_assert_cmpstr(helper, ==, rows[i].helper);
	}
}

static void test_bad_config(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "{\"auths\":{\"a\":{\"auth\":\"dXNlcg==\"}}}",
		  "config.json: credentials: not base64 of user:password" },
		{ "{\"auths\":{\"a\":{\"auth\":\"OnA=\"}}}",
		  "config.json: credentials: not base64 of user:password" },
		{ "{\"credsStore\":\"../evil\"}",
		  "config.json: '../evil' is not the name of a credential helper" },
		{ "{\"credHelpers\":{\"a\":\"x y\"}}",
		  "config.json: 'x y' is not the name of a credential helper" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvCredentials) credentials = { 0 };
		g_autofree char *helper = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(read_config(rows[i].text, "a", &credentials, &helper, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_assert_cmpstr(error->message, ==, rows[i].message);
		g_assert_null(helper);
	}
}

static void test_limits(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		g_autofree char *spaces =
			g_strnfill(PV_DOCKER_CONFIG_BYTES_MAX + (gsize)offset - 2, ' ');
		g_autofree char *text = g_strconcat("{}", spaces, NULL);
		g_autofree char *basic = g_strnfill(PV_TOKEN_BYTES_MAX + (gsize)offset, 'O');
		g_auto(PvCredentials) credentials = { 0 }, given = { 0 };
		g_autofree char *helper = NULL;

		memcpy(basic, "dTpw", 4);
		g_assert_cmpint(read_config(text, "a", &credentials, &helper, NULL), ==,
				offset <= 0);
		g_assert_cmpint(pv_auth_from_basic(basic, &given, NULL), ==, offset <= 0);
	}
}

/* A configuration directory with a helper that prints @answer and ends with @status. */
static char *make_helper(const char *answer, int status)
{
	g_autofree char *directory = g_dir_make_tmp("pavise-XXXXXX", NULL);
	g_autofree char *config = g_build_filename(directory, "config.json", NULL);
	g_autofree char *helper = g_build_filename(directory, "docker-credential-t", NULL);
	g_autofree char *script = g_strdup_printf("#!/bin/sh\nread -r server\n[ \"$1\" = get ] || "
						  "exit 9\ncat <<END\n%s\nEND\nexit %d\n",
						  answer, status);
	g_autofree char *path = g_strdup_printf("%s:/usr/bin:/bin", directory);

	g_assert_true(g_file_set_contents(config, "{\"credsStore\":\"t\"}", -1, NULL));
	g_assert_true(g_file_set_contents(helper, script, -1, NULL));
	g_assert_cmpint(g_chmod(helper, 0755), ==, 0);
	g_setenv("PATH", path, TRUE);
	g_setenv("DOCKER_CONFIG", directory, TRUE);
	return g_steal_pointer(&directory);
}

static void check_helper(const char *answer, int status, const char *user, const char *token,
			 const char *message)
{
	g_autofree char *directory = make_helper(answer, status);
	g_auto(PvCredentials) credentials = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(pv_auth_load("a.example", &credentials, &error), ==, !message);
	g_assert_cmpstr(credentials.user, ==, user);
	g_assert_cmpstr(credentials.token, ==, token);
	g_assert_cmpstr(error ? error->message : NULL, ==, message);
	g_assert_true(pv_file_remove_tree(directory, NULL));
}

static void test_helper(void)
{
	check_helper("{\"ServerURL\":\"$server\",\"Username\":\"u\",\"Secret\":\"s\"}", 0, "u",
		     NULL, NULL);
	check_helper("{\"Username\":\"$server\",\"Secret\":\"s\"}", 0, "a.example", NULL, NULL);
	check_helper("{\"Username\":\"<token>\",\"Secret\":\"s\"}", 0, NULL, "s", NULL);
	check_helper("credentials not found in native keychain", 1, NULL, NULL, NULL);
	check_helper("{\"Username\":\"u\"}", 0, NULL, NULL,
		     "docker-credential-t: no Username or no Secret");
	check_helper("broken", 7, NULL, NULL,
		     "docker-credential-t: failed with status 7: broken\n");
}

static void test_no_config(void)
{
	g_auto(PvCredentials) credentials = { 0 };
	g_autoptr(GError) error = NULL;

	g_setenv("DOCKER_CONFIG", "/nonexistent", TRUE);
	g_assert_true(pv_auth_load("a.example", &credentials, &error));
	g_assert_no_error(error);
	g_assert_null(credentials.user);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/challenges", test_challenges);
	g_test_add_func("/auth/bad-challenges", test_bad_challenges);
	g_test_add_func("/auth/config", test_config);
	g_test_add_func("/auth/bad-config", test_bad_config);
	g_test_add_func("/auth/limits", test_limits);
	g_test_add_func("/auth/helper", test_helper);
	g_test_add_func("/auth/no-config", test_no_config);
	return g_test_run();
}
