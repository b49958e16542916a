/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-trust: the commands that read trust data and hold keys. It links no HTTP. */

#include "crypto/secret.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = {
		{ "inspect", pv_command_inspect }, { "key", pv_command_key },
		{ "sign", pv_command_sign },       { "trace", pv_command_trace },
		{ "verify", pv_command_verify },
	};

	pv_secret_protect_process();
	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
