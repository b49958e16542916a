/* SPDX-License-Identifier: Apache-2.0 */

/* pavise key: the private keys in the trust directory. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/terminal.h"
#include "crypto/certificate.h"
#include "program/cli/key.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "trust/client_config.h"

static gboolean write_public(const PvKeyOptions *options, const PvPublicKey *key, GError **error)
{
	g_autofree char *pem = pv_certificate_public_pem(key);

	if (!options->output) {
		fputs(pem, stdout);
		return TRUE;
	}
	return pv_file_replace(options->output, pem, strlen(pem), 0644, error);
}

/* (transfer full): the public half of a key in a new file. */
static PvPublicKey *generate_in_file(PvKeyOptions *options, const char *role, GError **error)
{
	const PvSecret *passphrase = pv_passphrases_new(options->passphrases, role, error);
	g_autoptr(PvPrivateKey) key = NULL;

	if (!passphrase)
		return NULL;
	key = pv_private_key_generate(PV_KEY_ECDSA, error);
	if (!key ||
	    !pv_trust_key_add(options->directory, key, options->gun, role, passphrase, error))
		return NULL;
	fprintf(stderr, "%s key %s, private half in %s/private\n", role,
		pv_public_key_id(pv_private_key_public(key)), options->directory);
	return pv_public_key_ref(pv_private_key_public(key));
}

static gboolean generate(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	const char *role = argv[1];
	gboolean takes_gun = strcmp(role, "targets") == 0 || strcmp(role, "snapshot") == 0;
	g_autoptr(PvPublicKey) public = NULL;

	if (takes_gun != (options->gun != NULL))
		return pv_fail(error, PV_ERROR_USAGE,
			       takes_gun ? "a %s key belongs to one repository: say --gun"
					 : "a %s key belongs to no repository: leave --gun out",
			       role);
	if (options->store && strcmp(options->store, "file:") != 0)
	public = pv_key_generate_on_token(options, role, error);
	else public = generate_in_file(options, role, error);
	return public && write_public(options, public, error);
}

static gboolean list(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(GPtrArray) keys = NULL;
	g_autoptr(json_t) all = json_array();

	if (options->store && strcmp(options->store, "file:") != 0)
		return pv_key_list_store(options, error);
	keys = pv_trust_keys(options->directory, error);
	if (!keys)
		return FALSE;
	if (!options->json && keys->len > 0)
		printf("%-10s %-40s %-64s %s\n", "ROLE", "REPOSITORY", "KEY ID", "WHERE");
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *key = keys->pdata[i];
		g_autofree char *role = pv_terminal_safe(key->file->role ? key->file->role : "");
		g_autofree char *gun = pv_terminal_safe(key->file->gun ? key->file->gun : "");
		g_autofree char *token = key->token ? pv_terminal_safe(key->token) : NULL;

		if (options->json)
			json_array_append_new(all,
					      json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", key->id,
							"role", role, "gun", gun, "path", key->path,
							"store", key->uri ? key->uri : "file:"));
		else
			printf("%-10s %-40s %-64s %s\n", role, gun, key->id,
			       key->uri && token ? token
			       : key->uri        ? key->uri
						 : "file");
	}
	if (options->json) {
		g_autofree char *text = pv_json_text(all, FALSE);

		fputs(text, stdout);
	}
	return TRUE;
}

typedef struct {
	PvVerb verb;
	gboolean (*run)(PvKeyOptions *options, int argc, char **argv, GError **error);
} Verb;

static const Verb verbs[] = {
	{ { "generate", "ROLE", 1, 1 }, generate },
	{ { "list", "", 0, 0 }, list },
	{ { "show", "KEY", 1, 1 }, pv_key_show },
	{ { "import", "FILE…", 1, G_MAXINT }, pv_key_import },
	{ { "export", "[KEY…]", 0, G_MAXINT }, pv_key_export },
	{ { "passwd", "KEY", 1, 1 }, pv_key_passwd },
	{ { "remove", "KEY", 1, 1 }, pv_key_remove },
	{ { "attest", "KEY", 1, 1 }, pv_key_attest },
	{ { "setup", "yubikey [URI]", 1, 2 }, pv_key_setup },
};

/* Where the keys are: the option, the user's configuration, or Docker's directory. */
static gboolean find_directory(PvKeyOptions *options, GError **error)
{
	g_autoptr(PvClientConfig) config = NULL;

	if (!options->trust_dir) {
		config = pv_client_config_load(error);
		if (!config)
			return FALSE;
	}
	options->directory = pv_trust_directory(config ? config->trust_dir : options->trust_dir);
	pv_passphrases_set_sources(options->passphrases, options->pin_source,
				   options->management_source);
	pv_passphrases_set_source(options->passphrases, PV_SECRET_PUK, options->puk_source);
	pv_passphrases_set_source(options->passphrases, PV_SECRET_NEW_PIN, options->new_pin_source);
	pv_passphrases_set_source(options->passphrases, PV_SECRET_NEW_PUK, options->new_puk_source);
	return TRUE;
}

