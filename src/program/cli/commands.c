/* SPDX-License-Identifier: Apache-2.0 */

/* The list of commands (design.md section 6). To add one, add a row. */

#include "program/cli/commands.h"

const PvCommand pv_commands[] = {
	{ "serve", "pavised", "run the trust service" },
};

const gsize pv_commands_count = G_N_ELEMENTS(pv_commands);

const PvCommand *pv_command_find(const char *name)
{
	for (gsize i = 0; i < pv_commands_count; i++) {
		if (g_str_equal(pv_commands[i].name, name))
			return &pv_commands[i];
	}
	return NULL;
}
