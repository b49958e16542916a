/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/x509.h>

#include "crypto/attestation.h"

/* Makes certificates as makers of devices and devices themselves do, good ones and others. */

typedef struct {
	const char *oid; /* the last one has NULL */
	const char *bytes;
	int size;
} MakerExtension;

typedef struct {
	const char *subject;
	EVP_PKEY *key;
	X509 *issuer; /* NULL: itself */
	EVP_PKEY *issuer_key;
	const char *constraints;          /* basicConstraints, or NULL for none */
	const char *usage;                /* keyUsage, or NULL */
	const MakerExtension *extensions; /* may be NULL */
	int from_days, until_days;        /* from now; both 0: a year ago to in twenty years */
	const EVP_MD *hash;               /* NULL: SHA-256 */
	long version;                     /* 0: 3 */
} MakerOrder;

EVP_PKEY *maker_key(const char *kind); /* "P-256", "RSA-2048"; made once, not to be freed */

X509 *maker_certificate(const MakerOrder *order);

/* (transfer full) */
GBytes *maker_der(X509 *certificate);
GBytes *maker_pem(X509 *certificate);

/* A device with an attested key, all as it should be; tests change what they try. */
typedef struct {
	MakerOrder root, intermediate, device, leaf;
	gboolean has_intermediate;
	GPtrArray *chain; /* of maker_build(): attestation, device */
	GBytes *roots;    /* PEM: root and intermediate */
	PvPublicKey *key; /* of the leaf */
} Maker;

/* Firmware 5.7.1, serial 4242424, PIN once, touch always, USB-A, slot 9c, P-256. */
void maker_begin(Maker *maker);
void maker_build(Maker *maker);
void maker_clear(Maker *maker);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Maker, maker_clear)

/* Builds, and verifies with its own roots. */
PvAttestation *maker_verify(Maker *maker, GError **error);
