/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "trust/pins.h"

/**
 * pv_pins_read:
 * @config: (nullable): notary's `trust_pinning` (trust.md 3.3): "certs", "ca", "disable_tofu"
 * @base: relative file names count from this directory
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT.
 *
 * Returns: (transfer full): empty pins for NULL.
 */
PvPins *pv_pins_read(const json_t *config, const char *base, GError **error);

/**
 * pv_pins_file:
 * @base: (nullable): NULL leaves what is relative as it is
 *
 * Returns: (transfer full): @file as a path; what is relative counts from @base, ~ is the home
 * directory.
 */
char *pv_pins_file(const char *file, const char *base);
