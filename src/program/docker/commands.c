/* SPDX-License-Identifier: Apache-2.0 */

/* The commands of `docker trust` with their help, letter by letter as Docker 28 prints it. */

#include "program/docker/commands.h"

#include <stdio.h>
#include <string.h>

#define RUN_HELP(path) \
	"Run 'docker trust" path " COMMAND --help' for more information on a command.\n"

static const PvDockerCommand commands[] = {
	{ .path = "",
	  .use = "COMMAND",
	  .help = "Manage trust on Docker images\n\n"
		  "Management Commands:\n"
		  "  key         Manage keys for signing Docker images\n"
		  "  signer      Manage entities who can sign Docker images\n\n"
		  "Commands:\n"
		  "  inspect     Return low-level information about keys and signatures\n"
		  "  revoke      Remove trust for an image\n"
		  "  sign        Sign an image\n\n" RUN_HELP("") },
	{ .path = "key",
	  .use = "key COMMAND",
	  .help = "Manage keys for signing Docker images\n\n"
		  "Commands:\n"
		  "  generate    Generate and load a signing key-pair\n"
		  "  load        Load a private key file for signing\n\n" RUN_HELP(" key") },
	{ .path = "key generate",
	  .use = "key generate NAME",
	  .help = "Generate and load a signing key-pair\n\n"
		  "Options:\n"
		  "      --dir string   Directory to generate key in, defaults to current\n"
		  "                     directory\n",
	  .words_min = 1,
	  .words_exact = TRUE,
	  .flag = "dir",
	  .kind = PV_DOCKER_FLAG_STRING,
	  .run = pv_docker_key_generate },
	{ .path = "key load",
	  .use = "key load [OPTIONS] KEYFILE",
	  .help = "Load a private key file for signing\n\n"
		  "Options:\n"
		  "      --name string   Name for the loaded key (default \"signer\")\n",
	  .words_min = 1,
	  .words_exact = TRUE,
	  .flag = "name",
	  .kind = PV_DOCKER_FLAG_STRING,
	  .run = pv_docker_key_load },
	{ .path = "signer",
	  .use = "signer COMMAND",
	  .help = "Manage entities who can sign Docker images\n\n"
		  "Commands:\n"
		  "  add         Add a signer\n"
		  "  remove      Remove a signer\n\n" RUN_HELP(" signer") },
	{ .path = "signer add",
	  .use = "signer add OPTIONS NAME REPOSITORY [REPOSITORY...] ",
	  .help = "Add a signer\n\n"
		  "Options:\n"
		  "      --key list   Path to the signer's public key file\n",
	  .words_min = 2,
	  .flag = "key",
	  .kind = PV_DOCKER_FLAG_LIST,
	  .run = pv_docker_signer_add },
	{ .path = "signer remove",
	  .use = "signer remove [OPTIONS] NAME REPOSITORY [REPOSITORY...]",
	  .help = "Remove a signer\n\n"
		  "Options:\n"
		  "  -f, --force   Do not prompt for confirmation before removing the most\n"
		  "                recent signer\n",
	  .words_min = 2,
	  .flag = "force",
	  .letter = 'f',
	  .run = pv_docker_signer_remove },
	{ .path = "sign",
	  .use = "sign IMAGE:TAG",
	  .help = "Sign an image\n\n"
		  "Options:\n"
		  "      --local   Sign a locally tagged image\n",
	  .words_min = 1,
	  .words_exact = TRUE,
	  .flag = "local",
	  .run = pv_docker_sign },
	{ .path = "inspect",
	  .use = "inspect IMAGE[:TAG] [IMAGE[:TAG]...]",
	  .help = "Return low-level information about keys and signatures\n\n"
		  "Options:\n"
		  "      --pretty   Print the information in a human friendly format\n",
	  .words_min = 1,
	  .flag = "pretty",
	  .run = pv_docker_inspect },
	{ .path = "revoke",
	  .use = "revoke [OPTIONS] IMAGE[:TAG]",
	  .help = "Remove trust for an image\n\n"
		  "Options:\n"
		  "  -y, --yes   Do not prompt for confirmation\n",
	  .words_min = 1,
	  .words_exact = TRUE,
	  .flag = "yes",
	  .letter = 'y',
	  .run = pv_docker_revoke },
};

static const PvDockerCommand *find_path(const char *path)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].path, path) == 0)
			return &commands[i];
	}
	return NULL;
}

const PvDockerCommand *pv_docker_command_find(char ***words)
{
	const PvDockerCommand *command = find_path("");

	while (!command->run && **words) {
		g_autofree char *path = *command->path
						? g_strconcat(command->path, " ", **words, NULL)
						: g_strdup(**words);
		const PvDockerCommand *next = find_path(path);

		if (!next)
			break;
		command = next;
		(*words)++;
	}
	return command;
}

/* The commands of @group whose name begins with @begun. */
static void print_commands(const PvDockerCommand *group, const char *begun)
{
	g_autofree char *prefix =
		*group->path ? g_strconcat(group->path, " ", begun, NULL) : g_strdup(begun);
	gsize above = strlen(prefix) - strlen(begun);

	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		const char *path = commands[i].path;

		if (*path && g_str_has_prefix(path, prefix) && !strchr(path + above, ' '))
			puts(path + above);
	}
}

void pv_docker_complete(char **words)
{
	guint count = g_strv_length(words);
	const char *begun = count ? words[count - 1] : "";
	const PvDockerCommand *command;
	gboolean files;

	if (count)
		words[count - 1] = NULL;
	command = pv_docker_command_find(&words);
	files = command->run == pv_docker_key_load || command->run == pv_docker_signer_add;
	if (!command->run)
		print_commands(command, begun);
	else if (*begun == '-')
		printf("--%s\n", command->flag);
	puts(files ? ":0" : ":4");
}
