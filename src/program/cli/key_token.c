/* SPDX-License-Identifier: Apache-2.0 */

/* pavise key with --store: keys on tokens, and what is told of them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/terminal.h"
#include "crypto/attestation.h"
#include "crypto/keyfile.h"
#include "program/cli/key.h"
#include "program/cli/published.h"
#include "trust/attestations.h"
#include "trust/hardware.h"
#include "trust/keys.h"
#include "trust/token_keys.h"

#define CERTIFICATE_LIFE_S ((gint64)3650 * 24 * 3600) /* as Notary makes them */

/* --- policies ----------------------------------------------------------------------------- */

static gboolean read_policies(const PvKeyOptions *options, PvTokenRequest *request, GError **error)
{
	if (options->pin_policy) {
		request->pin = pv_pin_policy_parse(options->pin_policy);
		if (request->pin == PV_PIN_UNKNOWN)
			return pv_fail(error, PV_ERROR_USAGE,
				       "--pin-policy \"%.32s\": expected never, once or always",
				       options->pin_policy);
	}
	if (options->touch_policy) {
		request->touch = pv_touch_policy_parse(options->touch_policy);
		if (request->touch == PV_TOUCH_UNKNOWN)
			return pv_fail(error, PV_ERROR_USAGE,
				       "--touch-policy \"%.32s\": expected never, always or cached",
				       options->touch_policy);
	}
	return TRUE;
}

/* --- attestations ------------------------------------------------------------------------- */

/* (transfer full): the attestation, kept beside the keys. */
static GBytes *keep_attestation(PvKeyOptions *options, const char *uri, const PvPublicKey *key,
				GError **error)
{
	g_autoptr(GPtrArray) chain =
		pv_tokens_attest(pv_passphrases_tokens(options->passphrases), uri, error);
	g_autoptr(GBytes) pem = NULL;

	if (!chain)
		return NULL;
	if (chain->len != 2)
		return pv_fail_null(error, PV_ERROR_SERVER,
				    "an attestation has two certificates, the token gave %u",
				    chain->len);
	pem = pv_attestation_chain_write(chain);
	if (!pv_attestations_store(options->directory, key, pem, error))
		return NULL;
	return g_steal_pointer(&pem);
}

/*
 * What the attestation that was kept proves, if it is known whom to believe: on standard error, since
 * the attestation itself goes to standard output; or all of it there, as JSON.
 */
static gboolean tell_proof(const PvKeyOptions *options, const PvPublicKey *key, GError **error)
{
	g_autoptr(PvAttestationRoots) roots =
		pv_attestation_roots_load(options->attestation_roots, error);
	g_autoptr(PvHardware) hardware = NULL;
	g_autofree char *words = NULL;

	if (!roots)
		return FALSE;
	hardware = pv_hardware_find(options->directory, key, roots, pv_time_now());
	if (hardware->state == PV_HARDWARE_ATTESTED) {
		const char *weakness = pv_attestation_weakness(&hardware->facts, hardware->kind);

		words = pv_hardware_words(hardware);
		fprintf(stderr, "verified under %s: %s\n", hardware->root, words);
		if (weakness)
			fprintf(stderr, "warning: %s\n", weakness);
	} else if (!options->attestation_roots && pv_attestation_roots_count(roots) == 0) {
		fprintf(stderr, "not verified: no roots of attestations are known here; name a "
				"directory of them by --attestation-roots\n");
	} else {
		return pv_fail(error, PV_ERROR_SIGNATURE, "key %.7s: %s", hardware->id,
			       hardware->why ? hardware->why : "its attestation is gone");
	}
	if (options->json) {
		g_autoptr(json_t) value = pv_hardware_json(hardware);
		g_autofree char *text = pv_json_text(value, FALSE);

		fputs(text, stdout);
	}
	return TRUE;
}

gboolean pv_key_attest(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvStoredKey) key = pv_key_find(options, argv[1], error);
	g_autoptr(GBytes) pem = NULL;
	gsize size;
	const char *text;

	if (!key)
		return FALSE;
	if (!key->uri)
		return pv_fail(
			error, PV_ERROR_UNSUPPORTED,
			"%s key %.7s is in a file: only a key that was made on a token can be "
			"attested",
			key->file->role ? key->file->role : "the", key->id);
	if (key->origin == PV_ORIGIN_IMPORTED)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s key %.7s was brought to its token from outside: it is not "
			       "attestable",
			       key->file->role, key->id);
	pem = keep_attestation(options, key->uri, key->public, error);
	if (!pem)
		return FALSE;
	if (!tell_proof(options, key->public, error))
		return FALSE;
	text = g_bytes_get_data(pem, &size);
	if (options->json && !options->output)
		return TRUE;
	if (options->output)
		return pv_file_replace(options->output, text, size, 0644, error);
	return fwrite(text, 1, size, stdout) == size ||
	       pv_fail(error, PV_ERROR_IO, "cannot write to standard output");
}

