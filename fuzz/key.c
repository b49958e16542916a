/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/key: a public key of the kind in the first line; its signatures are checked. */
#include <stdint.h>
#include <string.h>

#include "crypto/certificate.h"
#include "crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = { "ecdsa", "eddsa", "rsapss", "RSAPKCS1v15", "none" };
	const uint8_t *end = size ? memchr(data, '\n', MIN(size, 20)) : NULL;
	g_autofree char *type = end ? g_strndup((const char *)data, (gsize)(end - data)) : NULL;
	g_autoptr(PvPublicKey) key = NULL;

	if (!type)
		return 0;
	key = pv_public_key_new(type, end + 1, size - (gsize)(end + 1 - data), NULL);
	if (!key)
		return 0;
	g_assert_cmpuint(strlen(pv_public_key_id(key)), ==, 64);
	g_assert_cmpuint(strlen(pv_public_key_canonical_id(key)), ==, 64);
	for (gsize i = 0; i < G_N_ELEMENTS(methods); i++)
		g_assert_false(pv_public_key_verify(key, methods[i], "message", 7, data, 64));
	if (g_str_has_suffix(type, "-x509"))
		pv_certificate_check(key, "localhost:5000/app", pv_time_now(), NULL);
	return 0;
}
