/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/config.h"
#include "service/signer.h"

/* Adds --signer and its files to the main group; parsing fills @signer. */
void pv_signer_options_add(PvConfigSigner *signer, GOptionContext *context);

/* Moves what @line holds over what @config holds. */
void pv_signer_options_merge(PvConfigSigner *config, PvConfigSigner *line);

/**
 * pv_signer_options_connect:
 *
 * Connects to a signer that several services share. When it does not answer now, that is warned of:
 * reading goes on without.
 *
 * Errors: PV_ERROR_USAGE, and those of pv_signer_connect().
 */
PvSigner *pv_signer_options_connect(const PvConfigSigner *signer, GError **error);
