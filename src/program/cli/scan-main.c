/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-scan: what is in an image, and what is wrong with it. It links no HTTP. */

#include "program/cli/options.h"
#include "program/cli/scan.h"

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = {
		{ "db", pv_command_db },
		{ "scan", pv_command_scan },
		{ "version", pv_command_version },
	};

	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
