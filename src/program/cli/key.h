/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/passphrase.h"

/* What key.c and key_files.c share. */
typedef struct {
	char *trust_dir, *role, *gun, *output, *new_passphrase;
	gboolean json, yes;
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
