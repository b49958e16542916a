/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise adopt: takes repositories over from a trust server that is to be left. With --data their
 * files are brought into this machine's service (by pavise-adopt, which holds no key); with --server
 * the owner of the root key names that service's keys in the next root.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/process.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "program/cli/trust_options.h"
#include "trust/adopt.h"

#define COMMAND "pavise adopt"

typedef struct {
	PvTrustOptions trust; /* of the new server */
	PvPassphrases *passphrases;
	char *data, *store, *old_ca_file;
	gboolean dry_run;
	const char *old_server;
	GPtrArray *guns; /* of char* */
} Options;

static gboolean read_arguments(Options *options, int argc, char **argv, GError **error)
{
	if (argc < 3)
		return pv_fail(error, PV_ERROR_USAGE,
			       "expected the server that is left and repositories; try `" COMMAND
			       " --help`");
	if (!g_str_has_prefix(argv[1], "https://"))
		return pv_fail(error, PV_ERROR_USAGE,
			       "the server that is left \"%.256s\": expected https://HOST[:PORT]",
			       argv[1]);
	options->old_server = argv[1];
	for (int i = 2; i < argc; i++) {
		g_auto(PvReference) reference = { 0 };

		if (!pv_reference_parse(argv[i], &reference, error))
			return FALSE;
		g_ptr_array_add(options->guns, pv_reference_repository(&reference));
	}
	if (options->store && !options->data)
		options->data = g_strdup("pavise-data");
	if (!options->data && !options->trust.server)
		return pv_fail(error, PV_ERROR_USAGE,
			       "say --data DIR on the new server's machine, to bring the files "
			       "there, and --server URL where the root key is, to name the new "
			       "server's keys");
	return TRUE;
}

/* --- the machine's half ---------------------------------------------------------------------- */

static gboolean print_line(void *data, const char *line, GError **error)
{
	puts(line);
	fflush(stdout);
	return TRUE;
}

static void add_option(GPtrArray *arguments, const char *name, const char *value)
{
	if (value)
		g_ptr_array_add(arguments, g_strdup_printf("%s=%s", name, value));
}

static int bring(const Options *options, GError **error)
{
	g_autoptr(GPtrArray) arguments = g_ptr_array_new_with_free_func(g_free);
	int status = 0;

	g_ptr_array_add(arguments, pv_process_program("pavise-adopt"));
	add_option(arguments, "--data", options->data);
	add_option(arguments, "--store", options->store);
	add_option(arguments, "--old-tlscacert", options->old_ca_file);
	for (char **pin = options->trust.pins; pin && *pin; pin++)
		add_option(arguments, "--pin", *pin);
	if (options->dry_run)
		g_ptr_array_add(arguments, g_strdup("--dry-run"));
	if (options->trust.json)
		g_ptr_array_add(arguments, g_strdup("--json"));
	g_ptr_array_add(arguments, g_strdup("--"));
	g_ptr_array_add(arguments, g_strdup(options->old_server));
	for (guint i = 0; i < options->guns->len; i++)
		g_ptr_array_add(arguments, g_strdup(options->guns->pdata[i]));
	g_ptr_array_add(arguments, NULL);
	if (!pv_process_lines((char **)arguments->pdata, print_line, NULL, &status, error))
		return -1;
	return status;
}

/* --- the owner's half ------------------------------------------------------------------------ */

static PvRepository *open_at(const Options *options, const char *gun, const char *server,
			     const char *ca_file, GError **error)
{
	const PvTrustOptions *trust = &options->trust;
	const gboolean is_new = server == trust->server;
	const PvRepositoryOptions repository = {
		.gun = gun,
		.server = server,
		.ca_file = ca_file,
		.certificate_file = is_new ? trust->certificate_file : NULL,
		.key_file = is_new ? trust->key_file : NULL,
		.pinning = trust->config->pins,
		.directory = trust->directory,
		.pins = (const char *const *)trust->pins,
		.tofu = trust->tofu,
	};

	return pv_repository_open(&repository, error);
}

static void print_adopted(const Options *options, const char *gun, const PvAdopted *adopted)
{
	g_autoptr(json_t) value = NULL;
	g_autofree char *text = NULL;
	json_t *expired = json_array();

	for (guint i = 0; i < adopted->expired->len; i++)
		json_array_append_new(expired, json_string(adopted->expired->pdata[i]));
	value = json_pack("{s:s, s:s, s:b, s:b, s:I, s:s, s:o}", "step", "adopt", "repository", gun,
			  "dry_run", options->dry_run, "already", adopted->already, "root_version",
			  (json_int_t)adopted->root_version, "snapshot_key",
			  adopted->snapshot_here ? "here" : "server", "expired", expired);
	if (options->trust.json) {
		text = pv_json_text(value, FALSE);
		fputs(text, stdout);
		return;
	}
	if (adopted->already)
		printf("%s: adopted already; root is version %" G_GINT64_FORMAT "\n", gun,
		       adopted->root_version);
	else
		printf("%s: root version %" G_GINT64_FORMAT
		       " %s the timestamp%s of %s; all signed tags stay as they are\n",
		       gun, adopted->root_version, options->dry_run ? "would name" : "names",
		       adopted->snapshot_here ? " key" : " and snapshot keys",
		       options->trust.server);
	for (guint i = 0; i < adopted->expired->len; i++)
		printf("%s: note: %s ran out: who has its key must sign it anew\n", gun,
		       (const char *)adopted->expired->pdata[i]);
}

