/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/secret.h"

/*
 * Single blocks in ECB, as cards prove that host and card share a management key. For nothing else:
 * ECB hides no content.
 */
#define PV_CIPHER_BLOCK_MAX 16 /* bytes */

typedef enum { PV_CIPHER_3DES, PV_CIPHER_AES128, PV_CIPHER_AES192, PV_CIPHER_AES256 } PvCipher;

gsize pv_cipher_key_bytes(PvCipher cipher);
gsize pv_cipher_block_bytes(PvCipher cipher);
const char *pv_cipher_name(PvCipher cipher); /* "AES-192" */

/**
 * pv_cipher_block:
 * @key: of pv_cipher_key_bytes(); 3DES's parity bits do not matter
 * @in: one block
 * @ret_out: (out): one block
 *
 * Errors: PV_ERROR_KEY.
 */
gboolean pv_cipher_block(PvCipher cipher, const PvSecret *key, gboolean encrypts, const guint8 *in,
			 guint8 *ret_out, GError **error);
