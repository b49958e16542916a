/* SPDX-License-Identifier: Apache-2.0 */

/* What goes between a command and pavise-token, and what each end refuses of the other. */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "token/protocol.h"

static void test_key(void)
{
	g_autoptr(PvPrivateKey) private = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	PvTokenKey key = { .uri = (char *)"yubikey:serial=5;slot=9c",
			   .token = (char *)"YubiKey 5 (serial 5)",
			   .public = pv_private_key_public(private),
			   .origin = PV_ORIGIN_GENERATED,
			   .pin = PV_PIN_ONCE,
			   .touch = PV_TOUCH_ALWAYS };
	g_autoptr(PvMessage) message = pv_message_new(PV_TOKEN_KEY);
	g_autoptr(PvTokenKey) read = NULL;
	g_autoptr(GError) error = NULL;

	pv_token_key_put(message, &key);
	read = pv_token_key_take(message, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(read->uri, ==, key.uri);
	g_assert_cmpstr(read->token, ==, key.token);
	g_assert_null(read->serial);
	g_assert_null(read->role);
	g_assert_null(read->certificate);
	g_assert_true(pv_public_key_same(read->public, key.public));
	g_assert_cmpint(read->origin, ==, PV_ORIGIN_GENERATED);
	g_assert_cmpint(read->pin, ==, PV_PIN_ONCE);
	g_assert_cmpint(read->touch, ==, PV_TOUCH_ALWAYS);
	/* Each field that is missing, or of another kind. */
	for (guint i = 0; i < message->fields->len; i++) {
		g_autoptr(PvMessage) part = pv_message_new(PV_TOKEN_KEY);
		g_autoptr(PvMessage) bad = pv_message_new(PV_TOKEN_KEY);

		for (guint k = 0; k < message->fields->len; k++) {
			if (k < i)
				pv_message_add_bytes(part, message->fields->pdata[k]);
			if (k == i)
				pv_message_add(bad, "\xff", 1);
			else
				pv_message_add_bytes(bad, message->fields->pdata[k]);
		}
		g_assert_null(pv_token_key_take(part, NULL));
		/* A certificate is bytes, looked at by who uses it. */
		if (i != 5)
			g_assert_null(pv_token_key_take(bad, NULL));
	}
}

static void test_limits(void)
{
	for (gsize size = PV_TOKEN_TEXT_BYTES_MAX - 1; size <= PV_TOKEN_TEXT_BYTES_MAX + 1;
	     size++) {
		g_autoptr(PvMessage) message = pv_message_new(PV_TOKEN_LIST);
		g_autofree char *text = g_strnfill(size, 'x');
		g_autofree char *read = NULL;

		pv_message_add_text(message, text);
		read = pv_token_text_take(message, 0, NULL);
		g_assert_cmpint(read != NULL, ==, size <= PV_TOKEN_TEXT_BYTES_MAX);
	}
}

static void test_request(void)
{
	g_autoptr(GBytes) imported = g_bytes_new("key", 3);
	PvTokenRequest request = { .role = "root",
				   .now_s = 1700000000,
				   .life_s = 5,
				   .pin = PV_PIN_ALWAYS,
				   .touch = PV_TOUCH_CACHED,
				   .replaces = TRUE,
				   .imported = imported };
	g_autoptr(PvMessage) message = pv_message_new(PV_TOKEN_MAKE);
	g_auto(PvTokenRequest) read = { 0 };
	g_autoptr(GError) error = NULL;

	pv_message_add_text(message, "pkcs11:");
	pv_token_request_put(message, &request);
	g_assert_true(pv_token_request_take(message, 1, &read, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(read.role, ==, "root");
	g_assert_cmpint(read.now_s, ==, 1700000000);
	g_assert_cmpint(read.life_s, ==, 5);
	g_assert_cmpint(read.pin, ==, PV_PIN_ALWAYS);
	g_assert_cmpint(read.touch, ==, PV_TOUCH_CACHED);
	g_assert_true(read.replaces);
	g_assert_true(g_bytes_equal(read.imported, imported));
	g_assert_false(pv_token_request_take(message, 2, &read, NULL));
	pv_token_request_clear(&read);
	/* Where a message still holds it, too. */
	g_assert_cmpmem(g_bytes_get_data(imported, NULL), 3, "\0\0\0", 3);
}

static void test_prompt(void)
{
	PvTokenPrompt prompt = { PV_SECRET_PUK, "T", NULL, 3, TRUE };
	g_autoptr(PvMessage) message = pv_message_new(PV_TOKEN_SECRET_ASKED);
	g_autoptr(PvMessage) none = pv_message_new(PV_TOKEN_SECRET_ASKED);
	g_auto(PvTokenPrompt) read = { 0 };

	pv_token_prompt_put(message, &prompt);
	g_assert_true(pv_token_prompt_take(message, &read, NULL));
	g_assert_cmpint(read.kind, ==, PV_SECRET_PUK);
	g_assert_cmpstr(read.token, ==, "T");
	g_assert_null(read.serial);
	g_assert_cmpint(read.tries_left, ==, 3);
	g_assert_true(read.is_retry);
	g_assert_false(pv_token_prompt_take(none, &read, NULL));
}

static void test_error(void)
{
	g_autoptr(GError) error = g_error_new(PV_ERROR, PV_ERROR_PASSPHRASE, "wrong PIN");
	g_autoptr(PvMessage) message = pv_token_error_new(PV_TOKEN_FAILED, error);
	g_autoptr(PvMessage) bad = pv_message_new(PV_TOKEN_FAILED);
	g_autoptr(GError) read = NULL;
	g_autoptr(GError) lie = NULL;

	g_assert_false(pv_token_error_take(message, &read));
	g_assert_error(read, PV_ERROR, PV_ERROR_PASSPHRASE);
	g_assert_cmpstr(read->message, ==, "wrong PIN");
	pv_message_add_text(bad, "4000");
	pv_message_add_text(bad, "x");
	g_assert_false(pv_token_error_take(bad, &lie));
	g_assert_error(lie, PV_ERROR, PV_ERROR_SERVER);
}

static void test_secret(void)
{
	g_autoptr(PvSecret) secret = pv_secret_new_copy("123456", 6);
	g_autoptr(PvSecret) read = NULL;
	g_autoptr(PvMessage) message = NULL;
	g_autoptr(PvMessage) large = pv_message_new(PV_TOKEN_GIVEN);
	g_autoptr(GError) error = NULL;
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
	g_assert_true(pv_token_secret_send(pair[0], secret, &error));
	message = pv_message_receive(pair[1], 100, &error);
	g_assert_no_error(error);
	read = pv_token_secret_receive(pair[1], message, &error);
	g_assert_no_error(error);
	g_assert_true(pv_secret_equal(read, secret));
	pv_message_add_text(large, "100000");
	g_assert_null(pv_token_secret_receive(pair[1], large, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SERVER);
	g_clear_error(&error);
	close(pair[0]);
	g_assert_null(pv_token_secret_receive(pair[1], message, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_PASSPHRASE);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/token/protocol/key", test_key);
	g_test_add_func("/token/protocol/limits", test_limits);
	g_test_add_func("/token/protocol/request", test_request);
	g_test_add_func("/token/protocol/prompt", test_prompt);
	g_test_add_func("/token/protocol/error", test_error);
	g_test_add_func("/token/protocol/secret", test_secret);
	return g_test_run();
}
