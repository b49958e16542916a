/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/jwe: an encrypted key of notary-signer; the good one of the corpus opens. */
#include <stdint.h>
#include <string.h>

#include "crypto/jwe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char word[] = "the signer passphrase";
	g_autoptr(PvSecret) passphrase = pv_secret_new_copy(word, strlen(word));
	g_autoptr(GError) error = NULL;
	g_autoptr(PvSecret) secret = pv_jwe_open((const char *)data, size, passphrase, &error);

	g_assert_true((secret != NULL) != (error != NULL));
	return 0;
}
