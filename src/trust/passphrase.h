/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/secret.h"
#include "token/client.h"
#include "trust/directory.h"

/*
 * Where passphrases come from: the environment (read once and taken out of it before any child
 * starts), else the terminal. DOCKER_CONTENT_TRUST_{ROOT,REPOSITORY}_PASSPHRASE win over
 * NOTARY_{ROOT,TARGETS,SNAPSHOT,DELEGATION}_PASSPHRASE.
 */
typedef struct PvPassphrases PvPassphrases;

/* Call it before any thread or child is started. */
PvPassphrases *pv_passphrases_take(void);

/* The same under the name notary, where NOTARY_*_PASSPHRASE alone counts. */
PvPassphrases *pv_passphrases_take_notary(void);
void pv_passphrases_free(PvPassphrases *passphrases);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPassphrases, pv_passphrases_free)

/**
 * pv_passphrases_open:
 *
 * Opens a stored key: by the passphrase of its role in the environment, by one that opened another
 * key before, else by asking, three times at most. One on a token is opened without a question: it asks when it signs.
 *
 * Errors: PV_ERROR_PASSPHRASE, PV_ERROR_KEY.
 */
PvPrivateKey *pv_passphrases_open(PvPassphrases *passphrases, const PvStoredKey *key,
				  GError **error);

/**
 * pv_passphrases_set_sources:
 * @pin_source, @management_source: (nullable): as for pv_token_terminal_new()
 *
 * Where the PINs of tokens come from. Before pv_passphrases_tokens() was called.
 */
void pv_passphrases_set_sources(PvPassphrases *passphrases, const char *pin_source,
				const char *management_source);

/* The same for secrets that a token is set up with. After pv_passphrases_set_sources(). */
void pv_passphrases_set_source(PvPassphrases *passphrases, PvTokenSecret kind, const char *source);

/* (transfer none): the tokens, for this command; keys on them are valid as long as @passphrases. */
PvTokens *pv_passphrases_tokens(PvPassphrases *passphrases);

/**
 * pv_passphrases_new:
 * @role: of the key that is about to be made
 *
 * Returns: (transfer none): the passphrase to encrypt it with: the environment's, or one typed
 * twice, of at least 8 characters.
 */
const PvSecret *pv_passphrases_new(PvPassphrases *passphrases, const char *role, GError **error);

/**
 * pv_passphrases_ask_new:
 * @role: (nullable): of the key that gets it
 *
 * Returns: (transfer full): a passphrase typed twice, of at least 8 characters.
 */
PvSecret *pv_passphrases_ask_new(const char *role, GError **error);

/* (transfer none) (nullable): the passphrase that the environment gave for keys of @role. */
const PvSecret *pv_passphrases_known(const PvPassphrases *passphrases, const char *role);
