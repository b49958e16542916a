/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/engine.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

#define HEX    "4e13df7d8c18361f4baabdf5b3c3c9e7f013a11b32b8088147a45588095bd0c9"
#define DIGEST "sha256:" HEX

static gboolean parse(const char *text, PvEngineMessage *message, GError **error)
{
	g_autoptr(GBytes) line = g_bytes_new(text, strlen(text));

	return pv_engine_message_parse(line, message, error);
}

static void test_messages(void)
{
	static const struct {
		const char *text, *id, *status, *problem;
		gboolean progress, result;
	} rows[] = {
		{ "{\"status\":\"The push refers to repository [a/b]\"}", NULL,
		  "The push refers to repository [a/b]", NULL, FALSE, FALSE },
		{ "{\"status\":\"Preparing\",\"progressDetail\":{},\"id\":\"4dab28681b9b\"}",
		  "4dab28681b9b", "Preparing", NULL, FALSE, FALSE },
		{ "{\"status\":\"Pushing\",\"progressDetail\":{\"current\":1,\"total\":2},"
		  "\"progress\":\"[=> ]\",\"id\":\"x\"}",
		  "x", "Pushing", NULL, TRUE, FALSE },
		{ "{\"errorDetail\":{\"message\":\"denied\"},\"error\":\"no\"}", NULL, NULL,
		  "denied", FALSE, FALSE },
		{ "{\"error\":\"no\"}", NULL, NULL, "no", FALSE, FALSE },
		{ "{\"progressDetail\":{},\"aux\":{\"Tag\":\"1\",\"Digest\":\"" DIGEST
		  "\",\"Size\":527}}",
		  NULL, NULL, NULL, FALSE, TRUE },
		{ "{\"aux\":{\"ID\":\"sha256:x\"}}", NULL, NULL, NULL, FALSE, FALSE },
		{ "{\"status\":\"a\\u001b[2Jb\\nc\"}", NULL, "a\\x1b[2Jb\\x0ac", NULL, FALSE,
		  FALSE },
		{ "{}", NULL, NULL, NULL, FALSE, FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvEngineMessage) message = { 0 };
		g_autoptr(GError) error = NULL;

		parse(rows[i].text, &message, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(message.id, ==, rows[i].id);
		g_assert_cmpstr(message.status, ==, rows[i].status);
		g_assert_cmpstr(message.problem, ==, rows[i].problem);
		g_assert_cmpint(message.progress, ==, rows[i].progress);
		g_assert_cmpint(message.has_result, ==, rows[i].result);
	}
}

static void test_result(void)
{
	g_auto(PvEngineMessage) message = { 0 };
	char text[PV_DIGEST_TEXT_SIZE];

	g_assert_true(parse("{\"aux\":{\"Tag\":\"v1\",\"Digest\":\"" DIGEST "\",\"Size\":527}}",
			    &message, NULL));
	pv_digest_format(&message.digest, text);
	g_assert_cmpstr(text, ==, DIGEST);
	g_assert_cmpstr(message.tag, ==, "v1");
	g_assert_cmpuint(message.size, ==, 527);
}

static void test_bad_messages(void)
{
	static const char *const rows[] = {
		"[]",
		"\"text\"",
		"{",
		"{} {}",
		"{\"status\":\"a\",\"status\":\"b\"}",
		"{\"aux\":{\"Tag\":\"../x\",\"Digest\":\"" DIGEST "\",\"Size\":1}}",
		"{\"aux\":{\"Tag\":\"1\",\"Size\":1}}",
		"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"" DIGEST "\"}}",
		"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"" DIGEST "\",\"Size\":0}}",
		"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"" DIGEST "\",\"Size\":-1}}",
		"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"" DIGEST "\",\"Size\":1.5}}",
		"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"sha256:short\",\"Size\":1}}",
		"{\"aux\":{\"Tag\":\"1\",\"Digest\":\"sha512:" HEX HEX "\",\"Size\":1}}",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvEngineMessage) message = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(parse(rows[i], &message, &error));
		g_assert_nonnull(error);
		g_assert_null(message.tag);
	}
}

/* A manifest's size and a message's length, each at its limit and around it. */
static void test_limits(void)
{
	for (gint beyond = -1; beyond <= 1; beyond++) {
		g_auto(PvEngineMessage) message = { 0 };
		g_autofree char *size =
			g_strdup_printf("{\"aux\":{\"Tag\":\"1\",\"Digest\":\"" DIGEST
					"\",\"Size\":%zu}}",
					PV_MANIFEST_BYTES_MAX + (gsize)beyond);

		g_assert_cmpint(parse(size, &message, NULL), ==, beyond <= 0);
	}
	for (gint beyond = -1; beyond <= 1; beyond++) {
		g_auto(PvEngineMessage) message = { 0 };
		gsize frame = strlen("{\"status\":\"\"}");
		g_autofree char *filler =
			g_strnfill(PV_ENGINE_MESSAGE_BYTES_MAX + (gsize)beyond - frame, 'x');
		g_autofree char *text = g_strdup_printf("{\"status\":\"%s\"}", filler);

		g_assert_cmpint(parse(text, &message, NULL), ==, beyond <= 0);
	}
}

/* --- addresses ---------------------------------------------------------------------------- */

static char *home;