/* A new key's attestation; a token that has none to give is no failure. */
static gboolean try_attestation(PvKeyOptions *options, const PvTokenKey *key, gboolean *ret_kept,
				GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem = NULL;

	*ret_kept = FALSE;
	if (key->origin == PV_ORIGIN_IMPORTED)
		return TRUE;
	pem = keep_attestation(options, key->uri, key->public, &failure);
	if (pem) {
		*ret_kept = TRUE;
		return TRUE;
	}
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_UNSUPPORTED))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failure));
	return pv_fail_wrap(error, "the key is made and usable, its attestation is missing");
}

/* --- new keys ----------------------------------------------------------------------------- */

static void tell(const PvTokenKey *key, const char *role, gboolean attested)
{
	g_autofree char *token = pv_terminal_safe(key->token);
	g_autofree char *uri = pv_terminal_safe(key->uri);

	fprintf(stderr, "%s key %s, %s %s\n%s\npolicies: PIN %s, touch %s; %s\n", role,
		pv_public_key_canonical_id(key->public),
		key->origin == PV_ORIGIN_IMPORTED ? "brought to" : "made on", token, uri,
		pv_pin_policy_name(key->pin), pv_touch_policy_name(key->touch),
		attested                            ? "attested"
		: key->origin == PV_ORIGIN_IMPORTED ? "not attestable"
						    : "not attested: this token cannot");
}

/* (transfer full): made as @request says, recorded, attested where it can be. */
static PvTokenKey *make(PvKeyOptions *options, PvTokenRequest *request, GError **error)
{
	PvTokens *tokens = pv_passphrases_tokens(options->passphrases);
	g_autoptr(PvTokenKey) key = NULL;
	gboolean attested;

	request->now_s = pv_time_now().seconds;
	request->life_s = CERTIFICATE_LIFE_S;
	request->replaces = options->replace;
	if (!read_policies(options, request, error))
		return NULL;
	key = pv_tokens_make(tokens, options->store, request, error);
	if (!key ||
	    !pv_token_key_record(options->directory, key, options->gun, request->role, error) ||
	    !try_attestation(options, key, &attested, error))
		return NULL;
	tell(key, request->role, attested);
	return g_steal_pointer(&key);
}

PvPublicKey *pv_key_generate_on_token(PvKeyOptions *options, const char *role, GError **error)
{
	PvTokenRequest request = { .role = role };
	g_autoptr(PvTokenKey) key = make(options, &request, error);

	return key ? pv_public_key_ref(key->public) : NULL;
}

/* --- brought there ------------------------------------------------------------------------ */

static PvPrivateKey *open_file(PvKeyOptions *options, const char *path, char **ret_role,
			       GError **error)
{
	PvKeyFile *file = pv_key_file_read(path, error);
	g_autoptr(PvStoredKey) stored = NULL;

	if (!file)
		return NULL;
	stored = g_new0(PvStoredKey, 1);
	stored->id = g_path_get_basename(path);
	stored->path = g_strdup(path);
	stored->file = file;
	if (!file->role && !options->role)
		return pv_fail_null(error, PV_ERROR_USAGE, "%s does not say its role: say --role",
				    path);
	if (!options->gun)
		options->gun = g_strdup(file->gun);
	*ret_role = g_strdup(options->role ? options->role : file->role);
	return pv_passphrases_open(options->passphrases, stored, error);
}

gboolean pv_key_import_to_token(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autofree char *role = NULL;
	g_autoptr(PvPrivateKey) private = NULL;
	g_autoptr(PvSecret) der = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(PvTokenKey) key = NULL;
	PvTokenRequest request = { 0 };

	if (argc != 2)
		return pv_fail(error, PV_ERROR_USAGE, "a place on a token takes one key: one FILE");
	private = open_file(options, argv[1], &role, error);
	der = private ? pv_private_key_pkcs8(private, error) : NULL;
	if (!der)
		return FALSE;
	bytes = g_bytes_new_static(der->data, der->size);
	request.role = role;
	request.imported = bytes;
	key = make(options, &request, error);
	if (!key)
		return FALSE;
	fprintf(stderr, "%s still holds a copy: without it, the key is on the token alone\n",
		argv[1]);
	if (!options->json)
		printf("imported %s\n", pv_public_key_canonical_id(key->public));
	return TRUE;
}

