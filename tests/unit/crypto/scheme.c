/* SPDX-License-Identifier: Apache-2.0 */

/* Keys and signatures as TUF 1.0 writes them. The vectors were made with Python's cryptography. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/scheme.h"

static const char message[] = "{\"_type\":\"timestamp\",\"version\":1}";

static const char p256[] =
	"-----BEGIN PUBLIC "
	"KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExLRyxEN4rZNULdB6PCfdFQa6PSKP\nEDnkHWX+2+"
	"m86gjBjiEB6uysotPsv/vBwGFVLec5Rudsq459NdXq5CSaXw==\n-----END PUBLIC KEY-----\n";

static const char p256_compressed[] =
	"-----BEGIN PUBLIC "
	"KEY-----\nMDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADxLRyxEN4rZNULdB6PCfdFQa6PSKPEDnkHWX+2+m86gg="
	"\n-----END PUBLIC KEY-----\n";

static const char p384[] = "-----BEGIN PUBLIC "
			   "KEY-----"
			   "\nMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqva7ezQV0nJCm8TKNQ9G48OAWvCwwKTm\nLVX"
			   "ylcJGnrEZpfZTTcKgX5nP1Kkl2Yhte8gefZYy9RWAXEzKYBPBOR+uzE9qCuQM\nTuZh0+"
			   "0p9ih0m65ssc2bT2cO3J4RRjMx\n-----END PUBLIC KEY-----\n";

static const char rsa[] =
	"-----BEGIN PUBLIC "
	"KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr/"
	"Wvrfxu3wZ0YLEv7oJD\n8V7XImlf3tAXDJWR3PggMFdyPTIjkb+1B8HG8unJpLVj/ld1VCKo6Ei7/"
	"9sa82hc\nwxjfaci+6XVRM2MMCrP+LEpZoMoWJurornoKD/xkyTEE+NhQV0sp6LTx7iXyo/"
	"g8\nDo+QavvWrKiNvn4GbU/XiGlVwbol5Yad95jganBeB70GircINB0KE8bKpVVi9fOu\n8BsTddLoVgqFw+KwG/"
	"TwEeG7xa6ZcPkB2X0nDLZa1sV9ouC+ivN6e8zPtpSQIax6\nCyTXFvQigs9rZL+YJ/5F4OvszpLtFtLpIx/"
	"V5EJcJNNN0HNZA4eYTGylhN9NQmxI\nawIDAQAB\n-----END PUBLIC KEY-----\n";

static const char rsa_short[] =
	"-----BEGIN PUBLIC "
	"KEY-----\nMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDlkuIIHwo03YEYbg++"
	"DGUEEALq\nXMTHEF2DPecYbvitEm4IKMgiHHI6HkuxfHBZwoFdpqRCwrzXdtL6RG8UYpAkPKSK\n6FIofgZqlTldvf"
	"gadKLc9ZVKbpReoDWj3qse86XRATSVx/WW/NQDHv1SH+sPZsan\nypp2n23djTCr5dImUwIDAQAB\n-----END "
	"PUBLIC KEY-----\n";

static const char rsa_pkcs1[] =
	"2a50ee57391395a5a9bb2ab6d5e6f8b3798f73ce495f258db807aff04e61f2c8f626660ec9fe8a247459da721f"
	"877eba3eea2553ef8bf8c3a1f372b0003e968ad754fae87ff99c8a8e6785b1e1cc5f563077bd45afc3a19004ad"
	"e76c4184e222731c5500ff7639ee85050fe69192f5877007afa3025030593b3bcd7bc29aba2dd1ffda56ac12fc"
	"d9a7b9cfc06254ca4729f532f67de3394b9062a45d1146e88d4ed4b3c82358826b63c0c2111abbcd40133a350a"
	"6fad2ba115cac75c205e0a05713f7dcb55343ebca72aaa7c7bcdc4e830cacdb40317ad13687702b07d828a94f9"
	"4e71280d356c9b57b02fb20e12357aa3dd38f43a94447e320ca754842feab0";

#define ED25519 "6462104fea3fe67abd7f1b2928b5b24cdc86f7c7e2119ca346f65cb7ad646287"

static const struct {
	const char *what, *type, *scheme, *public, *signature;
} vectors[] = {
	{ "ed25519", "ed25519", "ed25519", ED25519,
	  "062477676101e80d7c11c94088509efe56bfae82dff7f01d9e2ad761c8e9ca077ee21b94983056e0496cfbbd"
	  "0768b966fb0945d01a849bf3b5c89633d6b89f0a" },
	{ "ecdsa", "ecdsa", "ecdsa-sha2-nistp256", p256,
	  "304402207e83b30352250c40631120e6c1609e58289ba56d686546404ffa5ebbd05418ff02206572aa67b3db"
	  "138909ec975fef0cb16495e94689bd81b91b968108e521c60b03" },
	{ "ecdsa, named as its scheme", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", p256,
	  "304402207e83b30352250c40631120e6c1609e58289ba56d686546404ffa5ebbd05418ff02206572aa67b3db"
	  "138909ec975fef0cb16495e94689bd81b91b968108e521c60b03" },
	{ "ecdsa, compressed", "ecdsa", "ecdsa-sha2-nistp256", p256_compressed,
	  "304402207e83b30352250c40631120e6c1609e58289ba56d686546404ffa5ebbd05418ff02206572aa67b3db"
	  "138909ec975fef0cb16495e94689bd81b91b968108e521c60b03" },
	{ "rsa, longest salt", "rsa", "rsassa-pss-sha256", rsa,
	  "6a53e5c7f4ac04555cc12e46e3a6bdbfc59cfb4e5d4d73c37c30359a2cd5eec3f5dba3f705b3a01d16564d7b"
	  "8d2245975af5953d41338b9d14ec61e09f0eaa57b0ab08c7cb804a4d1d6c5a9cc95dd00bbfcc6448fac12777"
	  "2cff046693124d34f881712dc72a640f3247566f46a11c24277c9c6014694ec669e8e9c261c44158f095ee5b"
	  "f5a40212890b5091341696004c597349c18e8bf45a1dbfc0e6d50218cb07a7383a5e8749a37c1778cf911d6b"
	  "5615843d54aecbe32a3a770f424e5bd27784465aed895bbbf6d20c1752c3c68fa6604435265e992fc832c022"
	  "42e5b1421c45553c04cac9b2d6823e1073c5d7b941b243ffb84723e94d8d0834e4b83e08" },
	{ "rsa, salt of 32", "rsa", "rsassa-pss-sha256", rsa,
	  "9f0daffedad67855724463204bdaf06923167edec33087dfed5ccf000eae3a50ed1be7ec6b6dcaf044764109"
	  "ecbd30c695f8f6a324fd3225da8da35c79f0be4da311006e8ca7b0d069dd93d011a5cc69298b8cee8400451e"
	  "2c227c9d832d73e8c08c5c730413e3fbc9bacd1ad5243e00a1f0f1d2a3e6fa25d7171a59f7e155b3e9bc80af"
	  "60893073365626b8dcdc72466d90a3b555a88f41efa17d01fc8a97ef527d07d535be72e922f7f28448d76259"
	  "b9ef0a92b83d29a13aadb8deaf8e49986c3425ced328c54e62c3c38cca10a50a652726e436c6d83b4b48dbe1"
	  "057a2c25de733b72330bbd16a784083b6b046a3c17ff8c95386d3e3f027511aafb5bd4ae" },
};

static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GError) error = NULL;
		PvScheme scheme;
		g_autoptr(PvPublicKey) key = pv_scheme_key(vectors[i].type, vectors[i].scheme,
							   vectors[i].public, &scheme, &error);
		g_autoptr(GBytes) signature = pv_scheme_decode_hex(vectors[i].signature);
		g_autofree char *other = g_strdup(message);
		gsize size;
		const guint8 *bytes = g_bytes_get_data(signature, &size);
		g_autofree guint8 *bad = g_memdup2(bytes, size);

		g_test_message("%s", vectors[i].what);
		g_assert_no_error(error);
		g_assert_true(pv_scheme_verify(key, scheme, message, strlen(message), bytes, size));
		other[3] ^= 1;
		g_assert_false(pv_scheme_verify(key, scheme, other, strlen(other), bytes, size));
		bad[size / 2] ^= 1;
		g_assert_false(pv_scheme_verify(key, scheme, message, strlen(message), bad, size));
		g_assert_false(
			pv_scheme_verify(key, scheme, message, strlen(message), bytes, size - 1));
		g_assert_false(pv_scheme_verify(key, scheme, message, strlen(message), bytes, 0));
	}
}

/* However it is written, a key is one key. */
static void test_spellings(void)
{
	g_autofree char *upper = g_ascii_strup(ED25519, -1);
	g_autofree char *around = g_strconcat("words before\n", rsa, "\n\nand after", NULL);
	const struct {
		const char *type, *scheme, *one, *other;
	} pairs[] = {
		{ "ed25519", "ed25519", ED25519, upper },
		{ "ecdsa", "ecdsa-sha2-nistp256", p256, p256_compressed },
		{ "rsa", "rsassa-pss-sha256", rsa, around },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(GError) error = NULL;
		PvScheme scheme;
		g_autoptr(PvPublicKey) one = pv_scheme_key(pairs[i].type, pairs[i].scheme,
							   pairs[i].one, &scheme, &error);
		g_autoptr(PvPublicKey) other = NULL;

		g_assert_no_error(error);
		other = pv_scheme_key(pairs[i].type, pairs[i].scheme, pairs[i].other, &scheme,
				      &error);
		g_assert_no_error(error);
		g_assert_cmpstr(pv_public_key_id(one), ==, pv_public_key_id(other));
	}
}