static gboolean run(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	const Verb *verb = pv_options_verb("pavise key", verbs, G_N_ELEMENTS(verbs), sizeof *verbs,
					   argc, argv, error);

	return verb && find_directory(options, error) &&
	       verb->run(options, argc - 1, argv + 1, error);
}

static void clear(PvKeyOptions *options)
{
	g_free(options->trust_dir);
	g_free(options->role);
	g_free(options->gun);
	g_free(options->output);
	g_free(options->new_passphrase);
	g_free(options->store);
	g_free(options->pin_policy);
	g_free(options->touch_policy);
	g_free(options->pin_source);
	g_free(options->management_source);
	g_free(options->puk_source);
	g_free(options->attestation_roots);
	g_free(options->new_pin_source);
	g_free(options->new_puk_source);
	g_free(options->directory);
	pv_passphrases_free(options->passphrases);
}

int pv_command_key(int argc, char **argv)
{
	PvKeyOptions options = { .passphrases = pv_passphrases_take() };
	const GOptionEntry entries[] = {
		{ "trust-dir", 'd', 0, G_OPTION_ARG_FILENAME, &options.trust_dir,
		  "Where keys are (default ~/.docker/trust)", "DIR" },
		{ "gun", 0, 0, G_OPTION_ARG_STRING, &options.gun,
		  "The repository of a targets or snapshot key (generate, import, export)", "GUN" },
		{ "role", 0, 0, G_OPTION_ARG_STRING, &options.role,
		  "Role of keys whose file does not say it (import)", "ROLE" },
		{ "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output,
		  "Write there instead of to standard output (generate, export)", "FILE" },
		{ "new-passphrase-source", 0, 0, G_OPTION_ARG_FILENAME, &options.new_passphrase,
		  "Its first line is the new passphrase (passwd)", "FILE|fd:N" },
		{ "store", 0, 0, G_OPTION_ARG_STRING, &options.store,
		  "The token, and the place on it (generate, import, list)",
		  "pkcs11:…|yubikey:…|file:" },
		{ "pin-policy", 0, 0, G_OPTION_ARG_STRING, &options.pin_policy,
		  "When the token asks for its PIN (default once; generate, import)",
		  "never|once|always" },
		{ "touch-policy", 0, 0, G_OPTION_ARG_STRING, &options.touch_policy,
		  "When it wants a touch (default always where it can; generate, import)",
		  "never|always|cached" },
		{ "replace", 0, 0, G_OPTION_ARG_NONE, &options.replace,
		  "Destroy a key that is there already (generate, import)", NULL },
		{ "pin-source", 0, 0, G_OPTION_ARG_FILENAME, &options.pin_source,
		  "Its first line is the token's PIN", "FILE|fd:N" },
		{ "management-key-source", 0, 0, G_OPTION_ARG_FILENAME, &options.management_source,
		  "Its first line is the token's management key or security officer's PIN",
		  "FILE|fd:N" },
		{ "puk-source", 0, 0, G_OPTION_ARG_FILENAME, &options.puk_source,
		  "Its first line is the token's PUK (setup)", "FILE|fd:N" },
		{ "new-pin-source", 0, 0, G_OPTION_ARG_FILENAME, &options.new_pin_source,
		  "Its first line is the token's new PIN (setup)", "FILE|fd:N" },
		{ "new-puk-source", 0, 0, G_OPTION_ARG_FILENAME, &options.new_puk_source,
		  "Its first line is the token's new PUK (setup)", "FILE|fd:N" },
		{ "yes", 'y', 0, G_OPTION_ARG_NONE, &options.yes, "Do not ask (remove, setup)",
		  NULL },
		{ "attestation-roots", 0, 0, G_OPTION_ARG_FILENAME, &options.attestation_roots,
		  "Whom to believe about keys in devices: a directory of PEM files (attest)",
		  "DIR" },
		{ "json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	int status = 0;

	if (!pv_options_parse(
		    "pavise key",
		    "generate ROLE | list | show KEY | import FILE… | export [KEY…] | "
		    "passwd KEY | remove KEY | attest KEY | setup yubikey [URI]",
		    "Makes, lists, moves and removes private keys. ROLE is root, targets or "
		    "snapshot; any other word is a signer's name.",
		    groups, &argc, &argv, &error) ||
	    !run(&options, argc, argv, &error))
		status = pv_terminal_fail("pavise key", error);
	clear(&options);
	return status;
}
