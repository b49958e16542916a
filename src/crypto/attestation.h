/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/clock.h"
#include "crypto/key.h"

/*
 * Attestation of a key that was generated in a YubiKey: a certificate that the device's own key
 * (slot f9) signed, with the key's policies and the device's firmware and serial in its extensions
 * (Yubico, "PIV attestation"; hardware-keys.md 2.2, 2.3). It proves how the key was made and what
 * the device asks for before it signs; not who holds the device.
 */

/* As the card and its attestations number them; 0 where nobody said. */
typedef enum {
	PV_PIN_UNKNOWN,
	PV_PIN_NEVER,
	PV_PIN_ONCE,
	PV_PIN_ALWAYS,
	PV_PIN_MATCH_ONCE, /* biometric, or PIN */
	PV_PIN_MATCH_ALWAYS
} PvPinPolicy;

typedef enum { PV_TOUCH_UNKNOWN, PV_TOUCH_NEVER, PV_TOUCH_ALWAYS, PV_TOUCH_CACHED } PvTouchPolicy;

/* (transfer none): "never", "once", "always", "match-once", "match-always"; "unknown". */
const char *pv_pin_policy_name(PvPinPolicy policy);
const char *pv_touch_policy_name(PvTouchPolicy policy); /* "never", "always", "cached"; "unknown" */

/* Of their names; PV_PIN_UNKNOWN, PV_TOUCH_UNKNOWN for any other text. */
PvPinPolicy pv_pin_policy_parse(const char *name);
PvTouchPolicy pv_touch_policy_parse(const char *name);

/* Firmware versions compare as numbers. */
#define PV_FIRMWARE(major, minor, patch) \
	((guint32)(major) << 16 | (guint32)(minor) << 8 | (guint32)(patch))
#define PV_FIRMWARE_TEXT_SIZE 12 /* bytes: "255.255.255" and its NUL */

/* Writes "5.7.1" into PV_FIRMWARE_TEXT_SIZE bytes. */
void pv_firmware_format(guint32 firmware, char *ret_text);

/* Reads "5.7.1": three numbers of 0 to 255, nothing else. */
gboolean pv_firmware_parse(const char *text, guint32 *ret_firmware);

/* Yubico's extensions of an attestation, for sentences that name their evidence. */
#define PV_ATTESTATION_FIRMWARE    "1.3.6.1.4.1.41482.3.3"
#define PV_ATTESTATION_SERIAL      "1.3.6.1.4.1.41482.3.7"
#define PV_ATTESTATION_POLICY      "1.3.6.1.4.1.41482.3.8"
#define PV_ATTESTATION_FORM_FACTOR "1.3.6.1.4.1.41482.3.9"
#define PV_ATTESTATION_FIPS        "1.3.6.1.4.1.41482.3.10"
#define PV_ATTESTATION_CSPN        "1.3.6.1.4.1.41482.3.11"

/* What an attestation says. A plain value. */
typedef struct {
	guint32 firmware; /* PV_FIRMWARE() */
	gboolean has_serial;
	guint32 serial; /* some YubiKeys 4 say none */
	PvPinPolicy pin;
	PvTouchPolicy touch;
	guint8 form_factor; /* as on the card: 1 USB-A, 2 USB-A nano …, 0x80 FIPS; 0: not said */
	gboolean fips, cspn;
	guint8 slot; /* 0x9c; 0 if the subject does not say */
} PvAttestationFacts;

/* (transfer none): "USB-A", "USB-C nano" …; NULL where it is not said or not known. */
const char *pv_attestation_form_factor_name(const PvAttestationFacts *facts);

/**
 * pv_attestation_weakness:
 * @kind: of the attested key
 *
 * Returns: (transfer none) (nullable): a clause that names the known weakness of keys that such a
 * device makes (ROCA: RSA before 4.3.5; EUCLEAK: ECDSA before 5.7.0), or NULL.
 */
const char *pv_attestation_weakness(const PvAttestationFacts *facts, PvKeyKind kind);

/* TRUE for an RSA key of a device whose RSA keys can be computed from their public half (ROCA). */
gboolean pv_attestation_is_broken(const PvAttestationFacts *facts, PvKeyKind kind);

