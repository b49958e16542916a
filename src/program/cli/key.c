/* SPDX-License-Identifier: Apache-2.0 */

/* pavise key: the private keys in the trust directory. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/terminal.h"
#include "crypto/certificate.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "trust/passphrase.h"

typedef struct {
	char *trust_dir, *role, *gun, *output;
	gboolean json;
} Options;

static gboolean write_public(const Options *options, const PvPublicKey *key, GError **error)
{
	g_autofree char *pem = pv_certificate_public_pem(key);

	if (!options->output) {
		fputs(pem, stdout);
		return TRUE;
	}
	return pv_file_replace(options->output, pem, strlen(pem), 0644, error);
}

static gboolean generate(const Options *options, PvPassphrases *passphrases, const char *role,
			 GError **error)
{
	g_autofree char *directory = pv_trust_directory(options->trust_dir);
	gboolean takes_gun = strcmp(role, "targets") == 0 || strcmp(role, "snapshot") == 0;
	const PvSecret *passphrase;
	g_autoptr(PvPrivateKey) key = NULL;
	PvPublicKey *public;

	if (takes_gun != (options->gun != NULL))
		return pv_fail(error, PV_ERROR_USAGE,
			       takes_gun ? "a %s key belongs to one repository: say --gun"
					 : "a %s key belongs to no repository: leave --gun out",
			       role);
	passphrase = pv_passphrases_new(passphrases, role, error);
	if (!passphrase)
		return FALSE;
	key = pv_private_key_generate(PV_KEY_ECDSA, error);
	if (!key)
		return FALSE;
	public = pv_private_key_public(key);
	if (!pv_trust_key_add(directory, key, options->gun, role, passphrase, error) ||
	    !write_public(options, public, error))
		return FALSE;
	fprintf(stderr, "%s key %s, private half in %s/private\n", role, pv_public_key_id(public),
		directory);
	return TRUE;
}

static int list(const Options *options, GError **error)
{
	g_autofree char *directory = pv_trust_directory(options->trust_dir);
	g_autoptr(GPtrArray) keys = pv_trust_keys(directory, error);
	g_autoptr(json_t) all = json_array();

	if (!keys)
		return FALSE;
	if (!options->json && keys->len > 0)
		printf("%-10s %-40s %s\n", "ROLE", "REPOSITORY", "KEY ID");
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *key = keys->pdata[i];
		g_autofree char *role = pv_terminal_safe(key->file->role ? key->file->role : "");
		g_autofree char *gun = pv_terminal_safe(key->file->gun ? key->file->gun : "");

		if (options->json)
			json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s}", "id", key->id,
							     "role", role, "gun", gun, "path",
							     key->path));
		else
			printf("%-10s %-40s %s\n", role, gun, key->id);
	}
	if (options->json) {
		g_autofree char *text = pv_json_text(all, FALSE);

		fputs(text, stdout);
	}
	return TRUE;
}

static int usage(const char *why)
{
	g_autoptr(GError) error = NULL;

	pv_fail(&error, PV_ERROR_USAGE, "%s; try `pavise key --help`", why);
	return pv_terminal_fail("pavise key", error);
}

int pv_command_key(int argc, char **argv)
{
	Options options = { 0 };
	g_autoptr(PvPassphrases) passphrases = pv_passphrases_take();
	const GOptionEntry entries[] = {
		{ "trust-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options.trust_dir,
		  "Where keys are (default ~/.docker/trust)", "DIR" },
		{ "gun", 0, 0, G_OPTION_ARG_STRING, &options.gun,
		  "The repository a targets or snapshot key is for", "GUN" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
		  "Write the public key there instead of to standard output", "FILE" },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON (list)", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	gboolean done;

	if (!pv_options_parse("pavise key", "generate ROLE|SIGNER | list",
			      "Makes and lists private keys. ROLE is root, targets or snapshot; "
			      "any other word is a signer's name.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail("pavise key", error);
	if (argc == 3 && strcmp(argv[1], "generate") == 0)
		done = generate(&options, passphrases, argv[2], &error);
	else if (argc == 2 && strcmp(argv[1], "list") == 0)
		done = list(&options, &error);
	else
		return usage("expected `generate ROLE` or `list`");
	g_free(options.trust_dir);
	g_free(options.gun);
	g_free(options.output);
	return done ? 0 : pv_terminal_fail("pavise key", error);
}
