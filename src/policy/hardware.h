/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/attestation.h"

/*
 * `hardware` of a rule: in what devices the keys must be that signed an image. A role passes if as
 * many of its keys as its threshold demands are attested and meet all that is said here, each in a
 * device of its own. Keys that signed beyond the threshold may be anywhere.
 */
typedef struct {
	GStrv roles;         /* empty: root, and the roles that signed the image */
	PvTouchPolicy touch; /* always, or cached (which always meets too); UNKNOWN: whatever */
	PvPinPolicy pin;     /* once, or always (which meets once too); UNKNOWN: whatever */
	gboolean has_firmware;
	guint32 firmware;          /* the oldest that is allowed */
	GArray *serials;           /* of guint32; NULL: any */
	gboolean distinct_serials; /* one device counts once; TRUE if not said */
	gboolean fips;
} PvPolicyHardware;

PvPolicyHardware *pv_policy_hardware_new(void);
void pv_policy_hardware_free(PvPolicyHardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPolicyHardware, pv_policy_hardware_free)
