/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "program/docker/docker.h"

typedef enum {
	PV_DOCKER_FLAG_BOOLEAN,
	PV_DOCKER_FLAG_STRING,
	PV_DOCKER_FLAG_LIST
} PvDockerFlagKind;

/* A command, or a group of commands (without @run). */
typedef struct {
	const char *path; /* below `docker trust`: "key generate"; "" is itself */
	const char *use;  /* as its usage line has it */
	const char *help; /* what follows the usage line in --help */
	guint words_min;
	gboolean words_exact; /* so many and no more */
	const char *flag;     /* its one flag, without dashes; NULL if it has none */
	char letter;
	PvDockerFlagKind kind;
	gboolean (*run)(PvDocker *docker, const PvDockerArguments *arguments, GError **error);
} PvDockerCommand;

/**
 * pv_docker_command_find:
 * @words: (inout): what follows `docker trust`; moved past the words of the command
 *
 * Returns: (transfer none): the command, or the deepest group that @words lead to.
 */
const PvDockerCommand *pv_docker_command_find(char ***words);

/**
 * pv_docker_complete:
 * @words: what stands on a shell's line behind `docker trust`; the last is to be completed
 *
 * Prints the words that it may become, one a line, and what else the shell may offer, in the protocol
 * of docker's client (cobra's __complete): ":4" for nothing, ":0" for files.
 */
void pv_docker_complete(char **words);

/**
 * pv_docker_arguments_parse:
 * @words: NULL-terminated
 * @ret_help: (out): TRUE if --help is among them; nothing else counts then
 *
 * Flags and words in any order, as Docker's parser (pflag) has them: --name=value, --name value, -y,
 * and -- before what is no flag.
 *
 * Errors: PV_ERROR_USAGE, in Docker's words.
 */
gboolean pv_docker_arguments_parse(const PvDockerCommand *command, char **words,
				   PvDockerArguments *ret_arguments, gboolean *ret_help,
				   GError **error);

void pv_docker_arguments_clear(PvDockerArguments *arguments);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvDockerArguments, pv_docker_arguments_clear)
