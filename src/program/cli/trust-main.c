/* SPDX-License-Identifier: Apache-2.0 */

/* pavise-trust: the commands that read trust data and hold keys. It links no HTTP.
 * Under the name notary it is Notary's client. */

#include "crypto/secret.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "program/notary/notary.h"

int main(int argc, char **argv)
{
	static const PvSubcommand commands[] = {
		{ "adopt", pv_command_adopt },   { "inspect", pv_command_inspect },
		{ "key", pv_command_key },       { "repo", pv_command_repo },
		{ "revoke", pv_command_revoke }, { "sign", pv_command_sign },
		{ "signer", pv_command_signer }, { "trace", pv_command_trace },
		{ "verify", pv_command_verify },
	};

	g_autofree char *name = g_path_get_basename(argv[0]);

	pv_secret_protect_process();
	if (g_str_equal(name, "notary"))
		return pv_notary_main(argc, argv);
	return pv_options_dispatch(commands, G_N_ELEMENTS(commands), argc, argv);
}
