/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/metadata.h"

/*
 * Whom to trust at first sight, from a configuration (trust.md 3.3): root keys pinned by id, by the
 * authority that issued their certificates, or nobody. What is remembered already overrides pins.
 */
typedef struct {
	GHashTable *
		certs; /* GUN, or prefix ending in an asterisk → GPtrArray of char*: root key ids */
	GHashTable *ca; /* GUN prefix → PEM file of the authority */
	gboolean disable_tofu;
} PvPins;

PvPins *pv_pins_new(void);
void pv_pins_free(PvPins *pins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPins, pv_pins_free)

typedef enum {
	PV_PINS_SILENT, /* no pin is for this repository */
	PV_PINS_ACCEPTED,
	PV_PINS_REFUSED
} PvPinsVerdict;

/**
 * pv_pins_judge:
 * @root: verified against its own keys
 *
 * The exact GUN in @certs decides, else the longest prefix there, else the longest prefix in @ca. A
 * root is accepted if enough of its signatures (its threshold) are by pinned keys, or by keys whose
 * certificates the authority issued for it.
 *
 * Errors: PV_ERROR_ROOT with PV_PINS_REFUSED.
 */
PvPinsVerdict pv_pins_judge(const PvPins *pins, const char *gun, const PvMetadata *root, PvTime now,
			    GError **error);

/**
 * pv_pins_check_ids:
 * @ids: of char*: root key ids, of the certificate or of the key in it
 *
 * Returns: TRUE if keys of @ids signed @root, as many as its threshold demands. Errors: PV_ERROR_ROOT.
 */
gboolean pv_pins_check_ids(const GPtrArray *ids, const PvMetadata *root, GError **error);
