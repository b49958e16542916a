/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-image: the commands that move images. `attestations`, `resolve` and `engine` are for
 * other programs of Pavise, which link no HTTP: they tell what a registry has, and have a Docker engine
 * push.
 */

#include "program/cli/image.h"
#include "program/cli/options.h"

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = {
		{ "attestations", pv_command_attestations },
		{ "copy", pv_command_copy },
		{ "engine", pv_command_engine },
		{ "resolve", pv_command_resolve },
	};

	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