static gboolean adopt(const Options *options, const char *gun, GError **error)
{
	g_autoptr(PvRepository) old = NULL;
	g_autoptr(PvRepository) new = NULL;
	g_auto(PvAdopted) adopted = { 0 };
	g_autoptr(GError) failure = NULL;

	old = open_at(options, gun, options->old_server, options->old_ca_file, error);
	if (!old)
		return FALSE;
	new = open_at(options, gun, options->trust.server, options->trust.ca_file, error);
	if (!new)
		return FALSE;
	if (!pv_repository_adopt(old, new, options->passphrases, options->dry_run, &adopted,
				 &failure)) {
		/* What comes from reading says it already. */
		if (!strstr(failure->message, gun))
			pv_fail_wrap(&failure, "%s", gun);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	print_adopted(options, gun, &adopted);
	fflush(stdout);
	return TRUE;
}

static int adopt_all(const Options *options)
{
	int status = 0;

	for (guint i = 0; i < options->guns->len; i++) {
		g_autoptr(GError) failure = NULL;

		if (!adopt(options, options->guns->pdata[i], &failure))
			status = MAX(status, pv_terminal_fail(COMMAND, failure));
	}
	return status;
}

/* --- what is left to do ---------------------------------------------------------------------- */

static void tell_next(const Options *options)
{
	const char *server = options->trust.server;

	if (options->trust.json || options->dry_run)
		return;
	if (!server) {
		printf("next: start the service, and have each repository's owner run, before the "
		       "old server closes:\n"
		       "  " COMMAND " --server https://THIS-SERVER %s GUN…\n",
		       options->old_server);
		return;
	}
	printf("next, for everybody who pulls or pushes (Docker CLI 28 and older):\n"
	       "  export DOCKER_CONTENT_TRUST_SERVER=%s\n"
	       "  its authority, if it is not a public one, in ~/.docker/tls/%s/ca.crt\n"
	       "next, for signers: nothing but that; their keys and delegations are as they were\n"
	       "next, for hosts with Docker CLI 29 and newer: it verifies nothing at all; use "
	       "`pavise verify`, `pavise run`\n"
	       "next, for the operator: back up the service's data; with it goes the timestamp "
	       "key\n",
	       server, server + strlen("https://"));
}

static int run(Options *options, int argc, char **argv, GError **error)
{
	int status = 0;

	/* Which server is new must be said, not left to a default that may be the old one. */
	if (!read_arguments(options, argc, argv, error))
		return -1;
	if (options->data)
		status = bring(options, error);
	if (status == 0 && options->trust.server) {
		if (!pv_trust_options_configure(&options->trust, error))
			return -1;
		status = adopt_all(options);
	}
	if (status == 0)
		tell_next(options);
	return status;
}

int pv_command_adopt(int argc, char **argv)
{
	Options options = { .passphrases = pv_passphrases_take(),
			    .guns = g_ptr_array_new_with_free_func(g_free) };
	g_autofree GOptionEntry *shared = pv_trust_options_entries(&options.trust);
	const GOptionEntry own[] = {
		{ "data", 0, 0, G_OPTION_ARG_FILENAME, &options.data,
		  "Bring the files into the service whose data this is", "DIR" },
		{ "store", 0, 0, G_OPTION_ARG_STRING, &options.store,
		  "That service's storage, if not sqlite", "STORE" },
		{ "old-tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options.old_ca_file,
		  "Authority of the old server's certificate, PEM", "FILE" },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run,
		  "Read and verify all, change nothing", NULL },
		{ NULL },
	};
	g_autofree GOptionEntry *token = pv_trust_options_token_entries(&options.trust);
	const GOptionEntry *const groups[] = { own, shared, token, NULL };
	g_autoptr(GError) error = NULL;
	int status = -1;

	options.trust.passphrases = options.passphrases;
	if (pv_options_parse(COMMAND, "OLD-SERVER GUN…",
			     "Takes repositories over from a trust server that is to be left.",
			     groups, &argc, &argv, &error))
		status = run(&options, argc, argv, &error);
	if (error)
		status = pv_terminal_fail(COMMAND, error);
	pv_trust_options_clear(&options.trust);
	pv_passphrases_free(options.passphrases);
	g_free(options.data);
	g_free(options.store);
	g_free(options.old_ca_file);
	g_ptr_array_unref(options.guns);
	return status;
}
