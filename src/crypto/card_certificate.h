/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"
#include "crypto/secret.h"

/*
 * The certificate that stands beside a key on a token. It says what the key is for and lets other
 * programs see the key at all; nothing is trusted because of it.
 */

/**
 * pv_card_certificate_read:
 * @der: untrusted
 * @ret_public: (out) (transfer full): the plain public key
 * @ret_name: (out) (transfer full) (nullable): the subject's common name
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_KEY, PV_ERROR_UNSUPPORTED (the key's kind), PV_ERROR_LIMIT.
 */
gboolean pv_card_certificate_read(GBytes *der, PvPublicKey **ret_public, char **ret_name,
				  GError **error);

/* (transfer full): the signature of @message by the key on the token, as pv_private_key_sign() gives it. */
typedef GBytes *PvCardSign(void *data, GBytes *message, GError **error);

/**
 * pv_card_certificate_new:
 * @public: of ECDSA
 * @name: the common name: the key's role
 * @now_s, @life_s: seconds since 1970, seconds
 * @sign: called once
 *
 * Returns: (transfer full): DER of an X.509 v3 certificate, signed by its own key.
 */
GBytes *pv_card_certificate_new(const PvPublicKey *public, const char *name, gint64 now_s,
				gint64 life_s, PvCardSign *sign, void *data, GError **error);

/**
 * pv_card_key_scalar:
 * @der: PKCS#8 of an ECDSA key, to be brought onto a token
 * @ret_public: (out) (transfer full)
 *
 * Returns: (transfer full): the private scalar, as long as the curve's order. Errors: PV_ERROR_KEY,
 * PV_ERROR_UNSUPPORTED.
 */
PvSecret *pv_card_key_scalar(GBytes *der, PvPublicKey **ret_public, GError **error);
