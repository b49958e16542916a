/* SPDX-License-Identifier: Apache-2.0 */

/* pavise verify: the digest that an image's publisher signed, fresh and not rolled back. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "program/cli/trust_options.h"

#define COMMAND "pavise verify"

/* (nullable) what is known of where key @id of @role is. */
static char *words_of(const PvHardwareRole *role, const char *id)
{
	for (guint i = 0; role && i < role->keys->len; i++) {
		const PvHardware *key = role->keys->pdata[i];

		if (strcmp(key->id, id) == 0)
			return pv_hardware_words(key);
	}
	return NULL;
}

static void print_signers(const char *words, const char *name, const PvHardwareRole *hardware,
			  const char *id)
{
	g_autofree char *where = words_of(hardware, id);
	g_autofree char *safe = where ? pv_terminal_safe(where) : NULL;

	printf("%s %s with key %.12s%s%s%s\n", words, name, id, safe ? " (" : "", safe ? safe : "",
	       safe ? ")" : "");
}

/* The roles behind those that signed; with what keys is known of --hardware alone. */
static void print_hardware(const PvTrustAnswer *answer)
{
	for (guint i = 0; answer->hardware && i < answer->hardware->len; i++) {
		const PvHardwareRole *role = answer->hardware->pdata[i];

		for (guint k = 0; k < role->keys->len; k++)
			print_signers("depends on", role->name, role,
				      ((PvHardware *)role->keys->pdata[k])->id);
	}
}

static void print_for_people(const PvTrustAnswer *answer)
{
	char digest[PV_DIGEST_TEXT_SIZE], expires[PV_TIME_TEXT_SIZE];

	pv_digest_format(&answer->digest, digest);
	pv_time_format(answer->expires, expires);
	printf("%s\n", digest);
	for (guint i = 0; i < answer->roles->len; i++) {
		const PvTrustRole *role = answer->roles->pdata[i];

		for (guint k = 0; k < role->keys->len; k++)
			print_signers("signed by", role->name, role->hardware,
				      role->keys->pdata[k]);
	}
	print_hardware(answer);
	printf("valid until %s%s\n", expires, answer->from_cache ? " (from the cache)" : "");
	for (guint i = 0; i < answer->notes->len; i++) {
		g_autofree char *note = pv_terminal_safe(answer->notes->pdata[i]);

		fprintf(stderr, COMMAND ": passed over: %s\n", note);
	}
}

/* A reference with a digest must be the digest that is signed. */
static gboolean check_digest(const PvTrustOptions *options, const PvTrustAnswer *answer,
			     GError **error)
{
	char named[PV_DIGEST_TEXT_SIZE], found[PV_DIGEST_TEXT_SIZE];

	if (!options->reference.has_digest ||
	    pv_digest_equal(&options->reference.digest, &answer->digest))
		return TRUE;
	pv_digest_format(&options->reference.digest, named);
	pv_digest_format(&answer->digest, found);
	return pv_fail(error, PV_ERROR_NOT_SIGNED, "tag %s is signed as %s, not as %s",
		       options->reference.tag, found, named);
}

static gboolean verify(PvTrustOptions *options, const char *image, GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(options, image, error);
	g_autoptr(PvTrustAnswer) answer = NULL;
	g_autofree char *reference = NULL;

	if (!repository)
		return FALSE;
	if (!options->reference.tag)
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s has no tag: trust data says which digest a tag has", image);
	answer = pv_repository_verify(repository, options->reference.tag, error);
	if (!answer || !check_digest(options, answer, error))
		return FALSE;
	if (answer->hardware_note)
		fprintf(stderr, COMMAND ": attestations could not be asked for: %s\n",
			answer->hardware_note);
	reference = g_strdup_printf("%s:%s", options->gun, options->reference.tag);
	if (options->json) {
		g_autofree char *text = pv_trust_answer_json(reference, answer);

		fputs(text, stdout);
	} else {
		print_for_people(answer);
	}
	return TRUE;
}

int pv_command_verify(int argc, char **argv)
{
	g_auto(PvTrustOptions) options = { 0 };
	g_autofree GOptionEntry *entries = pv_trust_options_entries(&options);
	const GOptionEntry own[] = {
		{ "hardware", 0, 0, G_OPTION_ARG_NONE, &options.wants_hardware,
		  "Say in what devices the keys are, also those of root and of who delegated",
		  NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { own, entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse(COMMAND, "IMAGE",
			      "Prints the digest that the image's publisher signed for this tag.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc != 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one IMAGE; try `%s --help`", COMMAND);
		return pv_terminal_fail(COMMAND, error);
	}
	if (!verify(&options, argv[1], &error))
		return pv_terminal_fail(COMMAND, error);
	return 0;
}
