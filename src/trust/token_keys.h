/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "token/driver.h"
#include "trust/passphrase.h"

/*
 * Keys on tokens that this machine uses: `tokens/<canonical key id>.json` in the trust directory
 * says which key it is and where; its secret is on the token alone. pv_trust_keys() and
 * pv_trust_key_find() give them as they give key files, with a URI.
 */

/**
 * pv_token_key_record:
 * @key: made or found on a token
 * @gun: (nullable): of a targets or snapshot key
 * @role: "root", "targets", "snapshot" or a signer's name
 *
 * Writes the record, in place of one for the same key or the same place. Errors: PV_ERROR_IO.
 */
gboolean pv_token_key_record(const char *directory, const PvTokenKey *key, const char *gun,
			     const char *role, GError **error);

/**
 * pv_token_key_parse:
 * @text: untrusted: a record
 * @path, @id: where it is, and its name without ".json": the id of the key that it must tell
 *
 * Returns: (transfer full). Errors: PV_ERROR_LIMIT, PV_ERROR_SYNTAX, PV_ERROR_KEY.
 */
PvStoredKey *pv_token_key_parse(GBytes *text, const char *path, const char *id, GError **error);

/* As pv_token_key_parse(), of the file @path. */
PvStoredKey *pv_token_key_read(const char *path, const char *id, GError **error);

/**
 * pv_token_key_at:
 * @uri: of a place on a token, perhaps shorter than the record's
 *
 * Looks at the token which key is there and, if it has no record yet, writes one. No PIN is asked
 * for. Returns: (transfer full): its canonical id. Errors: PV_ERROR_KEY (none, or several).
 */
char *pv_token_key_at(const char *directory, PvPassphrases *passphrases, const char *uri,
		      const char *gun, const char *role, GError **error);

/* (transfer full): where the record of key @id is, or would be. */
char *pv_token_key_path(const char *directory, const char *id);

/* Appends PvStoredKey of each readable record to @keys. */
void pv_token_keys_add(const char *directory, GPtrArray *keys);

/* (transfer none): "generated", "imported", "unknown". */
const char *pv_token_origin_name(PvTokenOrigin origin);
