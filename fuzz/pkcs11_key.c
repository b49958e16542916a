/* SPDX-License-Identifier: Apache-2.0 */
/* token/pkcs11_key: EC parameters (their size is the first byte) and a point, as a module gives them. */
#include <stdint.h>

#include "token/pkcs11_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) parameters = NULL;
	g_autoptr(GBytes) point = NULL;
	g_autoptr(GBytes) bare = NULL;
	g_autoptr(GBytes) wrapped = NULL;
	g_autoptr(PvPublicKey) key = NULL;
	g_autoptr(PvPublicKey) again = NULL;
	gsize first = size > 0 ? MIN(data[0], size - 1) : 0;

	if (size == 0 || size > 5000)
		return 0;
	parameters = g_bytes_new(data + 1, first);
	point = g_bytes_new(data + 1 + first, size - 1 - first);
	key = pv_pkcs11_ec_key(parameters, point, NULL);
	if (!key)
		return 0;
	/* In the other spelling it is the same key. */
	bare = pv_public_key_point(key);
	wrapped = pv_pkcs11_wrap_point(bare);
	again = pv_pkcs11_ec_key(parameters, wrapped, NULL);
	g_assert_nonnull(again);
	g_assert_cmpstr(pv_public_key_id(key), ==, pv_public_key_id(again));
	return 0;
}
