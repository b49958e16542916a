/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/passphrase.h"

/*
 * Care of the private keys in a trust directory: import, export, new passphrases, removal, and the
 * layout that Notary had before 0.4. Files come and go whole: a crash loses no key.
 */

/**
 * pv_trust_key_import:
 * @pem: untrusted: one PEM block or more (trust.md 3.1 and 0.1 row 3.1)
 * @role: (nullable): of blocks without a role header; NULL is "delegation"
 * @gun: (nullable): of blocks without a gun header
 * @ret_ids: (out) (transfer full) (optional): char* of each imported key
 *
 * Encrypted blocks need a path header, which names the key, and are copied as they are; plain ones
 * are encrypted with a new passphrase. A key that is there already is replaced.
 *
 * Errors: PV_ERROR_KEY (no block is usable: each reason), PV_ERROR_LIMIT.
 */
gboolean pv_trust_key_import(const char *directory, PvPassphrases *passphrases, GBytes *pem,
			     const char *role, const char *gun, GPtrArray **ret_ids,
			     GError **error);

/**
 * pv_trust_key_export:
 * @ids: (nullable): canonical ids; NULL for no choice by id
 * @gun: (nullable): keys of this repository
 *
 * Returns: (transfer full): the chosen key files one after another, each with a path header, in the
 * order of their ids; all if nothing was chosen, nothing if none is. Keys leave as they are encrypted; one
 * in the clear does not leave: PV_ERROR_KEY, nor does one on a token.
 */
GBytes *pv_trust_key_export(const char *directory, const char *const *ids, const char *gun,
			    GError **error);

/**
 * pv_trust_key_passwd:
 * @new_passphrase: (nullable): NULL asks for it
 *
 * Encrypts the key anew. Errors: PV_ERROR_KEY (no such key), PV_ERROR_PASSPHRASE.
 */
gboolean pv_trust_key_passwd(const char *directory, PvPassphrases *passphrases, const char *id,
			     const PvSecret *new_passphrase, GError **error);

/* Removes the key's file. Errors: PV_ERROR_KEY (no such key), PV_ERROR_IO. */
gboolean pv_trust_key_remove(const char *directory, const char *id, GError **error);

/**
 * pv_trust_key_is_id:
 *
 * Returns: TRUE if @id has the form of a key id: 64 lower-case hexadecimal digits.
 */
gboolean pv_trust_key_is_id(const char *id);

/**
 * pv_trust_keys_migrate:
 * @ret_left: (out) (transfer full) (optional): written on FALSE: char*: files that could not be
 * moved, each with the reason
 *
 * Moves keys of the layout before Notary 0.4 (private/root_keys, private/tuf_keys/GUN) to the flat
 * one, with repository and role in their headers. pv_trust_keys() and pv_trust_key_find() do it.
 *
 * Returns: TRUE if none is left in the old layout.
 */
gboolean pv_trust_keys_migrate(const char *directory, GPtrArray **ret_left);
