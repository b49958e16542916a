/* SPDX-License-Identifier: Apache-2.0 */

/* notary: finds the command, its flags and its usage in one table. */

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "program/notary/flags.h"
#include "program/notary/notary.h"

#define FLAGS_MAX 20

#define AT(member) offsetof(PvNotary, member)

/* In the order of --help. */
static const PvFlag all_flags[] = {
	{ "all", 0, PV_FLAG_BOOL, AT(all), "Reset all changes shown in the status list" },
	{ "all-paths", 0, PV_FLAG_BOOL, AT(all_paths), "All paths of this delegation" },
	{ "custom", 0, PV_FLAG_STRING, AT(custom),
	  "Path to the file containing custom data for this target" },
	{ "gun", 'g', PV_FLAG_STRING, AT(gun),
	  "Gun to import key with, if a gun is not already given in a PEM header" },
	{ "guns", 0, PV_FLAG_LIST, AT(guns), "GUNs for which to export keys" },
	{ "help", 'h', PV_FLAG_BOOL, AT(help), "help for this command" },
	{ "input", 'i', PV_FLAG_STRING, AT(input), "Read from a file, instead of STDIN" },
	{ "key", 0, PV_FLAG_LIST, AT(keys), "Key IDs" },
	{ "new-key", 'k', PV_FLAG_LIST, AT(keys),
	  "New key(s) to rotate to. If not specified, one will be generated." },
	{ "legacy", 'l', PV_FLAG_NUMBERS, AT(legacy),
	  "Number of old version's root roles to sign with to support old clients" },
	{ "number", 'n', PV_FLAG_NUMBERS, AT(numbers),
	  "Numbers of specific changes to exclusively reset, as shown in status list" },
	{ "output", 'o', PV_FLAG_STRING, AT(output), "Write to a file, instead of STDOUT" },
	{ "paths", 0, PV_FLAG_LIST, AT(paths), "List of paths" },
	{ "publish", 'p', PV_FLAG_BOOL, AT(publish),
	  "Automatically attempt to publish after staging the change. Will also publish existing "
	  "staged changes." },
	{ "quiet", 'q', PV_FLAG_BOOL, AT(quiet), "No output except for errors" },
	{ "remote", 0, PV_FLAG_BOOL, AT(remote),
	  "Delete remote data for GUN in addition to local cache" },
	{ "role", 'r', PV_FLAG_STRING, AT(role),
	  "Role of the key, if a role is not already given in a PEM header" },
	{ "roles", 'r', PV_FLAG_LIST, AT(roles), "Delegation roles" },
	{ "rootcert", 0, PV_FLAG_STRING, AT(root_certificate),
	  "Root certificate must match root key if a root key is supplied, otherwise it must match "
	  "a key present in keystore" },
	{ "rootkey", 0, PV_FLAG_STRING, AT(root_key),
	  "Root key to initialize the repository with" },
	{ "server-managed", 'r', PV_FLAG_BOOL, AT(server_managed),
	  "Signing and key management will be handled by the remote server (no key will be "
	  "generated or stored locally). Required for timestamp role, optional for snapshot "
	  "role" },
	{ "sha256", 0, PV_FLAG_STRING, AT(sha256), "hex encoded sha256 of the target to add" },
	{ "sha512", 0, PV_FLAG_STRING, AT(sha512), "hex encoded sha512 of the target to add" },
	{ "yes", 'y', PV_FLAG_BOOL, AT(yes),
	  "Answer yes to the removal question (no confirmation)" },
};

/* These have another flag's name on the command line. */
static const PvFlag export_guns = { "gun", 0, PV_FLAG_LIST, AT(guns),
				    "GUNs for which to export keys" };
static const PvFlag rotate_keys = {
	"key", 'k', PV_FLAG_LIST, AT(keys),
	"New key(s) to rotate to. If not specified, one will be generated."
};

