/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/key.h"

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
