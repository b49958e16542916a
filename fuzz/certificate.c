/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/certificate: what `delegation add` takes: a PEM certificate or public key. */
#include <stdint.h>
#include <string.h>

#include "crypto/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(PvPublicKey) key = pv_certificate_parse_key((const char *)data, size, NULL);

	if (!key)
		return 0;
	if (strstr(pv_public_key_type(key), "x509")) {
		pv_certificate_check(key, "localhost:5000/app", pv_time_now(), NULL);
		pv_certificate_expires(key);
	}
	g_assert_cmpuint(strlen(pv_public_key_id(key)), ==, 64);
	return 0;
}
