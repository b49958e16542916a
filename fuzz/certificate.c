/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/certificate: what `delegation add` takes: a PEM certificate or public key; and what tokens
 * have: DER. */
#include <stdint.h>
#include <string.h>

#include "crypto/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_der(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) der = g_bytes_new(data, size);
	g_autofree char *name = NULL;
	g_autoptr(PvPublicKey) key = pv_certificate_read_der(der, &name, NULL);
	g_autoptr(GBytes) subject = pv_certificate_subject(der, NULL);

	g_assert_true(!key || subject);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(PvPublicKey) key = pv_certificate_parse_key((const char *)data, size, NULL);
	g_autofree char *pem = NULL;

	if (!key) {
		read_der(data, size);
		return 0;
	}
	pem = pv_certificate_public_pem(key);
	g_assert_true(g_str_has_prefix(pem, "-----BEGIN PUBLIC KEY-----"));
	if (strstr(pv_public_key_type(key), "x509")) {
		pv_certificate_check(key, "localhost:5000/app", pv_time_now(), NULL);
		pv_certificate_expires(key);
	}
	g_assert_cmpuint(strlen(pv_public_key_id(key)), ==, 64);
	return 0;
}