/* --- told and removed --------------------------------------------------------------------- */

static json_t *json_of(const PvTokenKey *key)
{
	return json_pack("{s:s?, s:s, s:s, s:s?, s:s?, s:s, s:s, s:s, s:s?}", "id",
			 key->public ? pv_public_key_canonical_id(key->public) : NULL, "store",
			 key->uri, "token", key->token, "serial", key->serial, "role", key->role,
			 "origin", pv_token_origin_name(key->origin), "pin_policy",
			 pv_pin_policy_name(key->pin), "touch_policy",
			 pv_touch_policy_name(key->touch), "unfinished", key->unfinished);
}

static void print_key(const PvTokenKey *key)
{
	g_autofree char *uri = pv_terminal_safe(key->uri);
	g_autofree char *role = pv_terminal_safe(key->role ? key->role : "");
	g_autofree char *unfinished = pv_terminal_safe(key->unfinished ? key->unfinished : "");

	printf("%-10s %-9s %-7s %-8s %-64s %s\n", role, pv_token_origin_name(key->origin),
	       pv_pin_policy_name(key->pin), pv_touch_policy_name(key->touch),
	       key->public ? pv_public_key_canonical_id(key->public) : "", uri);
	if (*unfinished)
		printf("           %s\n", unfinished);
}

gboolean pv_key_list_store(PvKeyOptions *options, GError **error)
{
	g_autoptr(GPtrArray) keys =
		pv_tokens_list(pv_passphrases_tokens(options->passphrases), options->store, error);
	g_autoptr(json_t) all = json_array();
	g_autofree char *text = NULL;

	if (!keys)
		return FALSE;
	if (!options->json && keys->len > 0)
		printf("%-10s %-9s %-7s %-8s %-64s %s\n", "ROLE", "ORIGIN", "PIN", "TOUCH",
		       "KEY ID", "WHERE");
	for (guint i = 0; i < keys->len; i++) {
		if (options->json)
			json_array_append_new(all, json_of(keys->pdata[i]));
		else
			print_key(keys->pdata[i]);
	}
	if (options->json) {
		text = pv_json_text(all, FALSE);
		fputs(text, stdout);
	}
	return TRUE;
}

void pv_key_show_token(const PvKeyOptions *options, const PvStoredKey *key)
{
	g_autofree char *token = pv_terminal_safe(key->token ? key->token : "");
	g_autofree char *uri = pv_terminal_safe(key->uri);
	g_autofree char *attestation = pv_attestations_path(options->directory, key->id);
	gboolean attested = g_file_test(attestation, G_FILE_TEST_EXISTS);

	printf("token       %s\nplace       %s\norigin      %s\nPIN         %s\ntouch       %s\n"
	       "attestation %s\n",
	       token, uri, pv_token_origin_name(key->origin), pv_pin_policy_name(key->pin),
	       pv_touch_policy_name(key->touch),
	       attested                            ? attestation
	       : key->origin == PV_ORIGIN_IMPORTED ? "not attestable"
						   : "none");
}

/* The URI names a place: what is there now may be another key. */
static gboolean is_still_there(PvTokens *tokens, const PvStoredKey *key, GError **error)
{
	g_autoptr(GPtrArray) there = pv_tokens_list(tokens, key->uri, error);
	const PvTokenKey *found = there && there->len == 1 ? there->pdata[0] : NULL;

	if (!there)
		return FALSE;
	return (found && found->public && pv_public_key_same(found->public, key->public)) ||
	       pv_fail(error, PV_ERROR_KEY, "key %.7s is not at %s any more; nothing was destroyed",
		       key->id, key->uri);
}

gboolean pv_key_remove_from_token(PvKeyOptions *options, const PvStoredKey *key, GError **error)
{
	PvTokens *tokens = pv_passphrases_tokens(options->passphrases);
	g_autofree char *token = pv_terminal_safe(key->token ? key->token : "its token");
	g_autofree char *attestation = pv_attestations_path(options->directory, key->id);
	g_autofree char *question =
		g_strdup_printf("destroy the %s key %s on %s, of which there is no other copy",
				key->file->role, key->id, token);

	if (!is_still_there(tokens, key, error) || !pv_confirm(question, options->yes, error) ||
	    !pv_tokens_remove(tokens, key->uri, error) ||
	    !pv_trust_key_remove(options->directory, key->id, error))
		return FALSE;
	if (unlink(attestation) != 0 && errno != ENOENT)
		return pv_fail_errno(error, errno, "%s: cannot remove", attestation);
	return TRUE;
}
