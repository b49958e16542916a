/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/key.h"

/* What the files of crypto/ share of keys; not for other rooms. */

struct PvPublicKey {
	gint references;
	PvKeyKind kind;
	const char *type; /* of the table in key.c */
	GBytes *encoded;
	EVP_PKEY *pkey;
	STACK_OF(X509) * chain; /* of *-x509 keys, leaf first; otherwise NULL */
	char *id;
	char *canonical_id;
};

struct PvPrivateKey {
	EVP_PKEY *pkey;
	PvPublicKey *public;
};

/**
 * pv_public_key_of_pkey:
 *
 * Returns: (transfer full): the plain public key of @pkey.
 */
PvPublicKey *pv_public_key_of_pkey(EVP_PKEY *pkey, GError **error);

/**
 * pv_private_key_of_pkey:
 * @pkey: (transfer full): taken over, also on failure
 */
PvPrivateKey *pv_private_key_of_pkey(EVP_PKEY *pkey, GError **error);

/**
 * pv_crypto_reason:
 *
 * Returns: (transfer none): OpenSSL's newest reason in words; its error queue is emptied.
 */
const char *pv_crypto_reason(void);