typedef struct {
	PvAttestationFacts facts;
	PvPublicKey *key; /* the attested key */
	char *device;     /* id of the device's own key (f9): two devices have two */
	char *root;       /* common name of the root it ends at; NULL while unverified */
} PvAttestation;

void pv_attestation_free(PvAttestation *attestation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvAttestation, pv_attestation_free)

/**
 * pv_attestation_read_unverified:
 * @leaf: untrusted: DER of the attestation
 *
 * What the attestation claims, whoever signed it: `device` and `root` are NULL. Extensions must
 * have their exact lengths and known policy bytes, and stand there once; firmware and policy must be
 * there. Their contents are raw bytes, but for the serial: a DER INTEGER of 0 to 4,294,967,295,
 * where leading zeros are borne, as devices write them.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_KEY, each with the extension and its bytes.
 */
PvAttestation *pv_attestation_read_unverified(GBytes *leaf, GError **error);

/* --- its chain ---------------------------------------------------------------------------- */

/*
 * An attestation and the certificate of its device, as they are kept and sent: two PEM blocks, in
 * this order. In memory: an array of two GBytes, DER.
 */

/**
 * pv_attestation_chain_parse:
 * @pem: untrusted: exactly two PEM blocks, both CERTIFICATE
 *
 * Returns: (transfer full): of GBytes. Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT.
 */
GPtrArray *pv_attestation_chain_parse(GBytes *pem, GError **error);

/* (transfer full): the same as PEM; @chain: of GBytes. */
GBytes *pv_attestation_chain_write(const GPtrArray *chain);

/* --- whom to believe ---------------------------------------------------------------------- */

/* Roots (certificates that name themselves as issuer) and intermediates of makers of devices. */
typedef struct PvAttestationRoots PvAttestationRoots;

PvAttestationRoots *pv_attestation_roots_new(void);
void pv_attestation_roots_free(PvAttestationRoots *roots);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvAttestationRoots, pv_attestation_roots_free)

/**
 * pv_attestation_roots_add:
 * @pem: one certificate or more; text between them is passed over
 * @name: of the file, for messages
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_KEY.
 */
gboolean pv_attestation_roots_add(PvAttestationRoots *roots, GBytes *pem, const char *name,
				  GError **error);

/**
 * pv_attestation_roots_load:
 * @directory: (nullable): --attestation-roots: its files *.pem and *.crt; NULL: those of
 * /etc/pavise/attestation-roots.d and ~/.config/pavise/attestation-roots, as far as they exist
 *
 * An empty set is no error: it believes nobody. Errors: PV_ERROR_NOT_FOUND (@directory), and those
 * of pv_attestation_roots_add(), with the file's name.
 */
PvAttestationRoots *pv_attestation_roots_load(const char *directory, GError **error);

guint pv_attestation_roots_count(const PvAttestationRoots *roots); /* roots and intermediates */

/**
 * pv_attestation_verify:
 * @chain: untrusted: of GBytes: the attestation, then its device's certificate
 * @key: the very key that is said to be in the device
 * @now: all certificates must be valid then
 *
 * The attestation is signed by the device's key, whose certificate leads through intermediates of
 * @roots to a root of @roots (PV_ATTESTATION_CHAIN_MAX steps). SHA-256 or better, RSA of 2048 bits
 * or the NIST curves. Each certificate above the device's must be an authority's; the device's own
 * may say nothing of it (basicConstraints are missing in some YubiKeys 4), but not the contrary, and
 * must not be an attestation itself. A root counts because it is in @roots: its own signature and
 * path length do not.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED, PV_ERROR_KEY (the certificates
 * themselves), PV_ERROR_SIGNATURE (not signed by that device), PV_ERROR_ROOT (another maker's
 * device), PV_ERROR_EXPIRED, PV_ERROR_MIX (it attests another key). Each sentence says by what.
 */
PvAttestation *pv_attestation_verify(const GPtrArray *chain, const PvPublicKey *key,
				     const PvAttestationRoots *roots, PvTime now, GError **error);
