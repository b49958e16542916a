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
	char *id;
	gint is_read;    /* what follows is there; pv_public_key_read() sees to it */
	gboolean is_pem; /* a plain key that is spelt as PEM: pycrypto's */
	EVP_PKEY *pkey;
	STACK_OF(X509) * chain; /* of *-x509 keys, leaf first; otherwise NULL */
	char *canonical_id;
};

/**
 * pv_public_key_read:
 *
 * Reads what pv_public_key_new_known() left for later. Every function that looks behind `id` in a
 * key it was given calls this first.
 *
 * Returns: FALSE if the key is not usable after all.
 */
gboolean pv_public_key_read(const PvPublicKey *key);

struct PvPrivateKey {
	EVP_PKEY *pkey; /* with @sign: the public half alone */
	PvPublicKey *public;
	PvRemoteSign sign; /* NULL: the key is here */
	void *data;
	GDestroyNotify destroy;
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
 * pv_public_key_pkey_of_pem:
 *
 * Returns: (transfer full): the key of one `PUBLIC KEY` block, or NULL. Never asks for a password.
 */
EVP_PKEY *pv_public_key_pkey_of_pem(const void *pem, gsize size);

/* How a signature is made; the names for it differ from dialect to dialect. */
typedef enum {
	PV_SIGNING_ECDSA, /* DER, SHA-256 */
	PV_SIGNING_EDDSA,
	PV_SIGNING_PSS,      /* SHA-256, salt of 32 bytes */
	PV_SIGNING_PSS_SALT, /* SHA-256, salt of any length (only to verify) */
	PV_SIGNING_PKCS1     /* SHA-256 */
} PvSigning;

/**
 * pv_public_key_verify_der:
 * @signature: untrusted: for ECDSA in DER
 *
 * @signing must fit the kind of @pkey.
 */
gboolean pv_public_key_verify_der(EVP_PKEY *pkey, PvSigning signing, const void *message,
				  gsize message_size, const guint8 *signature, gsize size);

/**
 * pv_signature_der_of_raw:
 * @raw: r||s
 *
 * Returns: (transfer full): DER, to be freed with OPENSSL_free(); NULL unless the length is right.
 */
guint8 *pv_signature_der_of_raw(const EVP_PKEY *pkey, const guint8 *raw, gsize size,
				int *ret_length);

/**
 * pv_crypto_reason:
 *
 * Returns: (transfer none): OpenSSL's newest reason in words; its error queue is emptied.
 */
const char *pv_crypto_reason(void);

/* OpenSSL's callback for PEM that may be encrypted but has no business to be: never asks, fails. */
int pv_crypto_no_password(char *buffer, int size, int writing, void *data);
