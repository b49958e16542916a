/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise: the front. Like git it only finds the command and executes the program that has it, so
 * that nothing is loaded that the command does not need: this file links GLib alone.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "config.h"
#include "program/cli/commands.h"

#define EXIT_USAGE   2
#define EXIT_UNKNOWN 3

static int print_help(FILE *out)
{
	fputs("pavise: whose image is this, what is wrong with it, what may it touch?\n\n"
	      "usage: pavise COMMAND [OPTION…] [ARGUMENT…]\n\ncommands:\n",
	      out);
	for (gsize i = 0; i < pv_commands_count; i++)
		fprintf(out, "  %-10s %s\n", pv_commands[i].name, pv_commands[i].summary);
	fputs("\n`pavise COMMAND --help` tells the options of a command, `man pavise` the rest.\n"
	      "exit status: 0 good, 1 refused, 2 usage, 3 could not find out\n",
	      out);
	return 0;
}

/* For shells: the words that may follow "pavise". */
static int print_completion(void)
{
	for (gsize i = 0; i < pv_commands_count; i++)
		printf("%s\n", pv_commands[i].name);
	return 0;
}

static int run(const PvCommand *command, char **argv)
{
	g_autofree char *path = pv_process_program(command->program);

	argv[0] = path;
	execv(path, argv);
	fprintf(stderr, "pavise: cannot run %s: %s; is this installation complete?\n", path,
		g_strerror(errno));
	return EXIT_UNKNOWN;
}

/* "help sign" is "sign --help". */
static int help_for(const char *name)
{
	const PvCommand *command = pv_command_find(name);
	char *argv[] = { NULL, (char *)name, (char *)"--help", NULL };

	if (command)
		return run(command, argv);
	fprintf(stderr, "pavise: no command '%s'; `pavise --help` lists them\n", name);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *first = argc > 1 ? argv[1] : NULL;
	const PvCommand *command;

	if (!first) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (g_str_equal(first, "--version"))
		return printf("pavise %s\n", PV_VERSION) < 0;
	if (g_str_equal(first, "--help") || g_str_equal(first, "-h"))
		return print_help(stdout);
	if (g_str_equal(first, "help"))
		return argc > 2 ? help_for(argv[2]) : print_help(stdout);
	if (g_str_equal(first, "--list-commands"))
		return print_completion();

	command = pv_command_find(first);
	if (!command) {
		fprintf(stderr, "pavise: no command '%s'; `pavise --help` lists them\n", first);
		return EXIT_USAGE;
	}
	return run(command, argv);
}
