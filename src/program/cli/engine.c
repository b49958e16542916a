/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-image engine: what docker-trust, which holds keys and links no HTTP, wants of a Docker
 * engine. The answer is lines on standard output:
 *
 *   progress TEXT          to show on a line of its own
 *   step TEXT              to show while it lasts, on a terminal
 *   result DIGEST SIZE     what was pushed
 *   missing TEXT           the engine answers, and has no such image
 *   unreachable TEXT       no engine answers
 *   failed TEXT            all other reasons
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/terminal.h"
#include "oci/engine.h"
#include "program/cli/image.h"
#include "program/cli/options.h"

#define COMMAND "pavise-image engine"

static void show(void *user_data, const PvEngineMessage *message)
{
	printf("%s %s%s%s\n", message->progress ? "step" : "progress",
	       message->id ? message->id : "", message->id ? ": " : "", message->status);
	fflush(stdout);
}

static gboolean push(PvEngine *engine, const PvReference *image, GError **error)
{
	g_auto(PvCredentials) credentials = { 0 };
	char text[PV_DIGEST_TEXT_SIZE];
	PvDigest digest;
	guint64 size;

	if (!pv_auth_load(image->host, &credentials, error) ||
	    !pv_engine_push(engine, image, &credentials, show, NULL, &digest, &size, error))
		return FALSE;
	pv_digest_format(&digest, text);
	printf("result %s %" G_GUINT64_FORMAT "\n", text, size);
	return TRUE;
}

static gboolean ask(const PvEngineChoice *choice, const char *what, const char *name,
		    GError **error)
{
	g_auto(PvEngineAddress) address = { 0 };
	g_auto(PvReference) image = { 0 };
	g_autoptr(PvEngine) engine = NULL;

	if (!pv_reference_parse(name, &image, error))
		return FALSE;
	if (!image.tag)
		return pv_fail(error, PV_ERROR_USAGE, "%s has no tag", name);
	if (!pv_engine_find(choice, &address, error))
		return FALSE;
	engine = pv_engine_new(&address, error);
	if (!engine)
		return FALSE;
	return strcmp(what, "push") == 0 ? push(engine, &image, error)
					 : pv_engine_check_image(engine, &image, error);
}

static int report(const GError *error)
{
	g_autofree char *text = pv_terminal_safe(error->message);
	const char *word = "failed";

	if (g_error_matches(error, PV_ERROR, PV_ERROR_NOT_FOUND))
		word = "missing";
	else if (g_error_matches(error, PV_ERROR, PV_ERROR_UNREACHABLE))
		word = "unreachable";
	printf("%s %s\n", word, text);
	return pv_error_info(error)->exit_status;
}

int pv_command_engine(int argc, char **argv)
{
	PvEngineChoice choice = { 0 };
	const GOptionEntry entries[] = {
		{ "host", 0, 0, G_OPTION_ARG_STRING, &choice.host, "The engine's address", "URL" },
		{ "context", 0, 0, G_OPTION_ARG_STRING, &choice.context, "A docker context",
		  "NAME" },
		{ "tls", 0, 0, G_OPTION_ARG_NONE, &choice.tls, "Speak TLS", NULL },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &choice.ca_file,
		  "Authority of the engine's certificate", "FILE" },
		{ "tlscert", 0, 0, G_OPTION_ARG_FILENAME, &choice.certificate_file,
		  "Certificate for the engine", "FILE" },
		{ "tlskey", 0, 0, G_OPTION_ARG_FILENAME, &choice.key_file, "Its key", "FILE" },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse(COMMAND, "inspect|push IMAGE:TAG",
			      "Asks a Docker engine for docker-trust.", groups, &argc, &argv,
			      &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc != 3 || (strcmp(argv[1], "inspect") != 0 && strcmp(argv[1], "push") != 0)) {
		pv_fail(&error, PV_ERROR_USAGE, "expected inspect or push, and IMAGE:TAG");
		return pv_terminal_fail(COMMAND, error);
	}
	if (!ask(&choice, argv[1], argv[2], &error))
		return report(error);
	return 0;
}
