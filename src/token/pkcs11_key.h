/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"

/**
 * pv_pkcs11_ec_key:
 * @parameters: untrusted: CKA_EC_PARAMS: an OID, or a curve spelt out (ykcs11 2.2)
 * @point: untrusted: CKA_EC_POINT: the point, with an OCTET STRING around it or without
 *
 * Returns: (transfer full): the key. Errors: as pv_public_key_new_point().
 */
PvPublicKey *pv_pkcs11_ec_key(GBytes *parameters, GBytes *point, GError **error);

/* (transfer full): @point in a DER OCTET STRING, as PKCS#11 wants it. */
GBytes *pv_pkcs11_wrap_point(GBytes *point);
