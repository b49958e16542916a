/* SPDX-License-Identifier: Apache-2.0 */

/* Encrypted keys of notary-signer: a vector that it wrote itself, what is refused, the limits. */

#include "crypto/jwe.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/key.h"

static const char passphrase[] = "the signer passphrase";
/* Of notary-signer 0.7.0: an ecdsa key's row of private_keys. */
static const char vector_id[] = "66a1668434338e4a52eb502308f47a61bea4be0fb2dbea235d0ff844d04f63ba";
static const char vector[] =
	"eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMjU2R0NNIiwicDJjIjo4MTkyLCJwMnMi"
	"OiJPalBlS2prbUwxS0twMnlEIn0.EWsm5e4b3rh5zf5JkR2y2ZX4RKa4DYybk6uVvoKERa1LmC56XFdC"
	"uQ.WhvLgPXzmbDgIT14.-Pt-P0wBIUeA9ZunyW0Pv4UFluUOja4FACPXkxYOXMfE5AFYPs_oZYGrMOsA"
	"VDSHFTkmud16IW-oE6RGTy2GmLgVe97Fwxs9sg5iAC5cofzOgzhmyj-dz1dg_0UOH667aaj8Spl7lQjq"
	"1HAsFtWeA5UM2tDod7EWhQ.PDkou5zVDdGnX8l6NQPwNQ";

static PvSecret *open_with(const char *text, const char *word, GError **error)
{
	g_autoptr(PvSecret) secret = pv_secret_new_copy(word, strlen(word));

	return pv_jwe_open(text, strlen(text), secret, error);
}

/* The vector under another header. */
static char *with_header(const char *header)
{
	g_autofree char *encoded = g_base64_encode((const guchar *)header, strlen(header));

	for (char *at = encoded; *at; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? '\0' : *at;
	return g_strconcat(encoded, strchr(vector, '.'), NULL);
}

static void assert_refused(const char *text, PvErrorCode code, const char *sentence)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvSecret) secret = open_with(text, passphrase, &error);

	g_assert_null(secret);
	g_assert_error(error, PV_ERROR, (gint)code);
	g_assert_nonnull(strstr(error->message, sentence));
}

static void test_vector(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvSecret) secret = open_with(vector, passphrase, &error);
	g_autoptr(PvPrivateKey) key = NULL;

	g_assert_no_error(error);
	key = pv_private_key_new_der((const guint8 *)secret->data, secret->size, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_id(pv_private_key_public(key)), ==, vector_id);
}

static void test_refused(void)
{
	g_autofree char *damaged = g_strdup(vector);
	g_autofree char *no_part = g_strndup(vector, (gsize)(strrchr(vector, '.') - vector));
	g_autofree char *direct = with_header("{\"alg\":\"dir\",\"enc\":\"A256GCM\"}");
	g_autofree char *cbc = with_header("{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128CBC-"
					   "HS256\",\"p2c\":8192,\"p2s\":\"aaaa\"}");
	g_autofree char *zip = with_header("{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\","
					   "\"zip\":\"DEF\",\"p2c\":8192,\"p2s\":\"aaaa\"}");
	g_autofree char *list = with_header("[]");
	g_autoptr(GError) error = NULL;
	g_autoptr(PvSecret) secret = open_with(vector, "another passphrase", &error);

	g_assert_null(secret);
	g_assert_error(error, PV_ERROR, PV_ERROR_PASSPHRASE);
	damaged[strlen(damaged) - 4] ^= 1;
	assert_refused(damaged, PV_ERROR_PASSPHRASE, "wrong, or the key was damaged");
	assert_refused(no_part, PV_ERROR_SYNTAX, "five parts");
	assert_refused("!.a.a.a.a", PV_ERROR_SYNTAX, "base64url");
	assert_refused(list, PV_ERROR_SYNTAX, "no JSON object");
	assert_refused(direct, PV_ERROR_UNSUPPORTED, "alg is \"dir\"");
	assert_refused(cbc, PV_ERROR_UNSUPPORTED, "enc is");
	assert_refused(zip, PV_ERROR_UNSUPPORTED, "compression");
}

static void test_iterations(void)
{
	static const struct {
		int count;
		PvErrorCode code;
	} cases[] = {
		{ PV_JWE_ITERATIONS_MIN - 1, PV_ERROR_SYNTAX },
		{ PV_JWE_ITERATIONS_MIN, PV_ERROR_PASSPHRASE },
		{ PV_JWE_ITERATIONS_MIN + 1, PV_ERROR_PASSPHRASE },
		{ PV_JWE_ITERATIONS_MAX - 1, PV_ERROR_PASSPHRASE },
		{ PV_JWE_ITERATIONS_MAX, PV_ERROR_PASSPHRASE },
		{ PV_JWE_ITERATIONS_MAX + 1, PV_ERROR_LIMIT },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *header =
			g_strdup_printf("{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A256GCM\","
					"\"p2c\":%d,\"p2s\":\"SDRGw6-sFkoVDP0v\"}",
					cases[i].count);
		g_autofree char *text = with_header(header);

		assert_refused(text, cases[i].code, "encrypted key");
	}
}

static void test_size(void)
{
	for (gsize size = PV_JWE_BYTES_MAX - 1; size <= PV_JWE_BYTES_MAX + 1; size++) {
		g_autofree char *text = g_strnfill(size, 'a');

		assert_refused(text, size > PV_JWE_BYTES_MAX ? PV_ERROR_LIMIT : PV_ERROR_SYNTAX,
			       "encrypted key");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/crypto/jwe/vector", test_vector);
	g_test_add_func("/crypto/jwe/refused", test_refused);
	g_test_add_func("/crypto/jwe/iterations", test_iterations);
	g_test_add_func("/crypto/jwe/size", test_size);
	return g_test_run();
}
