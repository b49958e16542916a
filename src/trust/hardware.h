/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "crypto/attestation.h"

/*
 * What is known of where a key lives: by the attestations of the trust directory (attestations.h),
 * which are verified each time, and by its own keys and notes of tokens.
 */

typedef enum {
	PV_HARDWARE_UNKNOWN, /* no attestation: in a file, or in a token that nothing is known of */
	PV_HARDWARE_IMPORTED,  /* in a token of ours that cannot attest it: not generated there */
	PV_HARDWARE_ATTESTED,  /* verified */
	PV_HARDWARE_FOREIGN,   /* an attestation that leads to no root known here */
	PV_HARDWARE_OTHER_KEY, /* an attestation of another key */
	PV_HARDWARE_INVALID    /* an attestation that says nothing for another reason */
} PvHardwareState;

/* A key, and what it is in. */
typedef struct {
	char *id; /* as its role lists it */
	PvKeyKind kind;
	PvHardwareState state;
	PvAttestationFacts facts; /* if attested, as are the next two */
	char *device, *root;
	char *why; /* if not: a sentence; may be NULL for PV_HARDWARE_UNKNOWN */
} PvHardware;

void pv_hardware_free(PvHardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHardware, pv_hardware_free)

/**
 * pv_hardware_find:
 * @key: the very key that a role names
 * @roots: whom to believe
 *
 * Returns: (transfer full): what the trust directory proves of @key; never NULL.
 */
PvHardware *pv_hardware_find(const char *directory, const PvPublicKey *key,
			     const PvAttestationRoots *roots, PvTime now);

/**
 * pv_hardware_words:
 *
 * Returns: (transfer full) (nullable): for people: "YubiKey 4242424, firmware 5.7.1, touch always,
 * PIN once"; NULL if nothing is known of it.
 */
char *pv_hardware_words(const PvHardware *hardware);

/**
 * pv_hardware_json:
 *
 * Returns: (transfer full): {"id","type","hardware":true|false} and, where there is more to say,
 * "attestation": {"state","firmware","serial","pin","touch",…} or {"state","why"}.
 */
json_t *pv_hardware_json(const PvHardware *hardware);

/**
 * pv_hardware_of_json:
 * @value: untrusted: what another program of ours printed
 *
 * Returns: (transfer full): Errors: PV_ERROR_SYNTAX.
 */
PvHardware *pv_hardware_of_json(const json_t *value, GError **error);

/* The keys that signed for a role, each key once; and how many the role demands. */
typedef struct {
	char *name;
	guint threshold;
	GPtrArray *keys; /* of PvHardware */
} PvHardwareRole;

PvHardwareRole *pv_hardware_role_new(const char *name, guint threshold);
void pv_hardware_role_free(PvHardwareRole *role);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHardwareRole, pv_hardware_role_free)

/**
 * pv_hardware_role_find:
 * @signers: of PvPublicKey: the keys whose signatures count; one in two spellings is one
 *
 * Returns: (transfer full): pv_hardware_find() of each.
 */
PvHardwareRole *pv_hardware_role_find(const char *directory, const PvAttestationRoots *roots,
				      const char *name, guint threshold, const GPtrArray *signers,
				      PvTime now);

/* (transfer full): {"name","threshold","keys":[…]}, and back. */
json_t *pv_hardware_role_json(const PvHardwareRole *role);
PvHardwareRole *pv_hardware_role_of_json(const json_t *value, GError **error);