static void test_refused(void)
{
	g_autofree char *locked =
		g_strdup_printf("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
				"DEK-Info: AES-128-CBC,000102030405060708090A0B0C0D0E0F\n\n%s",
				strchr(p256, '\n') + 1);
	const struct {
		const char *type, *scheme, *public;
		int code;
	} cases[] = {
		{ "ed25519", "ecdsa-sha2-nistp256", ED25519, PV_ERROR_UNSUPPORTED },
		{ "sphincs", "sphincs-shake-128s", "00", PV_ERROR_UNSUPPORTED },
		{ "rsa", "rsa-pkcs1v15-sha256", rsa, PV_ERROR_UNSUPPORTED },
		{ "ed25519", "ed25519", "", PV_ERROR_KEY },
		{ "ed25519", "ed25519", "abc", PV_ERROR_KEY },
		{ "ed25519", "ed25519", "abcg", PV_ERROR_KEY },
		{ "ed25519", "ed25519", ED25519 "00", PV_ERROR_KEY },
		{ "ecdsa", "ecdsa-sha2-nistp256", "", PV_ERROR_KEY },
		{ "ecdsa", "ecdsa-sha2-nistp256", ED25519, PV_ERROR_KEY },
		{ "ecdsa", "ecdsa-sha2-nistp256", p384, PV_ERROR_KEY },
		{ "ecdsa", "ecdsa-sha2-nistp256", rsa, PV_ERROR_KEY },
		{ "ecdsa", "ecdsa-sha2-nistp256", locked, PV_ERROR_KEY }, /* and nobody is asked */
		{ "rsa", "rsassa-pss-sha256", p256, PV_ERROR_KEY },
		{ "rsa", "rsassa-pss-sha256", rsa_short, PV_ERROR_KEY },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		PvScheme scheme;

		g_assert_null(pv_scheme_key(cases[i].type, cases[i].scheme, cases[i].public,
					    &scheme, &error));
		g_assert_error(error, PV_ERROR, cases[i].code);
	}
}

