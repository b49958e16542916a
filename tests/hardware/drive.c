/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The PIV driver without the processes around it, for tests: one session, the commands of the
 * command line one after the other, and a person who answers what the command line says.
 *
 *   drive [--pin PIN]… [--management KEY]… [--as-source] URI COMMAND…
 *
 * Commands: `list`, `make ROLE[,pin=P][,touch=T][,replace][,import=PEM-FILE]`, `sign PUBLIC-KEY FILE`,
 * `attest`, `remove`, `status`, `setup PARTS` (of `pin`, `puk`, `management`, with commas), `wait FILE`. Each secret is used once. --as-source: the person is a file, which is not
 * asked when one try is left, nor after it was wrong.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "crypto/certificate.h"
#include "token/driver.h"

static char **pins, **managements, **puks, **new_pins, **new_puks;
static gboolean as_source;

static GOptionEntry options[] = {
	{ "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &pins, "answers to PIN prompts", "PIN" },
	{ "management", 0, 0, G_OPTION_ARG_STRING_ARRAY, &managements, "the same", "KEY" },
	{ "puk", 0, 0, G_OPTION_ARG_STRING_ARRAY, &puks, "the same", "PUK" },
	{ "new-pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &new_pins, "the same", "PIN" },
	{ "new-puk", 0, 0, G_OPTION_ARG_STRING_ARRAY, &new_puks, "the same", "PUK" },
	{ "as-source", 0, 0, G_OPTION_ARG_NONE, &as_source, "as a file answers", NULL },
	{ NULL },
};

static const struct {
	const char *name;
	char ***answers;
} secrets[] = {
	[PV_SECRET_PIN] = { "pin", &pins },
	[PV_SECRET_SO_PIN] = { "so pin", NULL },
	[PV_SECRET_PUK] = { "puk", &puks },
	[PV_SECRET_MANAGEMENT_KEY] = { "management key", &managements },
	[PV_SECRET_NEW_PIN] = { "new pin", &new_pins },
	[PV_SECRET_NEW_PUK] = { "new puk", &new_puks },
};

static PvSecret *secret(void *data, const PvTokenPrompt *prompt, GError **error)
{
	char ***answers = secrets[prompt->kind].answers;
	const char *answer;

	printf("asks %s of %s serial %s tries %d%s\n", secrets[prompt->kind].name, prompt->token,
	       prompt->serial, prompt->tries_left, prompt->is_retry ? " again" : "");
	if (as_source && (prompt->is_retry || prompt->tries_left == 1))
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "the source is not asked");
	if (!*answers || !**answers)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "no answer is left");
	answer = *(*answers)++;
	return pv_secret_new_copy(answer, strlen(answer));
}

static void touch(void *data, const char *token, gboolean is_awaited)
{
	printf("%s %s\n", is_awaited ? "touch" : "touched", token);
	fflush(stdout);
}

static void may_wait(void *data, const char *token)
{
	printf("may wait %s\n", token);
	fflush(stdout);
}

static void warn(void *data, const char *sentence)
{
	printf("warning: %s\n", sentence);
}

static const PvTokenPerson person = { NULL, secret, touch, may_wait, warn };

static void show(const PvTokenKey *key)
{
	static const char *const origins[] = { "unknown", "generated", "imported" };
	g_autofree char *pem = NULL;

	printf("key %s role %s token %s origin %s pin %s touch %s\n", key->uri,
	       key->role ? key->role : "-", key->token, origins[key->origin],
	       pv_pin_policy_name(key->pin), pv_touch_policy_name(key->touch));
	if (key->unfinished)
		printf("unfinished: %s\n", key->unfinished);
	if (key->public && (pem = pv_certificate_public_pem(key->public)))
		printf("%s", pem);
}

static gboolean do_list(PvTokenSession *session, const char *uri, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_token_piv.list(session, uri, error);

	for (guint i = 0; keys && i < keys->len; i++)
		show(keys->pdata[i]);
	return keys != NULL;
}

/* PKCS#8 or SEC1 in PEM to DER: the file has one block. */
static GBytes *read_der(const char *path)
{
	g_autofree char *text = NULL;
	gsize size;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autoptr(GString) base64 = g_string_new(NULL);

	for (char **line = lines; *line; line++)
		if (**line != '-')
			g_string_append(base64, *line);
	guint8 *der = g_base64_decode(base64->str, &size);

	return g_bytes_new_take(der, size);
}

