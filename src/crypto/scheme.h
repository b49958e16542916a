/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/key.h"

/*
 * Keys and signatures as TUF 1.0 writes them (specification 4.2): a key says by which scheme it
 * signs, PEM or hexadecimal, and an ECDSA signature is DER. Notary's spelling is in crypto/key.h.
 */

typedef enum {
	PV_SCHEME_ED25519,       /* ed25519: 64 hexadecimal digits */
	PV_SCHEME_ECDSA_P256,    /* ecdsa-sha2-nistp256: PEM */
	PV_SCHEME_RSA_PSS_SHA256 /* rsassa-pss-sha256: PEM; salt of any length */
} PvScheme;

/**
 * pv_scheme_key:
 * @keytype: untrusted: "ed25519", "ecdsa" or "ecdsa-sha2-nistp256", "rsa"
 * @scheme: untrusted: one of the names above
 * @public: untrusted: hexadecimal, or one PEM block of a SubjectPublicKeyInfo
 * @ret_scheme: (out)
 *
 * Two spellings of one key give the same pv_public_key_id().
 *
 * Errors: PV_ERROR_UNSUPPORTED (a pair that is not known here), PV_ERROR_KEY, PV_ERROR_LIMIT.
 */
PvPublicKey *pv_scheme_key(const char *keytype, const char *scheme, const char *public,
			   PvScheme *ret_scheme, GError **error);

/**
 * pv_scheme_verify:
 * @scheme: the one that pv_scheme_key() gave with @key
 * @signature: untrusted
 *
 * Returns: TRUE if the signature is good.
 */
gboolean pv_scheme_verify(const PvPublicKey *key, PvScheme scheme, const void *message,
			  gsize message_size, const void *signature, gsize signature_size);

/**
 * pv_scheme_decode_hex:
 * @text: untrusted
 *
 * Returns: (transfer full) (nullable): the bytes, NULL if @text is not pairs of hexadecimal digits.
 */
GBytes *pv_scheme_decode_hex(const char *text);
