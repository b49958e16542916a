/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/secret.h"

/*
 * Public keys as trust metadata names them, and private keys in locked memory. The kinds, their
 * encodings and the signature methods are Notary's (trust.md 2.2, 2.3); crypto is OpenSSL's EVP.
 */

typedef enum { PV_KEY_ECDSA, PV_KEY_RSA, PV_KEY_ED25519 } PvKeyKind;

/* Immutable and reference-counted. */
typedef struct PvPublicKey PvPublicKey;

/**
 * pv_public_key_new:
 * @keytype: untrusted: "ecdsa", "rsa", "ed25519", "ecdsa-x509" or "rsa-x509"
 * @public: untrusted: the bytes behind keyval.public's base64: DER SubjectPublicKeyInfo, 32 raw bytes
 * for ed25519, a PEM chain (leaf first) for *-x509; PEM for keys of "pycrypto-pkcs#1 pss"
 *
 * Explicit EC parameters of a named curve are accepted (old tokens write them); P-224, P-256, P-384
 * and P-521; RSA from PV_RSA_BITS_MIN to PV_RSA_BITS_MAX. A certificate's own signature and dates
 * are not looked at here (pv_certificate_check() does).
 *
 * Errors: PV_ERROR_KEY, PV_ERROR_UNSUPPORTED, PV_ERROR_LIMIT.
 */
PvPublicKey *pv_public_key_new(const char *keytype, const guint8 *public, gsize size,
			       GError **error);

/**
 * pv_public_key_new_known:
 *
 * As pv_public_key_new() for bytes that were such a key once, says something that is believed: they
 * are read when they are needed first, if ever. If they are not such a key after all, no signature
 * is good by it, and its canonical id is its id.
 */
PvPublicKey *pv_public_key_new_known(const char *keytype, const guint8 *public, gsize size,
				     GError **error);

/**
 * pv_public_key_new_point:
 * @parameters: untrusted: DER of EC parameters: a curve's OID, or a named curve spelt out
 * @point: untrusted: the point itself, 04 X Y or compressed, without an OCTET STRING around it
 *
 * A key as tokens tell it. Returns: (transfer full): the key by its curve's name, however it was
 * spelt. Errors: as pv_public_key_new().
 */
PvPublicKey *pv_public_key_new_point(GBytes *parameters, GBytes *point, GError **error);

/* (transfer full) (nullable): the uncompressed point of an EC key: 04 X Y. */
GBytes *pv_public_key_point(const PvPublicKey *key);

/**
 * pv_public_key_new_rsa:
 * @modulus, @exponent: untrusted: big-endian
 *
 * As pv_public_key_new_point(), for RSA.
 */
PvPublicKey *pv_public_key_new_rsa(GBytes *modulus, GBytes *exponent, GError **error);

PvPublicKey *pv_public_key_ref(PvPublicKey *key);
void pv_public_key_unref(PvPublicKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPublicKey, pv_public_key_unref)

PvKeyKind pv_public_key_kind(const PvPublicKey *key);
const char *pv_public_key_type(const PvPublicKey *key); /* "ecdsa-x509" … */
GBytes *pv_public_key_encoded(const PvPublicKey *key);  /* (transfer none): @public as given */

/**
 * pv_public_key_id:
 *
 * Returns: (transfer none): hex(sha256(canonical({"keytype","keyval":{"private":null,"public"}}))).
 */
const char *pv_public_key_id(const PvPublicKey *key);

/**
 * pv_public_key_canonical_id:
 *
 * Returns: (transfer none): the id of the plain key: for *-x509 that of the key in the certificate,
 * which names the private key's file; otherwise the same as pv_public_key_id().
 */
const char *pv_public_key_canonical_id(const PvPublicKey *key);

/**
 * pv_public_key_same:
 *
 * Returns: TRUE if both are one key, in whatever spelling: a compressed point, explicit parameters,
 * a certificate around it. Ids tell spellings apart; a threshold must not.
 */
gboolean pv_public_key_same(const PvPublicKey *key, const PvPublicKey *other);

/**
 * pv_public_key_verify:
 * @method: untrusted: "ecdsa", "eddsa", "rsapss", "rsapkcs1v15", "pycrypto-pkcs#1 pss"; any case
 * @message: what was signed (not its hash)
 * @signature: untrusted: raw r||s for ecdsa
 *
 * Returns: TRUE if the signature is good. A method that does not fit the key is a bad signature: so
 * is "pycrypto-pkcs#1 pss" by a key that is not spelt as PEM, and any other by one that is.
 */
gboolean pv_public_key_verify(const PvPublicKey *key, const char *method, const void *message,
			      gsize message_size, const void *signature, gsize signature_size);

/* The private half: in locked, non-dumpable memory, wiped when freed. */
typedef struct PvPrivateKey PvPrivateKey;

PvPrivateKey *pv_private_key_generate(PvKeyKind kind,
				      GError **error); /* P-256, RSA 3072, Ed25519 */

/**
 * pv_private_key_new_der:
 * @der: PKCS#8 or SEC1 or PKCS#1 DER, or the 96 bytes public||seed||public of Notary's ed25519
 */
PvPrivateKey *pv_private_key_new_der(const guint8 *der, gsize size, GError **error);

/**
 * PvRemoteSign:
 * @message: whole, not its hash
 *
 * Returns: (transfer full): untrusted: a signature as pv_private_key_sign() gives it.
 */
typedef GBytes *(*PvRemoteSign)(void *data, const PvPublicKey *key, GBytes *message,
				GError **error);

/**
 * pv_private_key_new_remote:
 * @public: a plain key (no certificate)
 * @data: for @sign; @destroy frees it with the key
 *
 * A private key that is elsewhere, on a token: it signs wherever a key does; what @sign gives is
 * checked against @public. Its secret cannot be written to a key file.
 *
 * Errors: PV_ERROR_INTERNAL (a certificate).
 */
PvPrivateKey *pv_private_key_new_remote(PvPublicKey *public, PvRemoteSign sign, void *data,
					GDestroyNotify destroy, GError **error);

/**
 * pv_private_key_scalar:
 *
 * Returns: (transfer full): the secret number of a P-256 key, 32 bytes, for a token that is to hold
 * it. Errors: PV_ERROR_UNSUPPORTED (of another kind or curve), PV_ERROR_KEY (it is elsewhere).
 */
PvSecret *pv_private_key_scalar(const PvPrivateKey *key, GError **error);

/* (transfer full): PKCS#8 DER. Errors: PV_ERROR_KEY (it is elsewhere). */
PvSecret *pv_private_key_pkcs8(const PvPrivateKey *key, GError **error);

/* TRUE if the key was made by pv_private_key_new_remote(). */
gboolean pv_private_key_is_remote(const PvPrivateKey *key);

void pv_private_key_free(PvPrivateKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPrivateKey, pv_private_key_free)

/**
 * pv_private_key_public:
 *
 * Returns: (transfer none): its plain public key.
 */
PvPublicKey *pv_private_key_public(const PvPrivateKey *key);

/**
 * pv_private_key_sign:
 * @ret_method: (out) (transfer none): "ecdsa", "rsapss" or "eddsa"
 *
 * Returns: (transfer full): the signature in the method's encoding, or NULL.
 */
GBytes *pv_private_key_sign(const PvPrivateKey *key, const void *message, gsize size,
			    const char **ret_method, GError **error);
