/* SPDX-License-Identifier: Apache-2.0 */

/* The list of commands (design.md section 6). To add one, add a row. */

#include "program/cli/commands.h"

const PvCommand pv_commands[] = {
	{ "key", "pavise-trust", "make, list, move and remove signing keys" },
	{ "sign", "pavise-trust", "sign a tag" },
	{ "revoke", "pavise-trust", "take back the signature of a tag" },
	{ "signer", "pavise-trust", "say who may sign" },
	{ "repo", "pavise-trust", "administer a repository's trust data" },
	{ "verify", "pavise-trust", "tell the digest that a tag's publisher signed" },
	{ "inspect", "pavise-trust", "tell who may sign and what is signed" },
	{ "trace", "pavise-trust", "tell the life of an image" },
	{ "admit", "pavise-run", "tell whether the policy lets an image run, and why not" },
	{ "run", "pavise-run", "run an image where root is not root" },
	{ "copy", "pavise-image", "copy an image: registry, layout, archive" },
	{ "scan", "pavise-scan", "list the vulnerabilities in an image" },
	{ "db", "pavise-scan", "keep the advisory database" },
	{ "tuf-client", "pavise-tuf", "follow a TUF 1.0 repository" },
	{ "version", "pavise-scan", "compare versions, for scripts" },
	{ "serve", "pavised", "run the trust service" },
	{ "adopt", "pavise-trust", "take repositories over from another trust server" },
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
