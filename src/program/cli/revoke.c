/* SPDX-License-Identifier: Apache-2.0 */

/* pavise revoke: takes the signature of a tag, or of all tags, back. */

#include <stdio.h>

#include "base/error.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/published.h"
#include "program/cli/trust.h"
#include "trust/trace.h"

#define COMMAND "pavise revoke"

static void trace(const PvTrustOptions *options, const char *tag)
{
	g_autofree char *reference =
		tag ? g_strdup_printf("%s:%s", options->gun, tag) : g_strdup(options->gun);
	g_autoptr(GError) error = NULL;

	if (!pv_trace_append("revoke", reference, NULL, NULL, &error))
		fprintf(stderr, COMMAND ": not in the audit trail: %s\n", error->message);
}

static gboolean revoke_tag(PvTrustOptions *options, PvPassphrases *passphrases, const char *image,
			   gboolean yes, GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(options, image, error);
	g_auto(PvPublished) published = { 0 };
	g_autofree char *question = NULL;
	const char *tag;

	if (!repository)
		return FALSE;
	tag = pv_trust_options_has_tag(image) ? options->reference.tag : NULL;
	question = g_strdup_printf("revoke the signatures of all tags of %s", options->gun);
	if (options->reference.has_digest)
		return pv_fail(error, PV_ERROR_USAGE, "a tag is revoked, not a digest");
	if (!tag && !pv_confirm(question, yes, error))
		return FALSE;
	if (!pv_repository_revoke(repository, passphrases, tag, &published, error))
		return FALSE;
	trace(options, tag);
	pv_published_report(options, tag ? "revoked a tag of" : "revoked all tags of", &published);
	return TRUE;
}

int pv_command_revoke(int argc, char **argv)
{
	g_auto(PvTrustOptions) options = { 0 };
	g_autoptr(PvPassphrases) passphrases = pv_passphrases_take();
	g_autofree GOptionEntry *shared = pv_trust_options_entries(&options);
	gboolean yes = FALSE;
	const GOptionEntry own[] = {
		{ "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, "Do not ask", NULL },
		{ NULL },
	};
	g_autofree GOptionEntry *token = pv_trust_options_token_entries(&options);
	const GOptionEntry *const groups[] = { own, shared, token, NULL };
	g_autoptr(GError) error = NULL;

	options.passphrases = passphrases;
	if (!pv_options_parse(COMMAND, "IMAGE[:TAG]",
			      "Takes the signature of a tag back, in every role whose key is here; "
			      "without a tag, of all tags.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc != 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one IMAGE; try `%s --help`", COMMAND);
		return pv_terminal_fail(COMMAND, error);
	}
	if (!revoke_tag(&options, passphrases, argv[1], yes, &error))
		return pv_terminal_fail(COMMAND, error);
	return 0;
}