static const PvFlag global_flags[] = {
	{ "configFile", 'c', PV_FLAG_STRING, AT(config), "Path to the configuration file to use" },
	{ "debug", 'D', PV_FLAG_BOOL, AT(debug), "Debug output" },
	{ "server", 's', PV_FLAG_STRING, AT(server), "Remote trust server location" },
	{ "tlscacert", 0, PV_FLAG_STRING, AT(ca_file), "Trust certs signed only by this CA" },
	{ "tlscert", 0, PV_FLAG_STRING, AT(certificate_file), "Path to TLS certificate file" },
	{ "tlskey", 0, PV_FLAG_STRING, AT(key_file), "Path to TLS key file" },
	{ "trustDir", 'd', PV_FLAG_STRING, AT(trust_dir),
	  "Directory where the trust data is persisted to" },
	{ "verbose", 'v', PV_FLAG_BOOL, AT(verbose), "Verbose output" },
};

static const PvFlag version_flag = { "version", 0, PV_FLAG_BOOL, AT(version),
				     "Print the version number of notary" };

typedef struct {
	const char *name; /* "key list" */
	const char *arguments;
	const char *summary;
	const char *flags; /* names, separated by spaces */
	gboolean (*run)(PvNotary *notary, GError **error);
} Command;

static const Command commands[] = {
	{ "add", "[ GUN ] <target> <file> ", "Adds the file as a target to the trusted collection.",
	  "custom publish roles", pv_notary_add },
	{ "addhash", "[ GUN ] <target> <byte size> <hashes> ",
	  "Adds the byte size and hash(es) as a target to the trusted collection.",
	  "custom publish roles sha256 sha512", pv_notary_addhash },
	{ "delegation add", "[ GUN ] [ Role ] <X509 file path 1> ... ",
	  "Add a keys to delegation using the provided public key X509 certificates.",
	  "all-paths paths publish", pv_notary_delegation_add },
	{ "delegation list", "[ GUN ] ", "Lists delegations for the Global Unique Name.", "",
	  pv_notary_delegation_list },
	{ "delegation purge", "[ GUN ] ",
	  "Remove KeyID(s) from all delegation roles in the given GUN.", "key publish",
	  pv_notary_delegation_purge },
	{ "delegation remove", "[ GUN ] [ Role ] <KeyID 1> ... ",
	  "Remove KeyID(s) from the specified Role delegation.", "all-paths paths publish yes",
	  pv_notary_delegation_remove },
	{ "delete", "[ GUN ] ", "Deletes all content for a trusted collection", "remote",
	  pv_notary_delete },
	{ "init", "[ GUN ] ", "Initializes a local trusted collection.", "publish rootcert rootkey",
	  pv_notary_init },
	{ "key export", "",
	  "Exports all keys from all local keystores. Can be filtered using the --key and --gun "
	  "flags.",
	  "guns key output", pv_notary_key_export },
	{ "key generate", "[ algorithm ] ", "Generates a new key with a given algorithm.",
	  "output role", pv_notary_key_generate },
	{ "key import", "pemfile [ pemfile ... ] ", "Imports all keys from all provided .pem files",
	  "gun role", pv_notary_key_import },
	{ "key list", "", "Lists keys.", "", pv_notary_key_list },
	{ "key passwd", "[ keyID ] ", "Changes the passphrase for the key with the given keyID.",
	  "", pv_notary_key_passwd },
	{ "key remove", "[ keyID ] ", "Removes the key with the given keyID.", "",
	  pv_notary_key_remove },
	{ "key rotate", "[ GUN ] [ key role ] ",
	  "Rotate a signing (non-root) key of the given type for the given Globally Unique Name "
	  "and "
	  "role.",
	  "new-key legacy server-managed", pv_notary_key_rotate },
	{ "list", "[ GUN ] ", "Lists targets for a remote trusted collection.", "roles",
	  pv_notary_list },
	{ "lookup", "[ GUN ] <target> ",
	  "Looks up a specific target in a remote trusted collection.", "", pv_notary_lookup },
	{ "publish", "[ GUN ] ", "Publishes the local trusted collection.", "", pv_notary_publish },
	{ "remove", "[ GUN ] <target> ", "Removes a target from a trusted collection.",
	  "publish roles", pv_notary_remove },
	{ "reset", "[ GUN ] ", "Resets unpublished changes for the local trusted collection.",
	  "all number", pv_notary_reset },
	{ "status", "[ GUN ] ",
	  "Displays status of unpublished changes to the local trusted collection.", "",
	  pv_notary_status },
	{ "verify", "[ GUN ] <target> ",
	  "Verifies if the content is included in the remote trusted collection",
	  "input output quiet", pv_notary_verify },
	{ "version", "", "Print the version number of notary", "", pv_notary_version },
	{ "witness", "[ GUN ] <role> ... ",
	  "Marks roles to be re-signed the next time they're published", "publish",
	  pv_notary_witness },
};

