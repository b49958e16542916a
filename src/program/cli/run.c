/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise run: judges an image, unpacks it, and runs it where root is not root. Statuses are those
 * of `docker run`: 125 is ours, all others are the command's (design.md section 6).
 */

#include "program/cli/run.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/terminal.h"
#include "isolate/container.h"
#include "isolate/launch_oci.h"
#include "isolate/layer_store.h"
#include "isolate/ledger.h"
#include "isolate/lookup.h"
#include "isolate/rootfs.h"
#include "oci/image.h"
#include "program/cli/judge.h"
#include "trust/trace.h"

#define COMMAND "pavise run"

typedef struct {
	PvJudgeOptions judge;
	char *profile, *runtime;
	GStrv volumes;
	gboolean remove, interactive, terminal;
} Options;

static void options_clear(Options *options)
{
	pv_judge_options_clear(&options->judge);
	g_clear_pointer(&options->profile, g_free);
	g_clear_pointer(&options->runtime, g_free);
	g_clear_pointer(&options->volumes, g_strfreev);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* (transfer full): the profile the container gets; a policy's is not the user's to change. */
static const PvProfile *choose_profile(const Options *options, const PvJudgement *judgement,
				       GError **error)
{
	const PvProfile *profile;

	if (!options->profile || g_str_equal(options->profile, judgement->profile->name))
		return judgement->profile;
	if (judgement->has_policy_file)
		return pv_fail_null(error, PV_ERROR_REFUSED,
				    "%s:%u gives this image the profile '%s', not '%s'",
				    pv_policy_name(judgement->policy), judgement->verdict->line,
				    judgement->profile->name, options->profile);
	profile = pv_policy_profile(judgement->policy, options->profile);
	return profile ? profile
		       : pv_fail_null(error, PV_ERROR_USAGE,
				      "no profile '%s'; without a policy there are default and "
				      "strict",
				      options->profile);
}

static GPtrArray *parse_volumes(const Options *options, const PvProfile *profile, GError **error)
{
	g_autoptr(GPtrArray) volumes =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_volume_free);

	for (guint i = 0; options->volumes && options->volumes[i]; i++) {
		PvVolume *volume = pv_volume_parse(options->volumes[i], error);

		if (!volume)
			return NULL;
		g_ptr_array_add(volumes, volume);
		if (!pv_profile_allows_mount(profile, volume->source))
			return pv_fail_null(error, PV_ERROR_REFUSED,
					    "the profile '%s' does not allow to mount %s",
					    profile->name, volume->source);
	}
	return g_steal_pointer(&volumes);
}

/* Unpacks what is not there yet. The digest that was judged is the one that is opened here. */
static GPtrArray *unpack(const Options *options, PvImage *image, GError **error)
{
	g_autoptr(GPtrArray) layers = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < pv_image_layer_count(image); i++) {
		const PvDigest *diff_id = pv_image_diff_id(image, i);
		char *path = pv_layer_store_path(options->judge.store, diff_id);
		PvBlobRange range;

		g_ptr_array_add(layers, path);
		if (access(path, F_OK) == 0)
			continue;
		if (!pv_image_open_layer(image, i, &range, error) ||
		    !pv_layer_store_add(options->judge.store, &range, pv_image_layer(image, i),
					diff_id, error))
			return NULL;
	}
	return g_steal_pointer(&layers);
}

static gboolean trace(const char *event, const PvJudgement *judgement, const Options *options,
		      const char *container, const char *profile, int status, GError **error)
{
	g_autoptr(json_t) members =
		json_pack("{s:s, s:s}", "container", container, "profile", profile);

	if (status >= 0)
		json_object_set_new(members, "status", json_integer(status));
	if (options->judge.allow_unsigned)
		json_object_set_new(members, "allow_unsigned", json_true());
	return pv_trace_append(event, judgement->reference, judgement->digest, members, error);
}

static PvImage *open_image(const PvJudgement *judgement, GError **error)
{
	g_autoptr(PvImage) image = pv_image_open(judgement->source, NULL, error);
	char digest[PV_DIGEST_TEXT_SIZE];

	if (!image)
		return NULL;
	/* A file of the user's may have changed since it was judged. The store's is named by the
	 * digest of what was signed, which may be the index around this manifest. */
	pv_digest_format(&pv_image_manifest(image)->digest, digest);
	if (!judgement->facts.is_signed && g_str_has_prefix(judgement->reference, "oci:") &&
	    !g_str_equal(digest, judgement->digest))
		return pv_fail_null(error, PV_ERROR_CONFLICT, "%s changed while it was judged",
				    judgement->reference);
	return g_steal_pointer(&image);
}

