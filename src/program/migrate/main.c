/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-migrate: takes an existing Notary deployment over. A program of its own, so that nothing
 * else loads the client library of MySQL.
 */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/terminal.h"
#include "crypto/secret.h"
#include "program/cli/options.h"
#include "program/migrate/migrate.h"

typedef struct {
	const char *name, *kind;
	gboolean needs_data;
	const char *harbor_database;
	gboolean (*run)(const PvMigrateOptions *options, const char *source,
			PvMigrateReport *report, GError **error);
} Verb;

static const Verb verbs[] = {
	{ "notary-server", "repositories", TRUE, "notaryserver", pv_migrate_run_server },
	{ "signer", "keys", TRUE, "notarysigner", pv_migrate_run_signer },
	{ "docker-trust", "files", FALSE, NULL, pv_migrate_run_client },
};

static void options_clear(PvMigrateOptions *options)
{
	g_free(options->data);
	g_free(options->store);
	g_free(options->trust_dir);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvMigrateOptions, options_clear)

/*
 * Harbor's PostgreSQL has both databases under fixed names: its address alone is enough, and so is
 * one with parameters, postgresql://HOST/?sslmode=require.
 */
static char *source_of(const PvMigrateOptions *options, const Verb *verb, const char *named)
{
	const char *host = strstr(named, "://");
	g_autofree char *address = NULL;
	gsize size;

	if (!options->harbor || !host)
		return g_strdup(named);
	host += strlen("://");
	size = (gsize)(host - named) + strcspn(host, "/?");
	if (named[size] == '/' && named[size + 1] && named[size + 1] != '?')
		return g_strdup(named);
	address = g_strndup(named, size);
	return g_strconcat(address, "/", verb->harbor_database,
			   named + size + (named[size] == '/' ? 1 : 0), NULL);
}

static int run(const PvMigrateOptions *options, const Verb *verb, const char *named)
{
	g_autofree char *source = source_of(options, verb, named);
	g_autoptr(GError) error = NULL;
	PvMigrateReport report;

	pv_migrate_report_init(&report, options, verb->kind);
	if (!verb->run(options, source, &report, &error)) {
		json_decref(report.outcomes);
		return pv_terminal_fail(PV_MIGRATE_COMMAND, error);
	}
	return pv_migrate_report_end(&report, source);
}

static const Verb *find_verb(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static int command_migrate(int argc, char **argv)
{
	g_auto(PvMigrateOptions) options = { 0 };
	const GOptionEntry entries[] = {
		{ "data", 0, 0, G_OPTION_ARG_FILENAME, &options.data,
		  "The data directory of `pavise serve` (notary-server, signer)", "DIR" },
		{ "store", 0, 0, G_OPTION_ARG_STRING, &options.store,
		  "sqlite (the default, in --data) or postgresql://… (notary-server)", "STORE" },
		{ "trust-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options.trust_dir,
		  "Where keys and trust data go (docker-trust; default ~/.docker/trust)", "DIR" },
		{ "harbor", 0, 0, G_OPTION_ARG_NONE, &options.harbor,
		  "SOURCE is the PostgreSQL of Harbor: add the names of its databases", NULL },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run,
		  "Do all but write, and report", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	const Verb *verb;

	if (!pv_options_parse(
		    PV_MIGRATE_COMMAND, "notary-server SOURCE | signer SOURCE | docker-trust DIR",
		    "Takes over what a Notary deployment has. SOURCE is "
		    "mysql://USER@HOST:PORT/DATABASE, postgresql://USER@HOST:PORT/DATABASE "
		    "or a plain-text file of mysqldump or pg_dump.",
		    groups, &argc, &argv, &error))
		return pv_terminal_fail(PV_MIGRATE_COMMAND, error);
	verb = argc == 3 ? find_verb(argv[1]) : NULL;
	if (!verb)
		pv_fail(&error, PV_ERROR_USAGE,
			"expected notary-server SOURCE, signer SOURCE or docker-trust DIR; try "
			"`%s --help`",
			PV_MIGRATE_COMMAND);
	else if (verb->needs_data && !options.data)
		pv_fail(&error, PV_ERROR_USAGE, "%s needs --data DIR", verb->name);
	else if (options.harbor && (!verb->harbor_database || g_str_has_prefix(argv[2], "mysql:")))
		pv_fail(&error, PV_ERROR_USAGE,
			"--harbor is for the databases of Harbor, which are PostgreSQL's");
	else
		return run(&options, verb, argv[2]);
	return pv_terminal_fail(PV_MIGRATE_COMMAND, error);
}

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = { { "migrate", command_migrate } };

	pv_secret_protect_process();
	umask(077);
	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
