/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/key.h"
#include "crypto/secret.h"

/*
 * Private key files in Notary's layout (trust.md 0.1 row 3.1, 3.1): one PEM block with headers
 * gun, path, role and PBES2 content. All forms that Notary reads are read.
 */
typedef struct {
	char *gun;  /* NULL if the header is missing */
	char *path; /* likewise */
	char *role;
	gboolean encrypted;
	char *label; /* PEM label: "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY" … */
	GBytes *body;
	char *dek_info; /* legacy PEM encryption, or NULL */
} PvKeyFile;

/**
 * pv_key_file_parse:
 * @text: untrusted: one PEM block (text before and after it is ignored)
 */
PvKeyFile *pv_key_file_parse(const char *text, gsize size, GError **error);

/* As pv_key_file_parse(), of the file @path, which every error names. */
PvKeyFile *pv_key_file_read(const char *path, GError **error);
void pv_key_file_free(PvKeyFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvKeyFile, pv_key_file_free)

/**
 * pv_key_file_open:
 * @passphrase: (nullable): NULL for a file that is not encrypted
 *
 * Errors: PV_ERROR_PASSPHRASE (wrong, or needed), PV_ERROR_KEY, PV_ERROR_UNSUPPORTED.
 */
PvPrivateKey *pv_key_file_open(const PvKeyFile *file, const PvSecret *passphrase, GError **error);

/**
 * pv_key_file_format:
 *
 * Returns: (transfer full): the file as text, its content as it is (encrypted or not) under the
 * headers that @file has now: to move a key without opening it.
 */
PvSecret *pv_key_file_format(const PvKeyFile *file);

/**
 * pv_key_file_write:
 * @gun: (nullable)
 * @role: a role name, or a delegation key's signer name
 * @passphrase: (nullable): NULL writes it unencrypted
 *
 * PBES2 with PBKDF2-HMAC-SHA1 and AES-256-CBC, the only form Notary reads; 200,000 iterations
 * (PV_KEY_ROUNDS in meson.build).
 *
 * Returns: (transfer full): the PEM text in locked memory.
 */
PvSecret *pv_key_file_write(const PvPrivateKey *key, const char *gun, const char *role,
			    const PvSecret *passphrase, GError **error);
