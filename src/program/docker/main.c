/* SPDX-License-Identifier: Apache-2.0 */

/*
 * docker-trust: run by docker as `docker-trust [docker's flags] trust COMMAND …`, asked by it for
 * `docker-cli-plugin-metadata`, or run by hand. Exit status as Docker's: 0, 1, and 125 for a wrong
 * flag.
 */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/terminal.h"
#include "config.h"
#include "crypto/secret.h"
#include "oci/auth.h"
#include "program/docker/commands.h"
#include "trust/keys.h"

#define EXIT_FLAG 125

#define METADATA                                                                             \
	"{\"SchemaVersion\":\"0.1.0\",\"Vendor\":\"Pavise\",\"Version\":\"" PV_VERSION "\"," \
	"\"ShortDescription\":\"Manage trust on Docker images\"}"

gboolean pv_docker_confirm(const char *question)
{
	char answer[64] = "";

	printf("%s [y/N] ", question);
	fflush(stdout);
	if (!fgets(answer, sizeof answer, stdin))
		return FALSE;
	g_strstrip(answer);
	return g_ascii_strcasecmp(answer, "y") == 0;
}

/* --- docker's own flags ------------------------------------------------------------------- */

typedef struct {
	PvDocker *docker;
	char *config;
	gboolean ignored, version, help, tls_verify;
	char *level;
} Globals;

static void globals_apply(Globals *globals)
{
	if (globals->config)
		g_setenv("DOCKER_CONFIG", globals->config, TRUE);
	globals->docker->tls = globals->docker->tls || globals->tls_verify;
	g_free(globals->config);
	g_free(globals->level);
}

/* Reads them up to the first word; *@argv then begins with that word. */
static gboolean read_globals(PvDocker *docker, Globals *globals, int *argc, char ***argv,
			     GError **error)
{
	const GOptionEntry entries[] = {
		{ "config", 0, 0, G_OPTION_ARG_FILENAME, &globals->config, NULL, NULL },
		{ "context", 'c', 0, G_OPTION_ARG_STRING, &docker->context, NULL, NULL },
		{ "debug", 'D', 0, G_OPTION_ARG_NONE, &globals->ignored, NULL, NULL },
		{ "host", 'H', 0, G_OPTION_ARG_STRING, &docker->host, NULL, NULL },
		{ "log-level", 'l', 0, G_OPTION_ARG_STRING, &globals->level, NULL, NULL },
		{ "tls", 0, 0, G_OPTION_ARG_NONE, &docker->tls, NULL, NULL },
		{ "tlsverify", 0, 0, G_OPTION_ARG_NONE, &globals->tls_verify, NULL, NULL },
		{ "tlscacert", 0, 0, G_OPTION_ARG_FILENAME, &docker->ca_file, NULL, NULL },
		{ "tlscert", 0, 0, G_OPTION_ARG_FILENAME, &docker->certificate_file, NULL, NULL },
		{ "tlskey", 0, 0, G_OPTION_ARG_FILENAME, &docker->key_file, NULL, NULL },
		{ "version", 'v', 0, G_OPTION_ARG_NONE, &globals->version, NULL, NULL },
		{ "help", 'h', 0, G_OPTION_ARG_NONE, &globals->help, NULL, NULL },
		{ NULL },
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) failure = NULL;

	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, TRUE);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &failure))
		return pv_fail(error, PV_ERROR_USAGE, "%s", failure->message);
	(*argv)++;
	(*argc)--;
	if (*argc > 0 && strcmp(**argv, "--") == 0)
		(*argv)++;
	return TRUE;
}

/* --- usage -------------------------------------------------------------------------------- */

static int print_help(FILE *out, const PvDockerCommand *command)
{
	fprintf(out, "Usage:  docker trust %s\n\n%s", command->use, command->help);
	return 0;
}

static const char *space_before(const char *path)
{
	return *path ? " " : "";
}

static int fail_flag(const PvDockerCommand *command, const GError *error)
{
	g_autofree char *safe = pv_terminal_safe(error->message);

	fprintf(stderr,
		"%s\n\nUsage:  docker trust %s\n\nRun 'docker trust%s%s --help' for more "
		"information\n",
		safe, command->use, space_before(command->path), command->path);
	return EXIT_FLAG;
}

static int fail_unknown(const PvDockerCommand *group, const char *word)
{
	const char *space = space_before(group->path);
	g_autofree char *safe = pv_terminal_safe(word);

	fprintf(stderr,
		"docker: unknown command: docker trust%s%s %s\n\nUsage:  docker trust%s%s\n\n"
		"Run 'docker trust%s%s --help' for more information\n",
		space, group->path, safe, space, group->path, space, group->path);
	return 1;
}