static const PvFlag *own_flag(const PvFlag *flag)
{
	if (strcmp(flag->name, "guns") == 0)
		return &export_guns;
	return strcmp(flag->name, "new-key") == 0 ? &rotate_keys : flag;
}

static gboolean lists(const Command *command, const char *name)
{
	g_auto(GStrv) words = g_strsplit(command->flags, " ", -1);

	return g_strv_contains((const char *const *)words, name);
}

/* The command's own flags; without a command those of the program. NULL-terminated. */
static guint fill_flags(const Command *command, const PvFlag **flags)
{
	guint count = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(all_flags); i++) {
		const PvFlag *flag = &all_flags[i];

		if ((command && lists(command, flag->name)) || strcmp(flag->name, "help") == 0)
			flags[count++] = own_flag(flag);
	}
	if (!command)
		flags[count++] = &version_flag;
	flags[count] = NULL;
	return count;
}

static void fill_global_flags(const PvFlag **flags)
{
	for (gsize i = 0; i < G_N_ELEMENTS(global_flags); i++)
		flags[i] = &global_flags[i];
	flags[G_N_ELEMENTS(global_flags)] = NULL;
}

/* (transfer full): "Usage: …" of a command. */
static char *usage_of(const Command *command)
{
	const PvFlag *flags[FLAGS_MAX];
	g_autofree char *own = NULL;
	g_autofree char *global = NULL;

	fill_flags(command, flags);
	own = pv_flags_usage(flags);
	fill_global_flags(flags);
	global = pv_flags_usage(flags);
	return g_strdup_printf("Usage:\n  notary %s %s[flags]\n\nFlags:\n%s\nGlobal Flags:\n%s",
			       command->name, command->arguments, own, global);
}

static gboolean is_in_group(const Command *command, const char *group, gsize length)
{
	return length == 0
		       ? TRUE
		       : strncmp(command->name, group, length) == 0 && command->name[length] == ' ';
}

/* The help of `notary` (group "") or of a group of commands. */
static int print_group(const char *group)
{
	gsize length = strlen(group);
	const char *last = "";

	printf("Usage:\n  notary %s%s[command]\n\nAvailable Commands:\n", group, length ? " " : "");
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		const Command *command = &commands[i];
		const char *name = command->name + (length ? length + 1 : 0);
		gsize word = strcspn(name, " ");

		if (!is_in_group(command, group, length) ||
		    (strlen(last) >= word && strncmp(last, name, word) == 0 && name[word] == ' '))
			continue;
		printf("  %-11.*s %s\n", (int)word, name,
		       name[word] ? (strncmp(name, "key", word) == 0 ? "Operates on keys."
								     : "Operates on delegations.")
				  : command->summary);
		last = name;
	}
	printf("\nUse \"notary %s%s[command] --help\" for more information about a command.\n",
	       group, length ? " " : "");
	return 0;
}

const char *pv_notary_argument(const PvNotary *notary, guint index)
{
	return notary->arguments->pdata[index];
}

gboolean pv_notary_misused(PvNotary *notary, const char *sentence, GError **error)
{
	printf("%s", notary->usage);
	return pv_fail(error, PV_ERROR_USAGE, "%s", sentence);
}

static int fail(const GError *error)
{
	printf("\n* fatal: %s\n", error->message);
	return 1;
}

