/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"

/*
 * Attestation of a key that was generated in a YubiKey: a certificate that the device's own key
 * (slot f9) signed, with the key's policies and the device's firmware and serial in its extensions
 * (Yubico, "PIV attestation"; hardware-keys.md 2.2, 2.3).
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
