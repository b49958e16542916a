/* SPDX-License-Identifier: Apache-2.0 */

/* Limits of tokens and bundles; what tokens are refused for is tested by tests/interop/access.bats. */

#include "crypto/jwt.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/authority.h"

static char *certificate(void)
{
	const char *names[] = { "tokens", NULL };
	g_autoptr(PvAuthority) made = pv_authority_new(names, pv_time_now(), NULL);

	return g_strdup(made->certificate);
}

static PvTokenKeys *keys_of(const char *pem, GError **error)
{
	g_autoptr(GBytes) bundle = g_bytes_new(pem, strlen(pem));

	return pv_token_keys_new(bundle, error);
}

static void test_bundle(void)
{
	g_autofree char *pem = certificate();

	for (guint count = PV_JWT_AUTHORITIES_MAX - 1; count <= PV_JWT_AUTHORITIES_MAX + 1;
	     count++) {
		g_autoptr(GString) text = g_string_new("what stands before counts for nothing\n");
		g_autoptr(GError) error = NULL;
		g_autoptr(PvTokenKeys) keys = NULL;

		for (guint i = 0; i < count; i++)
			g_string_append(text, pem);
		keys = keys_of(text->str, &error);
		if (count <= PV_JWT_AUTHORITIES_MAX)
			g_assert_no_error(error);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_no_bundle(void)
{
	static const char *const texts[] = { "", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n" };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(keys_of(texts[i], &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	}
}

static void assert_refused(const PvTokenKeys *keys, const char *token, const char *why)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(pv_token_verify(keys, token, pv_time_now(), &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNAUTHORIZED);
	g_assert_cmpstr(error->message, ==, why);
}

static void test_length(void)
{
	g_autofree char *pem = certificate();
	g_autoptr(PvTokenKeys) keys = keys_of(pem, NULL);

	for (gsize length = PV_JWT_BYTES_MAX - 1; length <= PV_JWT_BYTES_MAX + 1; length++) {
		g_autofree char *token = g_strnfill(length, 'a');

		assert_refused(keys, token,
			       length <= PV_JWT_BYTES_MAX ? "token: it has not three parts"
							  : "token: it is too long");
	}
}

/* base64url of @text. */
static char *part(const char *text)
{
	char *encoded = g_base64_encode((const guchar *)text, strlen(text));

	g_strdelimit(g_strdelimit(encoded, "+", '-'), "/", '_');
	encoded[strcspn(encoded, "=")] = '\0';
	return encoded;
}

static void test_chain(void)
{
	g_autofree char *pem = certificate();
	g_autoptr(PvTokenKeys) keys = keys_of(pem, NULL);

	for (guint count = 0; count <= PV_JWT_CHAIN_MAX + 1; count++) {
		g_autoptr(GString) header = g_string_new("{\"alg\":\"ES256\",\"x5c\":[");
		g_autofree char *first = NULL;
		g_autofree char *token = NULL;

		for (guint i = 0; i < count; i++)
			g_string_append(header, i ? ",\"AAAA\"" : "\"AAAA\"");
		g_string_append(header, "]}");
		first = part(header->str);
		token = g_strconcat(first, ".e30.AAAA", NULL);
		assert_refused(keys, token,
			       count > 0 && count <= PV_JWT_CHAIN_MAX
				       ? "token: its x5c holds what is no certificate"
				       : "token: its x5c is no list of one to eight certificates");
	}
}

/* Each refusal has its own sentence. */
static void test_headers(void)
{
	static const char *const cases[][2] = {
		{ "{\"alg\":\"none\"}", "token: its algorithm is \"none\"; expected ES256, ES384, "
					"ES512, RS256, RS384, RS512 or PS256" },
		{ "{}", "token: its algorithm is \"\"; expected ES256, ES384, ES512, RS256, RS384, "
			"RS512 or PS256" },
		{ "{\"alg\":\"ES256\",\"alg\":\"none\"}", "token: a part is no JSON object" },
		{ "[]", "token: a part is no JSON object" },
		{ "{\"alg\":\"ES256\",\"crit\":[]}",
		  "token: it demands extensions that are not known here" },
		{ "{\"alg\":\"ES256\"}", "token: it has none of x5c, jwk and kid" },
		{ "{\"alg\":\"ES256\",\"kid\":\"x\"}", "token: its kid is not in the bundle" },
		{ "{\"alg\":\"ES256\",\"jwk\":{}}", "token: its jwk is no usable key" },
		{ "{\"alg\":\"ES256\",\"jwk\":7}", "token: its jwk is no usable key" },
	};
	g_autofree char *pem = certificate();
	g_autoptr(PvTokenKeys) keys = keys_of(pem, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *first = part(cases[i][0]);
		g_autofree char *token = g_strconcat(first, ".e30.AAAA", NULL);

		assert_refused(keys, token, cases[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crypto/jwt/bundle", test_bundle);
	g_test_add_func("/crypto/jwt/no-bundle", test_no_bundle);
	g_test_add_func("/crypto/jwt/length", test_length);
	g_test_add_func("/crypto/jwt/chain", test_chain);
	g_test_add_func("/crypto/jwt/headers", test_headers);
	return g_test_run();
}
