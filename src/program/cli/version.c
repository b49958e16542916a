/* SPDX-License-Identifier: Apache-2.0 */

/* pavise version compare: version orders for scripts, a line of two versions at a time. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/scan.h"
#include "vuln/versions.h"

#define COMMAND "pavise version"

/* '<', '=', '>' or '!'. */
static char sign_of(const PvVersionOrder *order, char *line)
{
	char *rest = line + strspn(line, " \t");
	char *first = strsep(&rest, " \t"), *second;
	int result;

	if (rest)
		rest += strspn(rest, " \t");
	second = strsep(&rest, " \t");
	if (!second || !*second || strlen(first) > PV_VERSION_BYTES_MAX ||
	    strlen(second) > PV_VERSION_BYTES_MAX || !order->is_valid(first) ||
	    !order->is_valid(second))
		return '!';
	result = order->compare(first, second);
	return result < 0 ? '<' : result > 0 ? '>' : '=';
}

static int compare_lines(const PvVersionOrder *order)
{
	char line[2 * PV_VERSION_BYTES_MAX + 16];

	while (fgets(line, sizeof line, stdin)) {
		gsize length = strlen(line);
		gboolean whole = length > 0 && line[length - 1] == '\n';

		if (whole)
			line[length - 1] = '\0';
		/* A longer line holds versions that are too long: its rest is thrown away. */
		for (int c = 0; !whole && c != '\n' && (c = getchar()) != EOF;)
			line[0] = '\0';
		printf("%c\n", sign_of(order, line));
	}
	return fflush(stdout) == 0 ? 0 : 3;
}

static int list_orders(void)
{
	for (gsize i = 0; i < pv_version_orders_count; i++)
		printf("%-8s %s\n", pv_version_orders[i]->name, pv_version_orders[i]->description);
	return 0;
}

int pv_command_version(int argc, char **argv)
{
	g_autofree char *scheme = NULL;
	gboolean list = FALSE;
	const GOptionEntry entries[] = {
		{ "scheme", 0, 0, G_OPTION_ARG_STRING, &scheme, "The order to use", "SCHEME" },
		{ "list", 0, 0, G_OPTION_ARG_NONE, &list, "List the orders there are", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	const PvVersionOrder *order;

	if (!pv_options_parse(COMMAND, "compare",
			      "Reads lines of two versions and prints <, = or > for each, ! if "
			      "one is not valid.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (list)
		return list_orders();
	order = scheme ? pv_version_order(scheme) : NULL;
	if (argc == 2 && strcmp(argv[1], "compare") == 0 && order)
		return compare_lines(order);
	pv_fail(&error, PV_ERROR_USAGE,
		"expected `compare --scheme SCHEME`; `%s --list` tells the schemes", COMMAND);
	return pv_terminal_fail(COMMAND, error);
}