static gboolean launch(const Options *options, const PvJudgement *judgement, char **given,
		       int *ret_status, GError **error)
{
	const PvProfile *profile = choose_profile(options, judgement, error);
	g_autoptr(GPtrArray) volumes = profile ? parse_volumes(options, profile, error) : NULL;
	g_autoptr(PvImage) image = volumes ? open_image(judgement, error) : NULL;
	g_autoptr(PvImageCommand) command =
		image ? pv_image_command_parse(pv_image_config(image), error) : NULL;
	g_autoptr(GPtrArray) layers = command ? unpack(options, image, error) : NULL;
	g_autofree char *id = NULL;
	g_autoptr(GError) late = NULL;
	PvContainer *container;
	gboolean done;

	if (!layers)
		return FALSE;
	container = pv_container_new(options->judge.store, PV_LEDGER_FILE, !options->remove, error);
	if (!container)
		return FALSE;
	id = g_strdup(container->id);
	done = trace("run", judgement, options, id, profile->name, -1, error);
	if (done) {
		PvLaunch one = { .runtime = options->runtime,
				 .container = container,
				 .layers = layers,
				 .command = command,
				 .given = given,
				 .profile = profile,
				 .volumes = volumes,
				 .terminal = options->terminal,
				 .interactive = options->interactive };

		done = pv_launch_oci(&one, ret_status, error);
	}
	if (!pv_container_end(container, PV_LEDGER_FILE, &late)) {
		pv_terminal_fail(COMMAND, late);
		g_clear_error(&late);
	}
	if (done && !trace("exit", judgement, options, id, profile->name, *ret_status, &late))
		pv_terminal_fail(COMMAND, late);
	return done;
}

static gboolean check(const Options *options, int argc, GError **error)
{
	if (geteuid() != 0)
		return pv_fail(error, PV_ERROR_USAGE, "containers need root: run this with sudo");
	if (argc < 2)
		return pv_fail(error, PV_ERROR_USAGE, "expected IMAGE; try `%s --help`", COMMAND);
	if (options->terminal && !isatty(STDIN_FILENO))
		return pv_fail(error, PV_ERROR_USAGE, "-t: standard input is not a terminal");
	return TRUE;
}

static gboolean run(Options *options, int argc, char **argv, int *ret_status, GError **error)
{
	g_autoptr(PvJudgement) judgement = NULL;

	if (!check(options, argc, error))
		return FALSE;
	judgement = pv_judge(&options->judge, argv[1], TRUE, error);
	if (!judgement)
		return FALSE;
	if (!judgement->verdict->is_admitted) {
		pv_judge_print_refusal(COMMAND, judgement);
		if (!judgement->has_policy_file && !options->judge.allow_unsigned)
			fputs(COMMAND ": without a policy only signed images run; "
				      "--allow-unsigned says otherwise for this once\n",
			      stderr);
		*ret_status = PV_EXIT_REFUSED;
		return TRUE;
	}
	return launch(options, judgement, argv + 2, ret_status, error);
}

/* As docker run: what follows IMAGE is the command's, dashes and all. */
static gboolean parse(const GOptionEntry *const *groups, int *argc, char ***argv, GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new("IMAGE [COMMAND…]");
	g_autoptr(GError) failure = NULL;

	g_set_prgname(COMMAND);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_set_summary(
		context, "Runs an image that the policy admits, where root is not root. Exit "
			 "status: the command's; 125 if Pavise refuses or fails, 126 if the "
			 "command cannot be run, 127 if there is none.");
	for (; *groups; groups++)
		g_option_context_add_main_entries(context, *groups, NULL);
	if (!g_option_context_parse(context, argc, argv, &failure))
		return pv_fail(error, PV_ERROR_USAGE, "%s; try `%s --help`", failure->message,
			       COMMAND);
	if (*argc > 1 && g_str_equal((*argv)[1], "--")) {
		(*argv)++;
		(*argc)--;
	}
	return TRUE;
}

int pv_command_run(int argc, char **argv)
{
	g_auto(Options) options = { 0 };
	g_autofree GOptionEntry *entries = pv_judge_entries(&options.judge);
	const GOptionEntry own[] = {
		{ "allow-unsigned", 0, 0, G_OPTION_ARG_NONE, &options.judge.allow_unsigned,
		  "Run this once what nobody signed (only without a policy)", NULL },
		{ "profile", 0, 0, G_OPTION_ARG_STRING, &options.profile,
		  "Rights of the container: default, strict", "NAME" },
		{ "rm", 0, 0, G_OPTION_ARG_NONE, &options.remove,
		  "Remove what the container wrote when it ends", NULL },
		{ "interactive", 'i', 0, G_OPTION_ARG_NONE, &options.interactive,
		  "Keep standard input", NULL },
		{ "tty", 't', 0, G_OPTION_ARG_NONE, &options.terminal, "Give it a terminal", NULL },
		{ "volume", 'v', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.volumes,
		  "Mount SRC of this machine at DST", "SRC:DST[:ro]" },
		{ "runtime", 0, 0, G_OPTION_ARG_FILENAME, &options.runtime,
		  "OCI runtime (default: crun, else runc)", "PROGRAM" },
		{ NULL }
	};
	const GOptionEntry *const groups[] = { entries, own, NULL };
	g_autoptr(GError) error = NULL;
	int status;

	if (parse(groups, &argc, &argv, &error) && run(&options, argc, argv, &status, &error))
		return status;
	pv_terminal_fail(COMMAND, error);
	return PV_EXIT_REFUSED;
}
