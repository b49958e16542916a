/* SPDX-License-Identifier: Apache-2.0 */

/* One block with a card's management key (SP 800-73-4, part 2, appendix A). */

#include "crypto/cipher.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"
#include "crypto/key_private.h"

static const struct {
	const char *name, *method;
	guint8 key_bytes, block_bytes;
} ciphers[] = {
	[PV_CIPHER_3DES] = { "3DES", "DES-EDE3-ECB", 24, 8 },
	[PV_CIPHER_AES128] = { "AES-128", "AES-128-ECB", 16, 16 },
	[PV_CIPHER_AES192] = { "AES-192", "AES-192-ECB", 24, 16 },
	[PV_CIPHER_AES256] = { "AES-256", "AES-256-ECB", 32, 16 },
};

gsize pv_cipher_key_bytes(PvCipher cipher)
{
	return ciphers[cipher].key_bytes;
}

gsize pv_cipher_block_bytes(PvCipher cipher)
{
	return ciphers[cipher].block_bytes;
}

const char *pv_cipher_name(PvCipher cipher)
{
	return ciphers[cipher].name;
}

gboolean pv_cipher_block(PvCipher cipher, const PvSecret *key, gboolean encrypts, const guint8 *in,
			 guint8 *ret_out, GError **error)
{
	gsize block = ciphers[cipher].block_bytes;
	EVP_CIPHER *method = EVP_CIPHER_fetch(NULL, ciphers[cipher].method, NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	guint8 out[2 * PV_CIPHER_BLOCK_MAX];
	int size = 0;
	gboolean done;

	done = key->size == ciphers[cipher].key_bytes && method &&
	       EVP_CipherInit_ex2(context, method, (const guint8 *)key->data, NULL,
				  encrypts ? 1 : 0, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
	       EVP_CipherUpdate(context, out, &size, in, (int)block) == 1 && size == (int)block;
	if (done)
		memcpy(ret_out, out, block);
	explicit_bzero(out, sizeof(out));
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(method);
	return done || pv_fail(error, PV_ERROR_KEY, "%s with a key of %zu bytes: %s",
			       ciphers[cipher].name, key->size, pv_crypto_reason());
}