static void test_other_padding(void)
{
	PvScheme scheme;
	g_autoptr(PvPublicKey) key = pv_scheme_key("rsa", "rsassa-pss-sha256", rsa, &scheme, NULL);
	g_autoptr(GBytes) signature = pv_scheme_decode_hex(rsa_pkcs1);
	gsize size;
	const void *bytes = g_bytes_get_data(signature, &size);

	g_assert_nonnull(key);
	g_assert_false(pv_scheme_verify(key, scheme, message, strlen(message), bytes, size));
}

static void test_limit(void)
{
	for (int more = -1; more <= 1; more++) {
		gsize size = (gsize)((gssize)PV_CERTIFICATE_BYTES_MAX + more);
		g_autofree char *text = g_strnfill(size, '\n');
		g_autoptr(GError) error = NULL;
		g_autoptr(PvPublicKey) key = NULL;
		PvScheme scheme;

		memcpy(text, p256, strlen(p256));
		key = pv_scheme_key("ecdsa", "ecdsa-sha2-nistp256", text, &scheme, &error);
		if (more <= 0)
			g_assert_nonnull(key);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scheme/vectors", test_vectors);
	g_test_add_func("/scheme/spellings", test_spellings);
	g_test_add_func("/scheme/refused", test_refused);
	g_test_add_func("/scheme/other-padding", test_other_padding);
	g_test_add_func("/scheme/limit", test_limit);
	return g_test_run();
}
