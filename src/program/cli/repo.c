/* SPDX-License-Identifier: Apache-2.0 */

/* pavise repo: advanced administration of a repository's trust data. */

#include "program/cli/repo.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "trust/token_keys.h"

#define COMMAND "pavise repo"

/* A repository without trust data gets its snapshot key at the server, as with Docker. */
static const PvInitialise as_docker = { .server_snapshot = TRUE };

static PvRepository *open_named(PvRepoOptions *options, char **argv, GError **error)
{
	return pv_trust_options_open(&options->trust, argv[1], error);
}

/* As many root keys as were meant, so that a forgotten one is not found out by its loss. */
static gboolean check_roots(const PvRepoOptions *options, guint uris, GError **error)
{
	if (options->root_keys && (guint)options->root_keys != MAX(uris, 1))
		return pv_fail(
			error, PV_ERROR_USAGE,
			"--root-keys %d: say --root-key URI as many times; it was said %u times",
			options->root_keys, uris);
	if (options->threshold < 0 || (guint)options->threshold > MAX(uris, 1))
		return pv_fail(error, PV_ERROR_USAGE,
			       "--threshold %d: a root needs 1 to %u signatures of its keys",
			       options->threshold, MAX(uris, 1));
	return !(uris && (options->root_key || options->root_certificate)) ||
	       pv_fail(error, PV_ERROR_USAGE,
		       "--root-key names keys on tokens: leave --root-key-file and "
		       "--root-certificate out");
}

static gboolean initialise(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvRepository) repository = open_named(options, argv, error);
	const guint uris = options->root_uris ? g_strv_length(options->root_uris) : 0;
	const PvInitialise how = { .root_uris = (const char *const *)options->root_uris,
				   .threshold = (guint)MAX(options->threshold, 0),
				   .root_key_file = options->root_key,
				   .root_certificate_file = options->root_certificate,
				   .server_snapshot = !options->snapshot_here };
	g_auto(PvPublished) published = { 0 };
	g_autofree char *root = NULL;
	g_autoptr(json_t) value = NULL;
	g_autofree char *text = NULL;

	if (!check_roots(options, uris, error) || !repository ||
	    !pv_repository_initialise(repository, options->passphrases, &how, &root, error))
		return FALSE;
	if (options->publish &&
	    !pv_repository_publish(repository, options->passphrases, &as_docker, &published, error))
		return FALSE;
	value = json_pack("{s:s, s:s, s:b}", "repository", options->trust.gun, "root_key", root,
			  "published", options->publish);
	text = pv_json_text(value, FALSE);
	if (options->trust.json)
		fputs(text, stdout);
	else
		printf("initialised %s with root key %s; %s\n", options->trust.gun, root,
		       options->publish ? "published"
					: "`pavise repo publish` makes it known to the server");
	return TRUE;
}

static gboolean publish(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvRepository) repository = open_named(options, argv, error);
	g_auto(PvPublished) published = { 0 };

	if (!repository ||
	    !pv_repository_publish(repository, options->passphrases, &as_docker, &published, error))
		return FALSE;
	pv_published_report(&options->trust, "published", &published);
	return TRUE;
}

/* (transfer full): ids of --key and --root-key, which may be places on tokens. */
static GPtrArray *chosen_keys(PvRepoOptions *options, const char *role, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	char **const lists[] = { options->keys, options->root_uris };
	const char *gun = strcmp(role, "root") == 0 ? NULL : options->trust.gun;

	if (options->root_uris && gun)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "--root-key is for the root role; say --key for %s", role);
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		for (char **name = lists[i]; name && *name; name++) {
			char *id = strchr(*name, ':') ? pv_token_key_at(options->trust.directory,
									options->passphrases, *name,
									gun, role, error)
						      : g_strdup(*name);

			if (!id)
				return NULL;
			g_ptr_array_add(ids, id);
		}
	}
	g_ptr_array_add(ids, NULL);
	return g_steal_pointer(&ids);
}

static gboolean rotate(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvRepository) repository = open_named(options, argv, error);
	g_autoptr(GPtrArray) ids = repository ? chosen_keys(options, argv[2], error) : NULL;
	const PvRotation rotation = { .role = argv[2],
				      .server =
					      options->server || strcmp(argv[2], "timestamp") == 0,
				      .keys = ids ? (const char *const *)ids->pdata : NULL,
				      .legacy = (guint)MAX(0, options->legacy) };
	g_auto(PvPublished) published = { 0 };
	g_autofree char *what = NULL;

	if (!ids ||
	    !pv_repository_rotate(repository, options->passphrases, &rotation, &published, error))
		return FALSE;
	what = g_strdup_printf("new %s key for", argv[2]);
	pv_published_report(&options->trust, what, &published);
	return TRUE;
}

static gboolean witness_now(PvEdit *edit, void *data, GError **error)
{
	return pv_edit_apply_all(edit, data, error);
}

static gboolean witness(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvRepository) repository = open_named(options, argv, error);
	g_autoptr(GPtrArray) changes =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_change_free);
	g_auto(PvPublished) published = { 0 };

	if (!repository)
		return FALSE;
	for (int i = 2; i < argc; i++)
		g_ptr_array_add(changes, pv_change_witness(argv[i]));
	for (guint i = 0; options->stage && i < changes->len; i++) {
		if (!pv_changelist_add(options->trust.directory, options->trust.gun,
				       changes->pdata[i], error))
			return FALSE;
	}
	if (options->stage) {
		published.changes = changes->len;
	} else if (!pv_repository_edit(repository, options->passphrases, NULL, witness_now, changes,
				       &published, error)) {
		return FALSE;
	}
	if (options->stage && !options->trust.json)
		printf("%s: staged; `pavise repo publish` publishes it\n", options->trust.gun);
	else
		pv_published_report(&options->trust, "witnessed in", &published);
	return TRUE;
}

