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

/* (transfer full): "add, remove or list". */
static char *names_of(const char *rows, gsize count, gsize size)
{
	GString *names = g_string_new(NULL);

	for (gsize i = 0; i < count; i++) {
		const PvVerb *verb = (const void *)(rows + i * size);
		const char *between = i + 1 < count ? ", " : " or ";

		g_string_append_printf(names, "%s%s", i == 0 ? "" : between, verb->name);
	}
	return g_string_free(names, FALSE);
}

const void *pv_options_verb(const char *command, const void *rows, gsize count, gsize size,
			    int argc, char **argv, GError **error)
{
	g_autofree char *names = NULL;

	for (gsize i = 0; argc > 1 && i < count; i++) {
		const PvVerb *verb = (const void *)((const char *)rows + i * size);

		if (strcmp(verb->name, argv[1]) != 0)
			continue;
		if (argc - 2 >= verb->least && argc - 2 <= verb->most)
			return verb;
		return pv_fail_null(error, PV_ERROR_USAGE, "expected `%s%s%s`; try `%s --help`",
				    verb->name, *verb->arguments ? " " : "", verb->arguments,
				    command);
	}
	names = names_of(rows, count, size);
	return pv_fail_null(error, PV_ERROR_USAGE, "expected %s; try `%s --help`", names, command);
}
