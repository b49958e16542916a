/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/keyfile: a private key file, opened without and with a passphrase. */
#include <stdint.h>

#include "crypto/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(PvKeyFile) file = pv_key_file_parse((const char *)data, size, NULL);
	g_autoptr(PvSecret) passphrase = pv_secret_new_copy("passphrase", 10);
	g_autoptr(PvPrivateKey) key = NULL;

	if (!file)
		return 0;
	key = pv_key_file_open(file, file->encrypted ? passphrase : NULL, NULL);
	if (key)
		g_assert_nonnull(pv_public_key_id(pv_private_key_public(key)));
	return 0;
}