static gboolean do_make(PvTokenSession *session, const char *uri, const char *how, GError **error)
{
	g_auto(GStrv) words = g_strsplit(how, ",", -1);
	PvTokenRequest request = { .role = words[0],
				   .now_s = pv_time_now().seconds,
				   .life_s = 10 * 365 * 86400 };
	g_autoptr(GBytes) imported = NULL;
	PvTokenKey *key;

	for (char **word = words + 1; *word; word++) {
		if (g_str_has_prefix(*word, "pin="))
			request.pin = pv_pin_policy_parse(*word + strlen("pin="));
		else if (g_str_has_prefix(*word, "touch="))
			request.touch = pv_touch_policy_parse(*word + strlen("touch="));
		else if (g_str_has_prefix(*word, "import="))
			request.imported = imported = read_der(*word + strlen("import="));
		else if (g_str_equal(*word, "replace"))
			request.replaces = TRUE;
	}
	key = pv_token_piv.make(session, uri, &request, error);
	if (key)
		show(key);
	pv_token_key_free(key);
	return key != NULL;
}

static gboolean do_sign(PvTokenSession *session, const char *uri, const char *key_path,
			const char *path, GError **error)
{
	g_autoptr(PvPublicKey) key = pv_certificate_read_key(key_path, error);
	g_autoptr(GBytes) message = NULL, signature = NULL;
	gint64 begun;
	char *text;
	gsize size;

	if (!key || !g_file_get_contents(path, &text, &size, error))
		return FALSE;
	message = g_bytes_new_take(text, size);
	begun = g_get_monotonic_time();
	signature = pv_token_piv.sign(session, uri, key, message, error);
	if (!signature)
		return FALSE;
	printf("signature of %zu bytes in %" G_GINT64_FORMAT " us\n", g_bytes_get_size(signature),
	       g_get_monotonic_time() - begun);
	return TRUE;
}

static gboolean do_attest(PvTokenSession *session, const char *uri, GError **error)
{
	g_autoptr(GPtrArray) chain = pv_token_piv.attest(session, uri, error);
	g_autoptr(GBytes) pem = chain ? pv_attestation_chain_write(chain) : NULL;

	if (pem)
		printf("%.*s", (int)g_bytes_get_size(pem),
		       (const char *)g_bytes_get_data(pem, NULL));
	return chain != NULL;
}

static gboolean do_status(PvTokenSession *session, GError **error)
{
	PvTokenStatus status;

	if (!pv_token_piv.status(session, &status, error))
		return FALSE;
	printf("status told %d pin %d puk %d management %d kept %d tries %d %d\n", status.is_told,
	       status.pin_is_factory, status.puk_is_factory, status.management_key_is_factory,
	       status.keeps_management_key, status.pin_tries_left, status.puk_tries_left);
	return TRUE;
}

static gboolean do_set_up(PvTokenSession *session, const char *parts, GError **error)
{
	guint what = (strstr(parts, "pin") ? PV_SETUP_PIN : 0u) |
		     (strstr(parts, "puk") ? PV_SETUP_PUK : 0u) |
		     (strstr(parts, "management") ? PV_SETUP_MANAGEMENT_KEY : 0u);

	return pv_token_piv.set_up(session, what, error);
}

/* The session stays open until the test has made the file @path. */
static void wait_for(const char *path)
{
	printf("waits\n");
	fflush(stdout);
	while (!g_file_test(path, G_FILE_TEST_EXISTS))
		g_usleep(10000);
}

static gboolean run(PvTokenSession *session, const char *uri, char **words, GError **error)
{
	gboolean done = TRUE;

	for (; *words && done; words++) {
		if (g_str_equal(*words, "list"))
			done = do_list(session, uri, error);
		else if (g_str_equal(*words, "attest"))
			done = do_attest(session, uri, error);
		else if (g_str_equal(*words, "wait") && words[1])
			wait_for(*++words);
		else if (g_str_equal(*words, "status"))
			done = do_status(session, error);
		else if (g_str_equal(*words, "setup") && words[1])
			done = do_set_up(session, *++words, error);
		else if (g_str_equal(*words, "remove"))
			done = pv_token_piv.remove(session, uri, error);
		else if (g_str_equal(*words, "make") && words[1])
			done = do_make(session, uri, *++words, error);
		else if (g_str_equal(*words, "sign") && words[1] && words[2]) {
			done = do_sign(session, uri, words[1], words[2], error);
			words += 2;
		} else
			return pv_fail(error, PV_ERROR_USAGE, "'%s' is no command", *words);
	}
	return done;
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("URI COMMAND…");
	g_autoptr(GError) error = NULL;
	PvTokenSession *session = NULL;
	gboolean done;

	g_option_context_add_main_entries(context, options, NULL);
	done = g_option_context_parse(context, &argc, &argv, &error) && argc > 2 &&
	       (session = pv_token_piv.open(argv[1], &person, &error)) &&
	       run(session, argv[1], argv + 2, &error);
	pv_token_piv.close(session);
	if (!done)
		printf("failed: %s: %s\n", error ? pv_error_info(error)->name : "usage",
		       error ? error->message : "drive URI COMMAND…");
	return done ? 0 : 1;
}
