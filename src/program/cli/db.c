/* SPDX-License-Identifier: Apache-2.0 */

/* pavise db: the advisory database. Downloads are done by pavise-update, which alone links HTTP. */

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/process.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/scan.h"
#include "vuln/database.h"
#include "vuln/import.h"

#define COMMAND       "pavise db"
#define REFUSED_SHOWN 10
#define DEFAULT_FROM  "https://osv-vulnerabilities.storage.googleapis.com"

typedef struct {
	char *output, *db, *from;
	char **ecosystems;
	gboolean json;
	guint refused;
} Options;

static void show_refused(void *data, const char *sentence)
{
	Options *options = data;
	g_autofree char *safe = pv_terminal_safe(sentence);

	if (options->refused++ < REFUSED_SHOWN)
		fprintf(stderr, COMMAND ": passed over: %s\n", safe);
}

static void show_progress(void *data, guint64 records)
{
	if (isatty(STDERR_FILENO))
		pv_terminal_step("%" G_GUINT64_FORMAT " advisories", records);
}

static gboolean import(Options *options, const char *output, char **sources, GError **error)
{
	PvImportListener listener = { show_refused, show_progress, options };
	PvImportResult result = { 0 };
	g_autofree char *name = NULL;

	if (!pv_import(output, (const char *const *)sources, &listener, &result, error))
		return FALSE;
	if (isatty(STDERR_FILENO))
		pv_terminal_step_end();
	if (options->refused > REFUSED_SHOWN)
		fprintf(stderr, COMMAND ": passed over: %u more\n",
			options->refused - REFUSED_SHOWN);
	name = g_filename_display_name(output);
	if (options->json) {
		g_autoptr(json_t) said = json_pack("{s:s, s:I, s:I}", "database", name, "records",
						   (json_int_t)result.records, "skipped",
						   (json_int_t)result.skipped);
		g_autofree char *text = pv_json_text(said, FALSE);

		fputs(text, stdout);
	} else {
		printf("%s: %" G_GUINT64_FORMAT " advisories, %" G_GUINT64_FORMAT " passed over\n",
		       name, result.records, result.skipped);
	}
	return TRUE;
}

static gboolean run_import(Options *options, char **sources, GError **error)
{
	g_autofree char *path =
		options->output ? g_strdup(options->output) : pv_database_path(options->db);

	if (!*sources)
		return pv_fail(error, PV_ERROR_USAGE,
			       "import what? expected directories, .json, .zip or .tar files");
	return import(options, path, sources, error);
}

/* Downloads each ecosystem's export beside the database, then imports them all. */
static gboolean run_update(Options *options, char **nothing, GError **error)
{
	static const char *const defaults[] = { "Debian", "Alpine", "npm", NULL };
	const char *const *ecosystems =
		options->ecosystems ? (const char *const *)options->ecosystems : defaults;
	g_autofree char *path = pv_database_path(options->db);
	g_autofree char *scratch = g_strconcat(path, ".downloads", NULL);
	g_autofree char *program = pv_process_program("pavise-update");
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	gboolean done = pv_file_make_directory(scratch, 0700, error);

	for (; done && *ecosystems; ecosystems++) {
		char *file = g_strdup_printf("%s/%u.zip", scratch, files->len);
		char *argv[] = { program, (char *)(options->from ? options->from : DEFAULT_FROM),
				 (char *)*ecosystems, file, NULL };
		g_auto(PvProcessResult) result = { 0 };

		g_ptr_array_add(files, file);
		fprintf(stderr, COMMAND ": fetching %s\n", *ecosystems);
		done = pv_process_run(argv, NULL, NULL, PV_MIB, 0, &result, error);
		if (done && result.exit_status != 0) {
			gsize size;
			const char *said = g_bytes_get_data(result.errors, &size);
			g_autofree char *text = g_strndup(said ? said : "", size);

			done = pv_fail(error, PV_ERROR_UNREACHABLE, "%s", g_strchomp(text));
		}
	}
	g_ptr_array_add(files, NULL);
	done = done && import(options, path, (char **)files->pdata, error);
	pv_file_remove_tree(scratch, NULL);
	return done;
}

static gboolean run_status(Options *options, char **nothing, GError **error)
{
	g_autofree char *path = pv_database_path(options->db);
	g_autoptr(PvDatabase) database = pv_database_open(path, error);
	const json_t *about;
	const char *name;
	json_t *count;

	if (!database)
		return FALSE;
	about = pv_database_about(database);
	if (options->json) {
		g_autofree char *text = pv_json_text(about, FALSE);

		fputs(text, stdout);
		return TRUE;
	}
	printf("%s: %d advisories of %s\n", path,
	       (int)json_integer_value(json_object_get(about, "records")),
	       pv_json_string(about, "created"));
	json_object_foreach(json_object_get(about, "ecosystems"), name, count) {
		g_autofree char *safe = pv_terminal_safe(name);

		printf("  %-24s %d\n", safe, (int)json_integer_value(count));
	}
	printf("digest %s\n", pv_json_string(about, "digest"));
	return TRUE;
}

static void options_clear(Options *options)
{
	g_free(options->output);
	g_free(options->db);
	g_free(options->from);
	g_strfreev(options->ecosystems);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

typedef struct {
	PvVerb verb;
	gboolean (*run)(Options *options, char **argv, GError **error);
} Verb;

static const Verb verbs[] = {
	{ { "update", "", 0, 0 }, run_update },
	{ { "import", "SOURCE…", 0, G_MAXINT }, run_import },
	{ { "status", "", 0, 0 }, run_status },
};

static gboolean run(Options *options, int argc, char **argv, GError **error)
{
	const Verb *verb = pv_options_verb(COMMAND, verbs, G_N_ELEMENTS(verbs), sizeof *verbs, argc,
					   argv, error);

	return verb && verb->run(options, argv + 2, error);
}

int pv_command_db(int argc, char **argv)
{
	g_auto(Options) options = { 0 };
	const GOptionEntry entries[] = {
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
		  "The database to make (import)", "FILE" },
		{ "db", 0, 0, G_OPTION_ARG_FILENAME, &options.db,
		  "The database (default: $PAVISE_DB, else that of this host or user)", "FILE" },
		{ "from", 0, 0, G_OPTION_ARG_STRING, &options.from,
		  "Where exports are (update; default OSV's own)", "URL" },
		{ "ecosystem", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.ecosystems,
		  "Fetch this one (update; may be repeated; default Debian, Alpine, npm)", "NAME" },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse(COMMAND, "update | import SOURCE… | status",
			      "Keeps the advisory database. Sources are OSV records: directories, "
			      ".json, .zip, .tar, .tar.gz, .tar.zst.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	return run(&options, argc, argv, &error) ? 0 : pv_terminal_fail(COMMAND, error);
}
