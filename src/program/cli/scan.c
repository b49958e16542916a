/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise scan: inventory and findings of an image or a root file system. An image in a registry is
 * copied to a scratch layout first, by pavise-image.
 */

#include "program/cli/scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/process.h"
#include "base/terminal.h"
#include "oci/reference.h"
#include "program/cli/options.h"
#include "report/report.h"
#include "sandbox/inspect.h"
#include "trust/trace.h"

#define COMMAND "pavise scan"

typedef struct {
	char *db, *format, *output, *platform, *fail_on, *ca_file;
	const PvReportFormat *report_format;
	PvSeverity fail_severity; /* unknown: never */
	char *scratch;            /* a layout made for a registry's image */
	gboolean list;
} Options;

static gboolean check_options(Options *options, GError **error)
{
	options->report_format = pv_report_format(options->format ? options->format : "table");
	if (!options->report_format)
		return pv_fail(error, PV_ERROR_USAGE, "--format \"%s\": expected table or json",
			       options->format);
	if (!options->fail_on)
		return TRUE;
	options->fail_severity = pv_severity_parse(options->fail_on);
	if (options->fail_severity < PV_SEVERITY_LOW)
		return pv_fail(error, PV_ERROR_USAGE,
			       "--fail-on \"%s\": expected low, medium, high or critical",
			       options->fail_on);
	return TRUE;
}

/* Copies an image of a registry; gives "oci:DIR:scan". */
static char *fetch(Options *options, const char *source, GError **error)
{
	const char *base = g_getenv("TMPDIR");
	g_autofree char *path =
		g_build_filename(base && *base ? base : "/var/tmp", "pavise-scan-XXXXXX", NULL);
	g_autofree char *program = pv_process_program("pavise-image");
	g_autofree char *target = NULL;
	g_auto(PvProcessResult) result = { 0 };
	const char *argv[16] = { program, "copy", "--quiet" };
	guint count = 3;

	if (!g_mkdtemp(path))
		return pv_fail_errno(error, errno, "cannot make a scratch directory"), NULL;
	options->scratch = g_strdup(path);
	target = g_strdup_printf("oci:%s:scan", path);
	if (options->platform) {
		argv[count++] = "--platform";
		argv[count++] = options->platform;
	}
	if (options->ca_file) {
		argv[count++] = "--tlscacert";
		argv[count++] = options->ca_file;
	}
	argv[count++] = source;
	argv[count++] = target;
	if (isatty(STDERR_FILENO))
		pv_terminal_step("fetching %s", source);
	if (!pv_process_run((char **)argv, NULL, NULL, PV_MIB, 0, &result, error))
		return NULL;
	pv_terminal_step_end();
	if (result.exit_status != 0) {
		gsize size;
		const char *said = g_bytes_get_data(result.errors, &size);
		g_autofree char *text = g_strndup(said ? said : "", size);
		const char *sentence = g_strrstr(g_strchomp(text), "pavise copy: ");

		/* The sentence holds the next step already: codes that add none. */
		return pv_fail_null(error,
				    result.exit_status == 1   ? PV_ERROR_REFUSED
				    : result.exit_status == 2 ? PV_ERROR_USAGE
							      : PV_ERROR_SERVER,
				    "%s", sentence ? sentence + strlen("pavise copy: ") : text);
	}
	return g_steal_pointer(&target);
}

static PvInventory *inspect(Options *options, const char *name, GError **error)
{
	g_auto(PvSource) source = { 0 };
	g_autofree char *fetched = NULL;
	PvInventory *inventory;

	if (!pv_source_parse(name, &source, error))
		return NULL;
	if (source.kind == PV_SOURCE_SBOM)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "%s: bills of materials are not read by this version", name);
	if (source.kind == PV_SOURCE_DIRECTORY)
		inventory = pv_inspect_directory(source.path, error);
	else if (source.kind != PV_SOURCE_REGISTRY)
		inventory = pv_inspect_image(name, options->platform, error);
	else
		inventory = (fetched = fetch(options, name, error))
				    ? pv_inspect_image(fetched, options->platform, error)
				    : NULL;
	if (inventory && source.kind == PV_SOURCE_REGISTRY) {
		g_autofree char *reference = pv_reference_format(&source.reference);

		inventory->reference = pv_inventory_string(inventory, reference);
	}
	return inventory;
}

