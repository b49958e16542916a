/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/clock.h"
#include "crypto/key.h"

/**
 * pv_certificate_new_root:
 * @key: the root key
 * @gun: becomes the subject's common name
 * @now: not before; it ends ten years later
 *
 * Makes the self-signed certificate that stands in root.json (trust.md 2.2): v3, 128-bit serial,
 * critical digitalSignature and keyEncipherment, EKU codeSigning, critical CA:FALSE.
 *
 * Returns: (transfer full): the *-x509 public key whose encoding is the PEM text.
 */
PvPublicKey *pv_certificate_new_root(const PvPrivateKey *key, const char *gun, PvTime now,
				     GError **error);

/**
 * pv_certificate_new_self_signed:
 * @key: may be elsewhere (pv_private_key_new_remote())
 * @name: the subject's common name: a role, "root"
 * @now_s, @life_s: not before, in seconds since 1970; how long it is valid
 *
 * Makes the certificate that lies beside a key on a token; otherwise as pv_certificate_new_root().
 *
 * Returns: (transfer full): DER.
 */
GBytes *pv_certificate_new_self_signed(const PvPrivateKey *key, const char *name, gint64 now_s,
				       gint64 life_s, GError **error);

/**
 * pv_certificate_read_der:
 * @der: untrusted: one certificate; no signature in it is looked at
 * @ret_name: (out) (transfer full) (optional) (nullable): the subject's common name
 *
 * Returns: (transfer full): the plain key in it. Errors: PV_ERROR_KEY, PV_ERROR_UNSUPPORTED,
 * PV_ERROR_LIMIT.
 */
PvPublicKey *pv_certificate_read_der(GBytes *der, char **ret_name, GError **error);

/* (transfer full): the DER of the subject's name of a certificate in DER. */
GBytes *pv_certificate_subject(GBytes *der, GError **error);

/**
 * pv_certificate_check:
 * @key: an *-x509 key
 * @gun: the repository it is to speak for
 *
 * The rules for a root certificate: common name equals @gun or is a prefix of it ending in `*`; not
 * expired at @now, not before at most a day ahead; no SHA-1 signature; RSA of 2048 bits or more; one
 * non-CA certificate, and it comes first. Its self-signature may be bad (YubiKeys made such).
 *
 * Errors: PV_ERROR_ROOT, PV_ERROR_EXPIRED, each naming the rule.
 */
gboolean pv_certificate_check(const PvPublicKey *key, const char *gun, PvTime now, GError **error);

/**
 * pv_certificate_expires:
 *
 * Returns: when the leaf ends.
 */
PvTime pv_certificate_expires(const PvPublicKey *key);

/**
 * pv_certificate_parse_key:
 * @pem: untrusted: a PEM certificate or a PEM public key, as `delegation add` takes it
 *
 * Returns: (transfer full): the public key: *-x509 for a certificate, plain for a bare key.
 */
PvPublicKey *pv_certificate_parse_key(const char *pem, gsize size, GError **error);

/* As pv_certificate_parse_key(), of the file @path, which every error names. */
PvPublicKey *pv_certificate_read_key(const char *path, GError **error);

/**
 * pv_certificate_check_issuer:
 * @key: an *-x509 key, perhaps with intermediate certificates
 * @authorities: PEM: one certificate or more
 *
 * Returns: TRUE if one of @authorities issued the leaf, through the intermediates, all valid at
 * @now. The leaf's extended key usage does not matter. Errors: PV_ERROR_ROOT.
 */
gboolean pv_certificate_check_issuer(const PvPublicKey *key, GBytes *authorities, PvTime now,
				     GError **error);

/**
 * pv_certificate_public_pem:
 * @key: not a certificate
 *
 * Returns: (transfer full): PEM (RFC 7468) of the public key, as pv_certificate_parse_key() takes it.
 */
char *pv_certificate_public_pem(const PvPublicKey *key);
