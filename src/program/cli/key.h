/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/passphrase.h"

/* What key.c and key_files.c share. */
typedef struct {
	char *trust_dir, *role, *gun, *output, *new_passphrase;
	char *store, *pin_policy, *touch_policy, *pin_source, *management_source;
	char *puk_source, *new_pin_source, *new_puk_source;
	char *attestation_roots;
	gboolean json, yes, replace;
	char *directory; /* of the keys */
	PvPassphrases *passphrases;
} PvKeyOptions;

/**
 * pv_key_find:
 * @name: a key id, or its first digits (7 at least)
 *
 * Errors: PV_ERROR_KEY (none, or several).
 */
PvStoredKey *pv_key_find(const PvKeyOptions *options, const char *name, GError **error);

/* The verbs that work on key files. */
gboolean pv_key_show(PvKeyOptions *options, int argc, char **argv, GError **error);
gboolean pv_key_import(PvKeyOptions *options, int argc, char **argv, GError **error);
gboolean pv_key_export(PvKeyOptions *options, int argc, char **argv, GError **error);
gboolean pv_key_passwd(PvKeyOptions *options, int argc, char **argv, GError **error);
gboolean pv_key_remove(PvKeyOptions *options, int argc, char **argv, GError **error);

/* --- tokens: key_token.c ------------------------------------------------------------------ */

/* (transfer full): the public half of a key made at --store. */
PvPublicKey *pv_key_generate_on_token(PvKeyOptions *options, const char *role, GError **error);
gboolean pv_key_import_to_token(PvKeyOptions *options, int argc, char **argv, GError **error);
gboolean pv_key_list_store(PvKeyOptions *options, GError **error);
gboolean pv_key_attest(PvKeyOptions *options, int argc, char **argv, GError **error);

/* Of @key, which is on a token. */
void pv_key_show_token(const PvKeyOptions *options, const PvStoredKey *key);
gboolean pv_key_remove_from_token(PvKeyOptions *options, const PvStoredKey *key, GError **error);

/* key_setup.c: makes a new token fit for use. */
gboolean pv_key_setup(PvKeyOptions *options, int argc, char **argv, GError **error);
