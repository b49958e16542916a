/* SPDX-License-Identifier: Apache-2.0 */

/* pavise copy: registry, layout and archive to each other; and `resolve`. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "oci/copy.h"
#include "program/cli/image.h"
#include "program/cli/options.h"

#define COMMAND "pavise copy"

typedef struct {
	char *platform, *ca_file, *digest;
	gboolean all, json, quiet;
} Options;

static GOptionEntry *entries_of(Options *options)
{
	const GOptionEntry entries[] = {
		{ "platform", 0, 0, G_OPTION_ARG_STRING, &options->platform,
		  "Copy this one of an index", "OS/ARCH[/VARIANT]" },
		{ "all", 0, 0, G_OPTION_ARG_NONE, &options->all, "Copy a whole index, or refuse",
		  NULL },
		{ "digest", 0, 0, G_OPTION_ARG_STRING, &options->digest,
		  "Refuse anything else than this manifest", "sha256:HEX" },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
		  "Authority of the registry's certificate, PEM", "FILE" },
		{ "ca", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &options->ca_file,
		  "The same", "FILE" },
		{ "quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "Show no progress", NULL },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options->json, "Print JSON", NULL },
		{ NULL },
	};

	return g_memdup2(entries, sizeof entries);
}

static void options_clear(Options *options)
{
	g_free(options->platform);
	g_free(options->ca_file);
	g_free(options->digest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static void show_progress(void *user_data, const PvDescriptor *descriptor, guint64 done)
{
	const Options *options = user_data;
	g_autofree char *hex = NULL, *have = NULL, *of = NULL;

	if (options->quiet || (done < descriptor->size && !isatty(STDERR_FILENO)))
		return;
	hex = pv_digest_hex(&descriptor->digest);
	have = g_format_size(done);
	of = g_format_size(descriptor->size);
	pv_terminal_step("%.12s %s of %s", hex, have, of);
}

static void print_result(const PvCopyResult *result, gboolean json)
{
	char digest[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&result->digest, digest);
	if (json) {
		g_autoptr(json_t) value =
			json_pack("{s:s, s:I, s:s}", "digest", digest, "size",
				  (json_int_t)result->size, "mediaType", result->media_type);
		g_autofree char *text = pv_json_text(value, FALSE);

		fputs(text, stdout);
	} else {
		printf("%s\n", digest);
	}
}

static gboolean copy(Options *options, char **names, GError **error)
{
	g_auto(PvSource) from = { 0 };
	g_auto(PvSource) to = { 0 };
	g_auto(PvCopyResult) result = { 0 };
	PvCopyOptions copy_options = { .platform = options->platform,
				       .all = options->all,
				       .ca_file = options->ca_file,
				       .progress = show_progress,
				       .user_data = options };
	PvDigest digest;
	gboolean done;

	if (!pv_source_parse(names[0], &from, error) || !pv_source_parse(names[1], &to, error))
		return FALSE;
	if (options->digest) {
		if (!pv_digest_parse(options->digest, strlen(options->digest), &digest, error))
			return pv_fail_wrap(error, "--digest");
		copy_options.digest = &digest;
		if (from.kind == PV_SOURCE_REGISTRY && !from.reference.has_digest) {
			from.reference.has_digest = TRUE; /* the tag may move meanwhile */
			from.reference.digest = digest;
		}
	}
	done = pv_copy(&from, &to, &copy_options, &result, error);
	if (!options->quiet)
		pv_terminal_step_end();
	if (!done)
		return FALSE;
	print_result(&result, options->json);
	if (result.note)
		fprintf(stderr,
			COMMAND ": copied, but not the attestations of keys that signed it: %s\n",
			result.note);
	return TRUE;
}

static int usage(const char *command, const char *expected)
{
	g_autoptr(GError) error = NULL;

	pv_fail(&error, PV_ERROR_USAGE, "expected %s; try `%s --help`", expected, command);
	return pv_terminal_fail(command, error);
}

int pv_command_copy(int argc, char **argv)
{
	g_auto(Options) options = { 0 };
	g_autofree GOptionEntry *entries = entries_of(&options);
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse(COMMAND, "SOURCE DESTINATION",
			      "Copies an image and checks every byte against its digest. SOURCE "
			      "and DESTINATION: docker://REF or REF, oci:DIR[:TAG], "
			      "docker-archive:FILE, oci-archive:FILE; SOURCE also - (an archive "
			      "on standard input).",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc != 3)
		return usage(COMMAND, "SOURCE and DESTINATION");
	if (!copy(&options, argv + 1, &error))
		return pv_terminal_fail(COMMAND, error);
	return 0;
}

static gboolean resolve(const Options *options, const char *name, GError **error)
{
	g_auto(PvReference) reference = { 0 };
	g_auto(PvCopyResult) result = { 0 };
	PvCopyOptions copy_options = { .platform = options->platform, .ca_file = options->ca_file };

	if (!pv_reference_parse(name, &reference, error) ||
	    !pv_copy_resolve(&reference, &copy_options, &result, error))
		return FALSE;
	print_result(&result, options->json);
	return TRUE;
}

int pv_command_resolve(int argc, char **argv)
{
	g_auto(Options) options = { 0 };
	g_autofree GOptionEntry *entries = entries_of(&options);
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse("pavise-image resolve", "REFERENCE",
			      "Tells which manifest a registry's reference names.", groups, &argc,
			      &argv, &error))
		return pv_terminal_fail("pavise-image resolve", error);
	if (argc != 2)
		return usage("pavise-image resolve", "one REFERENCE");
	if (!resolve(&options, argv[1], &error))
		return pv_terminal_fail("pavise-image resolve", error);
	return 0;
}