static void write_context(const char *name, const char *meta)
{
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
	g_autofree char *directory = g_build_filename(home, "contexts", "meta", id, NULL);
	g_autofree char *file = g_build_filename(directory, "meta.json", NULL);

	g_assert_true(pv_file_make_directory(directory, 0700, NULL));
	g_assert_true(pv_file_replace(file, meta, strlen(meta), 0600, NULL));
}

static void write_home(const char *name, const char *text)
{
	g_autofree char *file = g_build_filename(home, name, NULL);

	g_assert_true(pv_file_replace(file, text, strlen(text), 0600, NULL));
}

static void test_addresses(void)
{
	static const struct {
		const char *host_flag, *context_flag, *host, *context, *url, *socket;
	} rows[] = {
		{ NULL, NULL, NULL, NULL, "http://localhost", "/run/current.sock" },
		{ NULL, NULL, NULL, "default", "http://localhost", "/var/run/docker.sock" },
		{ NULL, NULL, NULL, "lab", "http://localhost", "/run/lab.sock" },
		{ NULL, NULL, "unix:///run/env.sock", "lab", "http://localhost", "/run/env.sock" },
		{ NULL, "lab", "unix:///run/env.sock", NULL, "http://localhost", "/run/lab.sock" },
		{ "unix:///run/flag.sock", "lab", "unix:///run/env.sock", NULL, "http://localhost",
		  "/run/flag.sock" },
		{ "tcp://127.0.0.1:2375/", NULL, NULL, NULL, "http://127.0.0.1:2375", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		PvEngineChoice choice = { .host = rows[i].host_flag,
					  .context = rows[i].context_flag };
		g_auto(PvEngineAddress) address = { 0 };
		g_autoptr(GError) error = NULL;

		g_unsetenv("DOCKER_HOST");
		g_unsetenv("DOCKER_CONTEXT");
		if (rows[i].host)
			g_setenv("DOCKER_HOST", rows[i].host, TRUE);
		if (rows[i].context)
			g_setenv("DOCKER_CONTEXT", rows[i].context, TRUE);
		pv_engine_find(&choice, &address, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(address.url, ==, rows[i].url);
		g_assert_cmpstr(address.socket, ==, rows[i].socket);
	}
}

static void test_bad_addresses(void)
{
	static const struct {
		const char *host, *context;
		PvErrorCode code;
	} rows[] = {
		{ "ssh://me@host", NULL, PV_ERROR_UNSUPPORTED },
		{ "unix://relative", NULL, PV_ERROR_UNSUPPORTED },
		{ "/run/docker.sock", NULL, PV_ERROR_UNSUPPORTED },
		{ "", NULL, PV_ERROR_UNSUPPORTED },
		{ NULL, "none", PV_ERROR_NOT_FOUND },
		{ NULL, "hostless", PV_ERROR_SYNTAX },
		{ NULL, "broken", PV_ERROR_SYNTAX },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		PvEngineChoice choice = { .host = rows[i].host, .context = rows[i].context };
		g_auto(PvEngineAddress) address = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_engine_find(&choice, &address, &error));
		g_assert_error(error, PV_ERROR, (gint)rows[i].code);
		g_assert_null(address.url);
	}
}

static void test_tls(void)
{
	PvEngineChoice choice = { .host = "tcp://engine.example:2376", .tls = TRUE };
	PvEngineChoice plain = { .host = "tcp://engine.example:2375" };
	g_auto(PvEngineAddress) address = { 0 };
	g_auto(PvEngineAddress) other = { 0 };
	g_autoptr(PvEngine) engine = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(PvReference) image = { 0 };
	g_autofree char *ca = g_build_filename(home, "ca.pem", NULL);

	write_home("ca.pem", "authority");
	g_assert_true(pv_engine_find(&choice, &address, NULL));
	g_assert_cmpstr(address.url, ==, "https://engine.example:2376");
	g_assert_cmpstr(address.ca_file, ==, ca);
	g_assert_null(address.certificate_file);
	/* Plain HTTP leaves this machine never. */
	g_assert_true(pv_engine_find(&plain, &other, NULL));
	engine = pv_engine_new(&other, NULL);
	g_assert_true(pv_reference_parse("a/b:1", &image, NULL));
	g_assert_false(pv_engine_check_image(engine, &image, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_REFUSED);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	home = g_dir_make_tmp("pavise-engine-XXXXXX", NULL);
	g_setenv("DOCKER_CONFIG", home, TRUE);
	write_home("config.json", "{\"currentContext\":\"current\"}");
	write_context("current",
		      "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///run/current.sock\"}}}");
	write_context("lab", "{\"Endpoints\":{\"docker\":{\"Host\":\"unix:///run/lab.sock\"}}}");
	write_context("hostless", "{\"Endpoints\":{\"kubernetes\":{}}}");
	write_context("broken", "{\"Endpoints\":");
	g_test_add_func("/oci/engine/messages", test_messages);
	g_test_add_func("/oci/engine/result", test_result);
	g_test_add_func("/oci/engine/bad-messages", test_bad_messages);
	g_test_add_func("/oci/engine/limits", test_limits);
	g_test_add_func("/oci/engine/addresses", test_addresses);
	g_test_add_func("/oci/engine/bad-addresses", test_bad_addresses);
	g_test_add_func("/oci/engine/tls", test_tls);
	status = g_test_run();
	pv_file_remove_tree(home, NULL);
	g_free(home);
	return status;
}