static void trace(const PvInventory *inventory, const PvMatch *match, const json_t *about)
{
	g_autoptr(json_t) members = json_object();
	g_autoptr(GError) error = NULL;
	json_t *counts = json_object();
	char digest[PV_DIGEST_TEXT_SIZE] = "";

	for (guint i = PV_SEVERITY_COUNT; i-- > 0;) {
		if (match->counts[i])
			json_object_set_new(counts, pv_severity_name((PvSeverity)i),
					    json_integer(match->counts[i]));
	}
	json_object_set_new(members, "findings", counts);
	json_object_set_new(members, "database", json_string(pv_json_string(about, "digest")));
	if (inventory->digest.size)
		pv_digest_format(&inventory->digest, digest);
	if (!pv_trace_append("scan", inventory->reference, *digest ? digest : NULL, members,
			     &error))
		fprintf(stderr, COMMAND ": not in the audit trail: %s\n", error->message);
}

static gboolean print(const Options *options, const PvReport *report, GError **error)
{
	g_autofree char *text = options->report_format->write(report);

	if (options->output)
		return pv_file_replace(options->output, text, strlen(text), 0644, error);
	if (fputs(text, stdout) < 0 || fflush(stdout) != 0)
		return pv_fail_errno(error, errno, "cannot write the report");
	return TRUE;
}

/* FALSE with PV_ERROR_REFUSED if a finding is as severe as --fail-on says. */
static gboolean check_findings(const Options *options, const PvMatch *match, GError **error)
{
	guint count = 0;

	if (options->fail_severity == PV_SEVERITY_UNKNOWN)
		return TRUE;
	for (guint i = options->fail_severity; i < PV_SEVERITY_COUNT; i++)
		count += match->counts[i];
	if (count == 0)
		return TRUE;
	return pv_fail(error, PV_ERROR_REFUSED, "%u finding%s of severity %s or worse", count,
		       count == 1 ? "" : "s", pv_severity_name(options->fail_severity));
}

static gboolean scan(Options *options, const char *name, GError **error)
{
	g_autofree char *path = pv_database_path(options->db);
	g_autoptr(PvDatabase) database = NULL;
	g_autoptr(PvInventory) inventory = NULL;
	g_autoptr(PvMatch) match = NULL;
	PvReport report;

	if (!check_options(options, error))
		return FALSE;
	database = pv_database_open(path, error);
	if (!database)
		return FALSE;
	inventory = inspect(options, name, error);
	if (!inventory)
		return FALSE;
	match = pv_match(inventory, database, error);
	if (!match)
		return FALSE;
	report = (PvReport){ inventory, match, pv_database_about(database),
			     !options->output && pv_terminal_has_colour(STDOUT_FILENO) };
	if (!print(options, &report, error))
		return FALSE;
	trace(inventory, match, report.database);
	return check_findings(options, match, error);
}

static int list_formats(void)
{
	for (gsize i = 0; i < pv_report_formats_count; i++)
		printf("%-8s %s\n", pv_report_formats[i]->name, pv_report_formats[i]->description);
	return 0;
}

static void options_clear(Options *options)
{
	if (options->scratch)
		pv_file_remove_tree(options->scratch, NULL);
	g_free(options->scratch);
	g_free(options->db);
	g_free(options->format);
	g_free(options->output);
	g_free(options->platform);
	g_free(options->fail_on);
	g_free(options->ca_file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

int pv_command_scan(int argc, char **argv)
{
	g_auto(Options) options = { 0 };
	const GOptionEntry entries[] = {
		{ "db", 0, 0, G_OPTION_ARG_FILENAME, &options.db, "Advisory database", "FILE" },
		{ "format", 'f', 0, G_OPTION_ARG_STRING, &options.format, "table or json",
		  "FORMAT" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
		  "Write the report there", "FILE" },
		{ "platform", 0, 0, G_OPTION_ARG_STRING, &options.platform,
		  "Scan this one of an index", "OS/ARCH[/VARIANT]" },
		{ "fail-on", 0, 0, G_OPTION_ARG_STRING, &options.fail_on,
		  "End with status 1 if a finding is so severe: low, medium, high, critical",
		  "SEVERITY" },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file,
		  "Authority of the registry's certificate, PEM", "FILE" },
		{ "list", 0, 0, G_OPTION_ARG_NONE, &options.list, "List the formats there are",
		  NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse(COMMAND, "SOURCE",
			      "Lists the vulnerabilities in an image, each with the layer that "
			      "brought it in. SOURCE: docker://REF or REF, oci:DIR[:TAG], "
			      "docker-archive:FILE, oci-archive:FILE, dir:PATH, -.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (options.list)
		return list_formats();
	if (argc != 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one SOURCE; try `%s --help`", COMMAND);
		return pv_terminal_fail(COMMAND, error);
	}
	return scan(&options, argv[1], &error) ? 0 : pv_terminal_fail(COMMAND, error);
}