static int fail_words(const PvDockerCommand *command)
{
	fprintf(stderr,
		"docker: 'docker trust %s' requires %s%u argument%s\n\nUsage:  docker trust %s\n\n"
		"%s 'docker trust %s --help' for more information\n",
		command->path, command->words_exact ? "" : "at least ", command->words_min,
		command->words_min == 1 ? "" : "s", command->use,
		command->words_exact ? "Run" : "See", command->path);
	return 1;
}

/* --- running ------------------------------------------------------------------------------ */

static int fail(const GError *error)
{
	g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);

	fflush(stdout);
	for (char **line = lines; *line; line++) {
		g_autofree char *safe = pv_terminal_safe(*line);

		fprintf(stderr, "%s\n", safe);
	}
	return 1;
}

static void prepare(PvDocker *docker)
{
	g_autofree char *configuration = pv_docker_directory();
	g_autoptr(GPtrArray) left = NULL;

	docker->directory = g_build_filename(configuration, "trust", NULL);
	if (pv_trust_keys_migrate(docker->directory, &left))
		return;
	for (guint i = 0; i < left->len; i++) {
		g_autofree char *safe = pv_terminal_safe(left->pdata[i]);

		fprintf(stderr, "docker trust: a key of an old layout stays where it is: %s\n",
			safe);
	}
}

static int run(PvDocker *docker, const PvDockerCommand *command, char **words)
{
	g_auto(PvDockerArguments) arguments = { 0 };
	g_autoptr(GError) error = NULL;
	gboolean help;

	if (!pv_docker_arguments_parse(command, words, &arguments, &help, &error))
		return fail_flag(command, error);
	if (help)
		return print_help(stdout, command);
	if (!command->run)
		return arguments.words->len ? fail_unknown(command, arguments.words->pdata[0])
					    : print_help(stderr, command);
	if (arguments.words->len < command->words_min ||
	    (command->words_exact && arguments.words->len != command->words_min))
		return fail_words(command);
	prepare(docker);
	return command->run(docker, &arguments, &error) ? 0 : fail(error);
}

/*
 * Docker gives a plugin its own name as first word: "trust", or what a link calls it (docker-NAME),
 * which a client wants that still has a `trust` of its own.
 */
static gboolean is_own_name(const char *word, const char *self)
{
	const char *slash = strrchr(self, '/');
	const char *base = slash ? slash + 1 : self;

	return strcmp(word, "trust") == 0 ||
	       (g_str_has_prefix(base, "docker-") && strcmp(word, base + strlen("docker-")) == 0);
}

static int dispatch(PvDocker *docker, const Globals *globals, const char *self, char **words)
{
	const PvDockerCommand *command;
	gboolean completing;

	if (globals->version)
		return printf("docker-trust %s\n", PV_VERSION) < 0;
	completing = *words && g_str_has_prefix(*words, "__complete");
	if (completing)
		words++;
	if (*words && is_own_name(*words, self))
		words++;
	if (completing) {
		pv_docker_complete(words);
		return 0;
	}
	if (*words && strcmp(*words, "help") == 0) {
		words++;
		return print_help(stdout, pv_docker_command_find(&words));
	}
	command = pv_docker_command_find(&words);
	return globals->help ? print_help(stdout, command) : run(docker, command, words);
}

int main(int argc, char **argv)
{
	g_autoptr(PvPassphrases) passphrases = NULL;
	g_autoptr(GError) error = NULL;
	PvDocker docker = { 0 };
	Globals globals = { .docker = &docker };
	g_autofree char **words = NULL;
	const char *self = argc > 0 ? argv[0] : "";
	char **left;
	int status;

	if (argc == 2 && strcmp(argv[1], "docker-cli-plugin-metadata") == 0)
		return puts(METADATA) < 0;
	pv_secret_protect_process();
	passphrases = pv_passphrases_take();
	docker.passphrases = passphrases;
	words = g_memdup2(argv, sizeof(char *) * (gsize)(argc + 1));
	left = words;
	if (read_globals(&docker, &globals, &argc, &left, &error)) {
		globals_apply(&globals);
		status = dispatch(&docker, &globals, self, left);
	} else {
		fprintf(stderr, "%s\n", error->message);
		status = EXIT_FLAG;
	}
	g_free(docker.directory);
	g_free(docker.host);
	g_free(docker.context);
	g_free(docker.ca_file);
	g_free(docker.certificate_file);
	g_free(docker.key_file);
	return status;
}
