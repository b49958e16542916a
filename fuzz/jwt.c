/* SPDX-License-Identifier: Apache-2.0 */
/* crypto/jwt: a bearer token, against a bundle whose keys signed the good ones of the corpus. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "crypto/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char bundle[] = "-----BEGIN CERTIFICATE-----\n"
			     "MIIBeTCCAR+gAwIBAgIUBwsZ7nQZrrHXJIWVLptOn2Xdyr8wCgYIKoZIzj0EAwIw\n"
			     "ETEPMA0GA1UEAwwGdG9rZW5zMCAXDTI2MTEyNTEzMzIyNVoYDzIxMjYxMTAxMTMz\n"
			     "MjI1WjARMQ8wDQYDVQQDDAZ0b2tlbnMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
			     "AATwvwnr16WjfEQfKCX86ovlYfHYxqrWnqjzjdEcogf1hPciTUaewoorlYqRYoXl\n"
			     "RTuztploMkKUODFGfWVSbOw6o1MwUTAdBgNVHQ4EFgQUdqaUF8pZsYQ9sw5BrYva\n"
			     "MQ+vaBgwHwYDVR0jBBgwFoAUdqaUF8pZsYQ9sw5BrYvaMQ+vaBgwDwYDVR0TAQH/\n"
			     "BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBWNebYXugcXvO6QUgGvnLMJRICWAPH\n"
			     "yjUfltp98kV87QIhAIgZdiFyfwLpfv+Gp86DXopQhfq3k9CIg6/CSNSGjtCQ\n"
			     "-----END CERTIFICATE-----\n"
			     "-----BEGIN CERTIFICATE-----\n"
			     "MIIC/zCCAeegAwIBAgIUfS4P2io0z6ydEkKPsJ2OoY2RloIwDQYJKoZIhvcNAQEL\n"
			     "BQAwDjEMMAoGA1UEAwwDcnNhMCAXDTI2MTEyNTEzMzIyNVoYDzIxMjYxMTAxMTMz\n"
			     "MjI1WjAOMQwwCgYDVQQDDANyc2EwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEK\n"
			     "AoIBAQC5UIh06HP6XpqHf9cIjdDFmo/F1/MhsLXMLFQBvJNzvQ/9TB7oBjCtBPql\n"
			     "9D9HIL/bnhG7EP3ZJB/9NM6PSB3/0UhJTNDwOeqfmAGoBDsPKpKTCir9tjZGBqRG\n"
			     "VmDGkp3B4gP2KLMK+4QOvlpGxCWD5loShyJ6jAvt2FqW4Qz0Rt+Rh7Km8k+I0dPl\n"
			     "21bfpI8+66q55SA5dtza/DSlouy0GPBHbz4vDfQ+79d9nlhVMWJm8H3dvRHDYido\n"
			     "qbkTYF7r/qgaW4Yuk2kjuFetSbjjCdXvcGsEySmGmfdRNT0zyzC0cWQdKWKiS427\n"
			     "EEHRHGC7Cz1ePg5ffqZhN/JpDS33AgMBAAGjUzBRMB0GA1UdDgQWBBQYp6OYYDKd\n"
			     "yfnUsZsRL/nqN3mviTAfBgNVHSMEGDAWgBQYp6OYYDKdyfnUsZsRL/nqN3mviTAP\n"
			     "BgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQCYPA2NU9+TM/HW6mis\n"
			     "GvxyXhaHrnewfDVMe6NSkD8d+4byVcG3WcQYDvKo/T9DQi1FPAVAoOFAoUBSXXlU\n"
			     "WVyAInyhxCHqn0EN6ckQVz2Wvq4kfEtgBqkR8fP+XvOmlXRuv/yj0xCPVRWHcWeY\n"
			     "YvIOvdSmorShLr1QYYfeyfBvSAlRivIQo5sm4bls/AMKl8XFAx/LQXKl7b3vdXT2\n"
			     "Z7YyK/T7sGSrcx1fBW/RYwq8hCUU9fGTd6fLThLDWfEIr0aI5YoRxnVhxjO+n9FT\n"
			     "f68j1WHNdnSXYnkXDler021sqNGdHMQChdPVRQ6uMW14mI6SBW8owWWNAfoukwGl\n"
			     "D3TJ\n"
			     "-----END CERTIFICATE-----\n"
			     "-----BEGIN CERTIFICATE-----\n"
			     "MIIB/DCCAWWgAwIBAgIUHRAYZnCxMIsrnO0TttVB9l4XZ+MwDQYJKoZIhvcNAQEL\n"
			     "BQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjUxMzMyMjVaGA8yMTI2MTEwMTEz\n"
			     "MzIyNVowDzENMAsGA1UEAwwEd2VhazCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC\n"
			     "gYEA7loKi78JfW1nbzD1hJgm87Z3bIcKdMkV8okXBiXBIwbTYivNK5JS84cxFtKj\n"
			     "zqpnNzEmhNz3kthlyibnvT1e8hbKXvC9TjypEP9HoL44N8GeX4o6BnFxyXqYqwow\n"
			     "xJhb4r4u/M9mF960/HbWpCJ3hpkUasGbXrc8kX2idbO0SXUCAwEAAaNTMFEwHQYD\n"
			     "VR0OBBYEFE6LJfeStGGKkE7SObOHGTfeGxLkMB8GA1UdIwQYMBaAFE6LJfeStGGK\n"
			     "kE7SObOHGTfeGxLkMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADgYEA\n"
			     "RUx1y9Jb3QzIMfAUsr3ZA7YLgXSp4zlquuR6cX5bphcWd52E+I4f9jv2bCkjIS0l\n"
			     "lGBd4t6vZD+CY9RyWoaTNy+N/29IXp5Iz1+EBKV69Y4aSJdmwOycz7cdnDxern1l\n"
			     "vd8n6lU2QZ+DA6SN9SxumO3dEHve2s5K9hinVSkF7PM=\n"
			     "-----END CERTIFICATE-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static PvTokenKeys *keys;
	g_autofree char *token = g_strndup((const char *)data, size);
	g_autoptr(GBytes) pem = g_bytes_new_static(bundle, strlen(bundle));
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) claims = NULL;

	if (!keys)
		keys = pv_token_keys_new(pem, NULL);
	claims = pv_token_verify(keys, token, (PvTime){ 1800000000, 0 }, &error);
	g_assert_true(claims ? json_is_object(claims) : error != NULL);
	return 0;
}
