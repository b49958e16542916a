/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/**
 * pv_options_parse:
 * @command: "pavise verify"
 * @arguments: what follows the options: "IMAGE"
 * @summary: a sentence
 * @groups: NULL-terminated arrays of entries
 * @argc: (inout): argv[0] is the command's name
 *
 * Parses options; --help prints and exits with 0.
 *
 * Errors: PV_ERROR_USAGE.
 */
gboolean pv_options_parse(const char *command, const char *arguments, const char *summary,
			  const GOptionEntry *const *groups, int *argc, char ***argv,
			  GError **error);

/* Commands of one program: `PROGRAM NAME ARGUMENTS…`. */
typedef struct {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is NAME */
} PvSubcommand;

/* Runs the subcommand that argv[1] names. */
int pv_options_dispatch(const PvSubcommand *commands, gsize count, int argc, char **argv);
