/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/signer.h"

/* --signer and its files: a signer on another machine instead of a child. */
typedef struct {
	char *address; /* HOST:PORT; NULL: a child */
	char *authority, *certificate, *key;
} PvSignerOptions;

/* Adds the options to the main group; @options is filled by parsing. */
void pv_signer_options_add(PvSignerOptions *options, GOptionContext *context);

/**
 * pv_signer_options_connect:
 *
 * When the signer does not answer now, that is warned of: reading goes on without.
 *
 * Errors: PV_ERROR_USAGE, and those of pv_signer_connect().
 */
PvSigner *pv_signer_options_connect(const PvSignerOptions *options, GError **error);
