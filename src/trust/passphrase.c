/* SPDX-License-Identifier: Apache-2.0 */

/* Passphrases of key files (design.md section 7). They live in locked memory only. */

#include "trust/passphrase.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "token/person.h"

#define PROMPTS_MAX   3
#define NEW_BYTES_MIN 8
#define KINDS         4

typedef struct {
	const char *role; /* NULL: all other roles, which are delegations and signers' names */
	const char *docker, *notary;
} Kind;

static const Kind kinds[KINDS] = {
	{ "root", "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE", "NOTARY_ROOT_PASSPHRASE" },
	{ "targets", "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE", "NOTARY_TARGETS_PASSPHRASE" },
	{ "snapshot", "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE", "NOTARY_SNAPSHOT_PASSPHRASE" },
	{ NULL, "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE", "NOTARY_DELEGATION_PASSPHRASE" },
};

struct PvPassphrases {
	PvSecret *from_environment[KINDS];
	PvSecret *typed[KINDS];
	PvTokenTerminal *terminal; /* NULL until needed, as are the tokens */
	PvTokens *tokens;
};

static guint kind_of(const char *role)
{
	for (guint i = 0; i + 1 < KINDS; i++) {
		if (g_strcmp0(kinds[i].role, role) == 0)
			return i;
	}
	return KINDS - 1;
}

PvPassphrases *pv_passphrases_take(void)
{
	PvPassphrases *taken = g_new0(PvPassphrases, 1);
	g_autoptr(PvSecret) root =
		pv_secret_take_environment("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE");
	g_autoptr(PvSecret) repository =
		pv_secret_take_environment("DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE");

	for (guint i = 0; i < KINDS; i++) {
		g_autoptr(PvSecret) notary = pv_secret_take_environment(kinds[i].notary);
		const PvSecret *docker = i == 0 ? root : repository;

		if (docker)
			taken->from_environment[i] = pv_secret_new_copy(docker->data, docker->size);
		else
			taken->from_environment[i] = g_steal_pointer(&notary);
	}
	return taken;
}

void pv_passphrases_free(PvPassphrases *passphrases)
{
	if (!passphrases)
		return;
	for (guint i = 0; i < KINDS; i++) {
		pv_secret_free(passphrases->from_environment[i]);
		pv_secret_free(passphrases->typed[i]);
	}
	pv_tokens_free(passphrases->tokens);
	pv_token_terminal_free(passphrases->terminal);
	g_free(passphrases);
}

void pv_passphrases_set_sources(PvPassphrases *passphrases, const char *pin_source,
				const char *management_source)
{
	g_return_if_fail(!passphrases->tokens);
	pv_token_terminal_free(passphrases->terminal);
	passphrases->terminal = pv_token_terminal_new(pin_source, management_source);
}

void pv_passphrases_set_source(PvPassphrases *passphrases, PvTokenSecret kind, const char *source)
{
	g_return_if_fail(passphrases->terminal && !passphrases->tokens);
	pv_token_terminal_set_source(passphrases->terminal, kind, source);
}

PvTokens *pv_passphrases_tokens(PvPassphrases *passphrases)
{
	PvTokenPerson person;

	if (passphrases->tokens)
		return passphrases->tokens;
	if (!passphrases->terminal)
		passphrases->terminal = pv_token_terminal_new(NULL, NULL);
	person = pv_token_terminal_person(passphrases->terminal);
	passphrases->tokens = pv_tokens_new(&person);
	return passphrases->tokens;
}

static char *instead_of(guint kind)
{
	return g_strdup_printf("set %s", kinds[kind].docker);
}

static gboolean is_wrong_passphrase(const GError *error)
{
	return g_error_matches(error, PV_ERROR, PV_ERROR_PASSPHRASE);
}

static PvPrivateKey *open_by_asking(PvPassphrases *passphrases, const PvStoredKey *key, guint kind,
				    GError **error)
{
	g_autofree char *instead = instead_of(kind);
	g_autofree char *prompt =
		g_strdup_printf("passphrase of %s key %.7s",
				key->file->role ? key->file->role : "the", key->id);

	for (guint i = 1;; i++) {
		g_autoptr(PvSecret) typed = pv_secret_prompt(prompt, instead, error);
		g_autoptr(GError) failure = NULL;
		PvPrivateKey *opened;

		if (!typed)
			return NULL;
		opened = pv_key_file_open(key->file, typed, &failure);
		if (opened) {
			pv_secret_free(passphrases->typed[kind]);
			passphrases->typed[kind] = g_steal_pointer(&typed);
			return opened;
		}
		if (!is_wrong_passphrase(failure) || i == PROMPTS_MAX) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
		fputs("wrong passphrase, try again\n", stderr);
	}
}

PvPrivateKey *pv_passphrases_open(PvPassphrases *passphrases, const PvStoredKey *key,
				  GError **error)
{
	guint kind = kind_of(key->file->role);
	const PvSecret *known = passphrases->from_environment[kind];
	PvPrivateKey *opened;

	if (key->uri)
		return pv_tokens_key(pv_passphrases_tokens(passphrases), key->uri, key->public,
				     error);
	if (!key->file->encrypted)
		return pv_key_file_open(key->file, NULL, error);
	if (known) {
		opened = pv_key_file_open(key->file, known, error);
		if (!opened)
			pv_fail_wrap(error, "%s key %.7s, passphrase from the environment",
				     key->file->role ? key->file->role : "the", key->id);
		return opened;
	}
	if (passphrases->typed[kind]) {
		opened = pv_key_file_open(key->file, passphrases->typed[kind], NULL);
		if (opened)
			return opened;
	}
	return open_by_asking(passphrases, key, kind, error);
}

PvSecret *pv_passphrases_ask_new(const char *role, GError **error)
{
	g_autofree char *instead = instead_of(kind_of(role));
	g_autofree char *prompt = g_strdup_printf("passphrase for %s key", role ? role : "the");
	g_autoptr(PvSecret) first = pv_secret_prompt(prompt, instead, error);
	g_autoptr(PvSecret) second = NULL;

	if (!first)
		return NULL;
	if (first->size < NEW_BYTES_MIN)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "a passphrase must have at least %d characters", NEW_BYTES_MIN);
	second = pv_secret_prompt("the same again", instead, error);
	if (!second)
		return NULL;
	if (!pv_secret_equal(first, second))
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "the two passphrases differ");
	return g_steal_pointer(&first);
}

const PvSecret *pv_passphrases_new(PvPassphrases *passphrases, const char *role, GError **error)
{
	guint kind = kind_of(role);

	if (passphrases->from_environment[kind])
		return passphrases->from_environment[kind];
	if (!passphrases->typed[kind])
		passphrases->typed[kind] = pv_passphrases_ask_new(role, error);
	return passphrases->typed[kind];
}

PvPassphrases *pv_passphrases_take_notary(void)
{
	PvPassphrases *taken = g_new0(PvPassphrases, 1);

	for (guint i = 0; i < KINDS; i++)
		taken->from_environment[i] = pv_secret_take_environment(kinds[i].notary);
	/* Another program's; no child needs them. */
	pv_secret_free(pv_secret_take_environment("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE"));
	pv_secret_free(pv_secret_take_environment("DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"));
	return taken;
}

const PvSecret *pv_passphrases_known(const PvPassphrases *passphrases, const char *role)
{
	return passphrases->from_environment[kind_of(role)];
}
