/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"
#include "token/tlv.h"

/* Public keys as PIV cards give them: an elliptic curve's point, or RSA's modulus and exponent. */

#define PV_PIV_SCALAR_BYTES_MAX 48 /* bytes: P-384 */

gboolean pv_piv_key_is_known(guint8 algorithm);

/**
 * pv_piv_key_read:
 * @public: untrusted: 86 point, or 81 modulus 82 exponent
 *
 * Returns: (transfer full): the point is on the curve. Errors: PV_ERROR_SYNTAX, PV_ERROR_KEY,
 * PV_ERROR_UNSUPPORTED.
 */
PvPublicKey *pv_piv_key_read(PvTlv public, const char *what, guint8 algorithm, GError **error);
