/* SPDX-License-Identifier: Apache-2.0 */

/* pavise signer: who may sign in a repository, as delegations. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/sorted.h"
#include "base/terminal.h"
#include "crypto/certificate.h"
#include "program/cli/options.h"
#include "program/cli/published.h"
#include "program/cli/trust.h"

#define COMMAND "pavise signer"
#define PREFIX  "targets/"

typedef struct {
	PvTrustOptions trust;
	char **keys;
	gboolean force;
	PvPassphrases *passphrases;
} Options;

static gboolean add(Options *options, char **argv, GError **error)
{
	const char *name = argv[0], *image = argv[1];
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	g_autoptr(PvRepository) repository = NULL;
	g_auto(PvPublished) published = { 0 };
	g_autofree char *what = NULL;

	for (char **path = options->keys; path && *path; path++) {
		PvPublicKey *key = pv_certificate_read_key(*path, error);

		if (!key)
			return FALSE;
		g_ptr_array_add(keys, key);
	}
	if (keys->len == 0)
		return pv_fail(
			error, PV_ERROR_USAGE,
			"whose key? name the signer's public key or certificate: --key FILE");
	repository = pv_trust_options_open(&options->trust, image, error);
	if (!repository || !pv_repository_add_signer(repository, options->passphrases, name, keys,
						     &published, error))
		return FALSE;
	what = g_strdup_printf("%s may sign in", name);
	pv_published_report(&options->trust, what, &published);
	return TRUE;
}

static gboolean remove_signer(Options *options, char **argv, GError **error)
{
	const char *name = argv[0], *image = argv[1];
	g_autoptr(PvRepository) repository = pv_trust_options_open(&options->trust, image, error);
	g_auto(PvPublished) published = { 0 };
	g_autofree char *what = NULL;

	if (!repository || !pv_repository_remove_signer(repository, options->passphrases, name,
							options->force, &published, error))
		return FALSE;
	what = g_strdup_printf("%s may sign no more in", name);
	pv_published_report(&options->trust, what, &published);
	return TRUE;
}

/* (transfer container): what targets delegates to, by name. */
static GPtrArray *delegations(const PvTufState *state)
{
	GPtrArray *roles = pv_sorted_names(state->targets->roles);

	for (guint i = 0; i < roles->len; i++)
		roles->pdata[i] = g_hash_table_lookup(state->targets->roles, roles->pdata[i]);
	return roles;
}

static json_t *json_of(const PvRole *role, const PvTufState *state)
{
	json_t *keys = json_array(), *paths = json_array();

	for (guint i = 0; i < role->keys->len; i++)
		json_array_append_new(keys, json_string(pv_public_key_canonical_id(
						    role->keys->pdata[i])));
	for (guint i = 0; i < role->paths->len; i++)
		json_array_append_new(paths, json_string(role->paths->pdata[i]));
	return json_pack("{s:s, s:o, s:i, s:o, s:b}", "name", role->name + strlen(PREFIX), "keys",
			 keys, "threshold", (int)role->threshold, "paths", paths, "has_signed",
			 pv_tuf_metadata(state, role->name) != NULL);
}

static void print_for_people(const GPtrArray *roles)
{
	printf("%-24s %-9s %s\n", "SIGNER", "THRESHOLD", "KEYS");
	for (guint i = 0; i < roles->len; i++) {
		const PvRole *role = roles->pdata[i];

		printf("%-24s %-9u", role->name + strlen(PREFIX), role->threshold);
		for (guint k = 0; k < role->keys->len; k++)
			printf(" %.12s", pv_public_key_canonical_id(role->keys->pdata[k]));
		putchar('\n');
	}
}

static gboolean list(Options *options, char **argv, GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(&options->trust, argv[0], error);
	g_autoptr(PvTufState) state = repository ? pv_repository_update(repository, error) : NULL;
	g_autoptr(GPtrArray) roles = state ? delegations(state) : NULL;
	g_autoptr(json_t) all = json_array();
	g_autofree char *text = NULL;

	if (!state)
		return FALSE;
	for (guint i = 0; i < roles->len; i++)
		json_array_append_new(all, json_of(roles->pdata[i], state));
	if (options->trust.json) {
		text = pv_json_text(all, FALSE);
		fputs(text, stdout);
	} else {
		print_for_people(roles);
	}
	return TRUE;
}

typedef struct {
	PvVerb verb;
	gboolean (*run)(Options *options, char **argv, GError **error);
} Verb;

static const Verb verbs[] = {
	{ { "add", "NAME IMAGE", 2, 2 }, add },
	{ { "remove", "NAME IMAGE", 2, 2 }, remove_signer },
	{ { "list", "IMAGE", 1, 1 }, list },
};

static gboolean run(Options *options, int argc, char **argv, GError **error)
{
	const Verb *verb = pv_options_verb(COMMAND, verbs, G_N_ELEMENTS(verbs), sizeof *verbs, argc,
					   argv, error);

	return verb && verb->run(options, argv + 2, error);
}

int pv_command_signer(int argc, char **argv)
{
	Options options = { .passphrases = pv_passphrases_take() };
	g_autofree GOptionEntry *shared = pv_trust_options_entries(&options.trust);
	const GOptionEntry own[] = {
		{ "key", 'k', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.keys,
		  "The signer's public key or certificate, PEM; may be repeated (add)", "FILE" },
		{ "force", 'f', 0, G_OPTION_ARG_NONE, &options.force,
		  "Even if what is released cannot be verified then (remove)", NULL },
		{ NULL },
	};
	g_autofree GOptionEntry *token = pv_trust_options_token_entries(&options.trust);
	const GOptionEntry *const groups[] = { own, shared, token, NULL };
	g_autoptr(GError) error = NULL;
	int status = 0;

	options.trust.passphrases = options.passphrases;
	if (!pv_options_parse(COMMAND, "add NAME IMAGE | remove NAME IMAGE | list IMAGE",
			      "Says who may sign in a repository. A signer is the delegation "
			      "targets/NAME; what signers sign is released by targets/releases.",
			      groups, &argc, &argv, &error) ||
	    !run(&options, argc, argv, &error))
		status = pv_terminal_fail(COMMAND, error);
	pv_trust_options_clear(&options.trust);
	g_strfreev(options.keys);
	pv_passphrases_free(options.passphrases);
	return status;
}
