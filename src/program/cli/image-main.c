/* SPDX-License-Identifier: Apache-2.0 */

/*
 * pavise-image: the commands that move images. `resolve` is for other programs of Pavise, which link
 * no HTTP: it tells what a registry's reference names.
 */

#include "program/cli/image.h"
#include "program/cli/options.h"

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = {
		{ "copy", pv_command_copy },
		{ "resolve", pv_command_resolve },
	};

	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
