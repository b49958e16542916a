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

/* What a command does, by its first argument. A row of a table begins with it: `{ { … }, run }`. */
typedef struct {
	const char *name, *arguments;
	int least, most; /* arguments after the name */
} PvVerb;

/**
 * pv_options_verb:
 * @command: "pavise key"
 * @rows: @count rows of @size bytes, each with a PvVerb at its beginning
 * @argc: @argv[1] is the verb, its arguments follow
 *
 * Errors: PV_ERROR_USAGE: no such verb, with those there are; too few or too many arguments.
 *
 * Returns: (transfer none): the row.
 */
const void *pv_options_verb(const char *command, const void *rows, gsize count, gsize size,
			    int argc, char **argv, GError **error);
