/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"
#include "crypto/secret.h"
#include "program/signer/token.h"

/*
 * The signer's keys: encrypted files DIRECTORY/<sha256 of the GUN>/<role>.<key id>.key. A key that
 * was made and never signed ends in `.pending.key`: it is handed out again, so that asking for keys
 * does not fill the disk (trust.md section 4). Of a key in a token the file `<role>.<key id>.token`, or
 * `.pending.token`, stands for the key, and DIRECTORY/<sha256>/tokens/<key id>.json says where it is.
 */
typedef struct PvSignerKeys PvSignerKeys;

/**
 * pv_signer_keys_open:
 * @passphrase: (nullable) (transfer full): NULL uses DIRECTORY/passphrase, made on first use
 * @token: (nullable) (transfer full): where new keys are made; those in files stay usable
 *
 * Errors: PV_ERROR_PASSPHRASE (there are keys, and no passphrase), PV_ERROR_IO.
 */
PvSignerKeys *pv_signer_keys_open(const char *directory, PvSecret *passphrase, PvSignerToken *token,
				  GError **error);
void pv_signer_keys_close(PvSignerKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvSignerKeys, pv_signer_keys_close)

/* (transfer full): the pending key of @role, or a new one. */
PvPublicKey *pv_signer_keys_pending(PvSignerKeys *keys, const char *gun, const char *role,
				    GError **error);

/* TRUE if there is such a key; @id is untrusted. */
gboolean pv_signer_keys_has(PvSignerKeys *keys, const char *gun, const char *role, const char *id);

/* (transfer none): the key, to sign with; it is pending no more. */
const PvPrivateKey *pv_signer_keys_use(PvSignerKeys *keys, const char *gun, const char *role,
				       const char *id, GError **error);

/**
 * pv_signer_keys_add:
 *
 * Keeps a key from elsewhere, whole or not at all. One that is there already stays; if it was
 * pending there and @is_pending is FALSE, it is pending no more.
 *
 * Errors: PV_ERROR_PASSPHRASE (keys are there under another passphrase), PV_ERROR_IO.
 */
gboolean pv_signer_keys_add(PvSignerKeys *keys, const char *gun, const char *role,
			    const PvPrivateKey *key, gboolean is_pending, GError **error);

/* Removes all keys of @gun, those in the token first. */
gboolean pv_signer_keys_remove(PvSignerKeys *keys, const char *gun, GError **error);
