/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/x509.h>

#include "crypto/attestation.h"

/* What the files about attestations share; not for other rooms. */

struct PvAttestationRoots {
	GPtrArray *roots;         /* of X509: those that name themselves as issuer */
	GPtrArray *intermediates; /* of X509 */
};

/**
 * pv_attestation_certificate:
 * @der: untrusted; nothing may follow the certificate
 * @what: "the attestation"
 *
 * Returns: (transfer full): to be freed with X509_free(). Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT.
 */
X509 *pv_attestation_certificate(GBytes *der, const char *what, GError **error);

/**
 * pv_attestation_read:
 *
 * pv_attestation_read_unverified() of a parsed certificate.
 */
PvAttestation *pv_attestation_read(X509 *leaf, GError **error);

/* (nullable) (transfer none): the content of the extension @oid; the first if it is there twice. */
const ASN1_OCTET_STRING *pv_attestation_extension(const X509 *certificate, const char *oid);

/* (transfer full): the common name, or another text for the subject; for messages. */
char *pv_attestation_subject(const X509 *certificate);
