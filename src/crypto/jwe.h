/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/secret.h"

/**
 * pv_jwe_open:
 * @text: untrusted, @size bytes: a compact JWE (RFC 7516) of PBES2-HS256+A128KW and A256GCM, the
 * form in which notary-signer keeps its keys (trust.md section 4)
 * @passphrase: UTF-8
 *
 * Sizes and the count of iterations are bounded before any work is done.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED (another algorithm),
 * PV_ERROR_PASSPHRASE (wrong, or the text was damaged: which, cannot be known).
 *
 * Returns: (transfer full): what was encrypted, in locked memory.
 */
PvSecret *pv_jwe_open(const char *text, gsize size, const PvSecret *passphrase, GError **error);
