/* SPDX-License-Identifier: Apache-2.0 */

/* Option parsing and dispatch that all commands share. */

#include "program/cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

gboolean pv_options_parse(const char *command, const char *arguments, const char *summary,
			  const GOptionEntry *const *groups, int *argc, char ***argv,
			  GError **error)
{
	g_autoptr(GOptionContext) context = g_option_context_new(arguments);
	g_autoptr(GError) failure = NULL;

	g_set_prgname(command);
	g_option_context_set_summary(context, summary);
	for (; *groups; groups++)
		g_option_context_add_main_entries(context, *groups, NULL);
	if (g_option_context_parse(context, argc, argv, &failure)) {
		/* What stands after "--" is an argument. */
		if (*argc > 1 && strcmp((*argv)[1], "--") == 0) {
			memmove(&(*argv)[1], &(*argv)[2], sizeof(char *) * (gsize)(*argc - 1));
			(*argc)--;
		}
		return TRUE;
	}
	return pv_fail(error, PV_ERROR_USAGE, "%s; try `%s --help`", failure->message, command);
}

int pv_options_dispatch(const PvSubcommand *commands, gsize count, int argc, char **argv)
{
	for (gsize i = 0; argc > 1 && i < count; i++) {
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fputs("this program is a part of pavise: see `pavise --help`\n", stderr);
	return 2;
}