static gboolean delete_repository(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvRepository) repository = open_named(options, argv, error);
	g_autofree char *question = NULL;
	g_autofree char *text = NULL;
	g_autoptr(json_t) value = NULL;

	if (!repository)
		return FALSE;
	question = g_strdup_printf("delete the trust data of %s here%s%s", options->trust.gun,
				   options->remote ? " and at " : "",
				   options->remote ? pv_repository_server(repository) : "");
	if (!pv_confirm(question, options->yes, error) ||
	    !pv_repository_delete(repository, options->remote, error))
		return FALSE;
	value = json_pack("{s:s, s:b}", "repository", options->trust.gun, "remote",
			  options->remote);
	text = pv_json_text(value, FALSE);
	if (options->trust.json)
		fputs(text, stdout);
	else
		printf("deleted the trust data of %s%s; keys stay in %s/private\n",
		       options->trust.gun, options->remote ? ", here and at the server" : " here",
		       options->trust.directory);
	return TRUE;
}

typedef struct {
	PvVerb verb;
	gboolean (*run)(PvRepoOptions *options, int argc, char **argv, GError **error);
} Verb;

static const Verb verbs[] = {
	{ { "init", "GUN", 1, 1 }, initialise },
	{ { "status", "GUN", 1, 1 }, pv_repo_status },
	{ { "publish", "GUN", 1, 1 }, publish },
	{ { "reset", "GUN --all|--number N", 1, 1 }, pv_repo_reset },
	{ { "rotate", "GUN root|targets|snapshot|timestamp", 2, 2 }, rotate },
	{ { "witness", "GUN ROLE…", 2, G_MAXINT }, witness },
	{ { "delete", "GUN", 1, 1 }, delete_repository },
	{ { "list", "", 0, 0 }, pv_repo_list },
};

static gboolean run(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	const Verb *verb = pv_options_verb(COMMAND, verbs, G_N_ELEMENTS(verbs), sizeof *verbs, argc,
					   argv, error);

	return verb && verb->run(options, argc - 1, argv + 1, error);
}

static void clear(PvRepoOptions *options)
{
	pv_trust_options_clear(&options->trust);
	pv_passphrases_free(options->passphrases);
	g_free(options->root_key);
	g_free(options->root_certificate);
	g_strfreev(options->keys);
	g_strfreev(options->root_uris);
	g_strfreev(options->numbers);
}

int pv_command_repo(int argc, char **argv)
{
	PvRepoOptions options = { .passphrases = pv_passphrases_take() };
	g_autofree GOptionEntry *shared = pv_trust_options_entries(&options.trust);
	const GOptionEntry own[] = {
		{ "root-key-file", 0, 0, G_OPTION_ARG_FILENAME, &options.root_key,
		  "Import this root key (init)", "FILE" },
		{ "root-certificate", 0, 0, G_OPTION_ARG_FILENAME, &options.root_certificate,
		  "Certificate of the root key (init)", "FILE" },
		{ "root-key", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.root_uris,
		  "The root key is there, on a token; may be repeated (init, rotate root)", "URI" },
		{ "root-keys", 0, 0, G_OPTION_ARG_INT, &options.root_keys,
		  "How many --root-key there must be (init)", "N" },
		{ "threshold", 0, 0, G_OPTION_ARG_INT, &options.threshold,
		  "How many of them have to sign a root (default 1; init)", "N" },
		{ "snapshot-here", 0, 0, G_OPTION_ARG_NONE, &options.snapshot_here,
		  "Keep the snapshot key here, not at the server (init)", NULL },
		{ "publish", 'p', 0, G_OPTION_ARG_NONE, &options.publish, "Publish at once (init)",
		  NULL },
		{ "server-managed", 'r', 0, G_OPTION_ARG_NONE, &options.server,
		  "The server makes and keeps the new key (rotate)", NULL },
		{ "key", 'k', 0, G_OPTION_ARG_STRING_ARRAY, &options.keys,
		  "Rotate to this key of the trust directory, or on a token; may be repeated "
		  "(rotate)",
		  "ID|URI" },
		{ "legacy", 'l', 0, G_OPTION_ARG_INT, &options.legacy,
		  "Sign the new root with the keys of N older versions too (rotate)", "N" },
		{ "number", 'n', 0, G_OPTION_ARG_STRING_ARRAY, &options.numbers,
		  "Take this change back; may be repeated (reset)", "N" },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &options.all, "Take all back (reset)", NULL },
		{ "stage", 0, 0, G_OPTION_ARG_NONE, &options.stage,
		  "Only stage it, to be published later (witness)", NULL },
		{ "remote", 0, 0, G_OPTION_ARG_NONE, &options.remote, "At the server too (delete)",
		  NULL },
		{ "yes", 'y', 0, G_OPTION_ARG_NONE, &options.yes, "Do not ask (delete)", NULL },
		{ NULL },
	};
	g_autofree GOptionEntry *token = pv_trust_options_token_entries(&options.trust);
	const GOptionEntry *const groups[] = { own, shared, token, NULL };
	g_autoptr(GError) error = NULL;
	int status = 0;

	options.trust.passphrases = options.passphrases;
	if (!pv_options_parse(COMMAND,
			      "init|status|publish|reset|delete GUN | rotate GUN ROLE | witness "
			      "GUN ROLE… | list",
			      "Administers a repository's trust data.", groups, &argc, &argv,
			      &error) ||
	    !run(&options, argc, argv, &error))
		status = pv_terminal_fail(COMMAND, error);
	clear(&options);
	return status;
}
