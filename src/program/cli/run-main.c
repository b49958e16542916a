/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-run: the commands that decide about images and run them. */

#include "program/cli/options.h"
#include "program/cli/run.h"

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = {
		{ "admit", pv_command_admit },
		{ "run", pv_command_run },
	};

	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