static void clear(PvNotary *notary)
{
	char *texts[] = { notary->config,
			  notary->server,
			  notary->trust_dir,
			  notary->ca_file,
			  notary->key_file,
			  notary->custom,
			  notary->sha256,
			  notary->sha512,
			  notary->input,
			  notary->output,
			  notary->root_key,
			  notary->gun,
			  notary->role,
			  notary->directory,
			  notary->root_certificate,
			  notary->certificate_file };
	GPtrArray *lists[] = { notary->roles, notary->paths, notary->keys, notary->guns,
			       notary->arguments };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++)
		g_clear_pointer(&lists[i], g_ptr_array_unref);
	g_clear_pointer(&notary->numbers, g_array_unref);
	g_clear_pointer(&notary->legacy, g_array_unref);
	pv_pins_free(notary->pins);
	pv_passphrases_free(notary->passphrases);
}

static int run(PvNotary *notary, const Command *command, char **words)
{
	const PvFlag *flags[FLAGS_MAX + G_N_ELEMENTS(global_flags)];
	g_autofree char *usage = usage_of(command);
	g_autoptr(GError) error = NULL;

	fill_global_flags(flags + fill_flags(command, flags));
	notary->usage = usage;
	notary->arguments = pv_flags_parse(flags, notary, words, &error);
	if (!notary->arguments)
		return fail(error);
	if (notary->help)
		return printf("%s\n\n%s", command->summary, usage) < 0;
	if (!pv_notary_configure(notary, &error) || !command->run(notary, &error))
		return fail(error);
	return 0;
}

/*
 * Finds the words of a command between flags, as cobra does: those that are no flag and no value of
 * one. They are taken out of @words.
 */
static const char *take_word(char **words)
{
	const PvFlag *flags[FLAGS_MAX + G_N_ELEMENTS(global_flags)];

	fill_global_flags(flags + fill_flags(NULL, flags));
	for (char **word = words; *word; word++) {
		char *found = *word;

		if (strcmp(found, "--") == 0)
			return NULL;
		if (found[0] != '-') {
			for (; word[0]; word++)
				word[0] = word[1];
			return found;
		}
		for (const PvFlag **flag = flags; *flag && word[1]; flag++) {
			gboolean is_it =
				(found[1] == '-' && strcmp(found + 2, (*flag)->name) == 0) ||
				(found[1] == (*flag)->letter && !found[2]);

			if (is_it && (*flag)->kind != PV_FLAG_BOOL) {
				word++;
				break;
			}
		}
	}
	return NULL;
}

static const Command *command_called(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* `notary`, `notary --version`, `notary --help` and what is no command. */
static int run_without_command(PvNotary *notary, char **words)
{
	const PvFlag *flags[FLAGS_MAX + G_N_ELEMENTS(global_flags)];
	g_autoptr(GError) error = NULL;

	fill_global_flags(flags + fill_flags(NULL, flags));
	notary->arguments = pv_flags_parse(flags, notary, words, &error);
	if (!notary->arguments)
		return fail(error);
	if (notary->version)
		return !pv_notary_version(notary, NULL);
	return print_group("");
}

static int dispatch(PvNotary *notary, char **words)
{
	const char *first = take_word(words);
	g_autofree char *both = NULL;
	g_autoptr(GError) error = NULL;
	const char *second;

	if (!first)
		return run_without_command(notary, words);
	if (strcmp(first, "help") == 0) {
		second = take_word(words);
		return print_group(
			second && (strcmp(second, "key") == 0 || strcmp(second, "delegation") == 0)
				? second
				: "");
	}
	if (strcmp(first, "key") == 0 || strcmp(first, "delegation") == 0) {
		second = take_word(words);
		both = g_strdup_printf("%s %s", first, second ? second : "");
		if (!command_called(both))
			return print_group(first);
	}
	if (!command_called(both ? both : first)) {
		pv_fail(&error, PV_ERROR_USAGE, "unknown command \"%.128s\" for \"notary\"", first);
		return fail(error);
	}
	return run(notary, command_called(both ? both : first), words);
}

int pv_notary_main(int argc, char **argv)
{
	static PvNotary notary; /* outlives this function, as does what it has read */
	g_autofree char **words = g_memdup2(argv, sizeof(char *) * (gsize)(argc + 1));
	int status;

	notary.passphrases = pv_passphrases_take_notary();
	status = dispatch(&notary, words + 1);
	clear(&notary);
	return fflush(stdout) == 0 ? status : 1;
}
