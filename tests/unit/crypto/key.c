/* SPDX-License-Identifier: Apache-2.0 */

/* Keys, ids and signatures against vectors taken from Notary's wire (trust.md 2.4). */

#include "crypto/key.h"

#include <string.h>

#include "base/error.h"

typedef struct {
	const char *type, *public, *id, *method, *message, *signature;
} Vector;

static const Vector vectors[] = {
	{ "ed25519", "qAcDnLLtF47TeBpjvVVnZ2KaBKg0w5Ep07pTad73H+8=",
	  "e7de880a503df43c43dafd3d026628cc37e487963f441fca8072ffbc5e8c5e64", "eddsa",
	  "{\"_type\":\"Timestamp\",\"expires\":\"2026-12-07T20:43:03.63575975Z\",\"meta\":{"
	  "\"snapshot\":"
	  "{\"hashes\":{\"sha256\":\"75gPxNZaEahezpXT0dA0zhfIsQfeptSo10ap1Qtqu9o=\",\"sha512\":"
	  "\"cwxPCTNzHmBXOrNmlQjiHIZtySLoPqNBgVQrlPTtAIw1l8Qa0OyIuaSINSE8Bi7+"
	  "1rsmeYvcErbW54v1yrQDgg==\"},"
	  "\"length\":683}},\"version\":1}",
	  "d2Din7QhR7GVgsqLUxDtwlLLakLXTOSL0kilQuyVBa/7wqKHN8pS/"
	  "UHCcL8vyxhlmjSl0SZM1nLKlnMO9Nw7AA==" },
	{ "ecdsa",
	  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEVrHZam8p2C8DM6nUvYB68g+AkrVIYXomfUztkR7fNYF9/"
	  "l6TSho6+Bdob1f"
	  "LnWM1NYXhF0glrQhLGmYuUWyo3g==",
	  "60749395a9198f603c110cc9b2c6fe5d520acbbad586732be90d223ea77fbb49", "ecdsa",
	  "{\"_type\":\"Targets\",\"delegations\":{\"keys\":{},\"roles\":[]},\"expires\":"
	  "\"2029-11-22T20:43:03.631001177Z\",\"targets\":{\"v1\":{\"hashes\":{\"sha256\":"
	  "\"WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=\",\"sha512\":"
	  "\"58IrmUxZ2c8rSOVJseJGZmNgRZMNPafBrLKZ0cO3+TH5Sq5B7dosKyB6NuEPi8uNRSI+"
	  "VIePWzFufOO2vAGWKQ==\"},"
	  "\"length\":6}},\"version\":2}",
	  "DJX5IWeN9dTnPBKf9qDnDIQZ+URBQ/2iev69gIwWnm9vL86VU/Pkql99J6gNVjgiBcjVwJXm/"
	  "qtkTuCH813C9g==" },
};

/* A key that is said to be known: the same, or of no use where it is none. */
static void test_known(gconstpointer data)
{
	const Vector *vector = data;
	gsize public_size, size;
	g_autofree guchar *public = g_base64_decode(vector->public, &public_size);
	g_autofree guchar *signature = g_base64_decode(vector->signature, &size);
	g_autoptr(PvPublicKey) key = pv_public_key_new(vector->type, public, public_size, NULL);
	g_autoptr(PvPublicKey) known =
		pv_public_key_new_known(vector->type, public, public_size, NULL);
	g_autoptr(PvPublicKey) none =
		pv_public_key_new_known(vector->type, public, public_size - 1, NULL);

	g_assert_cmpstr(pv_public_key_id(known), ==, vector->id);
	g_assert_true(pv_public_key_verify(known, vector->method, vector->message,
					   strlen(vector->message), signature, size));
	g_assert_cmpstr(pv_public_key_canonical_id(known), ==, vector->id);
	g_assert_true(pv_public_key_same(known, key));
	g_assert_false(pv_public_key_same(none, key));
	g_assert_false(pv_public_key_verify(none, vector->method, vector->message,
					    strlen(vector->message), signature, size));
	g_assert_cmpstr(pv_public_key_canonical_id(none), ==, pv_public_key_id(none));
	g_assert_null(pv_public_key_new_known("dsa", public, public_size, NULL));
}

static void test_vector(gconstpointer data)
{
	const Vector *vector = data;
	gsize public_size, size;
	g_autofree guchar *public = g_base64_decode(vector->public, &public_size);
	g_autofree guchar *signature = g_base64_decode(vector->signature, &size);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPublicKey) key = pv_public_key_new(vector->type, public, public_size, &error);
	g_autofree char *flipped = g_strdup(vector->message);

	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_id(key), ==, vector->id);
	g_assert_cmpstr(pv_public_key_canonical_id(key), ==, vector->id);
	g_assert_true(pv_public_key_verify(key, vector->method, vector->message,
					   strlen(vector->message), signature, size));
	g_assert_false(pv_public_key_verify(key, "rsapss", vector->message, strlen(vector->message),
					    signature, size));
	g_assert_false(pv_public_key_verify(key, vector->method, vector->message,
					    strlen(vector->message), signature, size - 1));
	flipped[20] ^= 1;
	g_assert_false(pv_public_key_verify(key, vector->method, flipped, strlen(flipped),
					    signature, size));
	signature[3] ^= 1;
	g_assert_false(pv_public_key_verify(key, vector->method, vector->message,
					    strlen(vector->message), signature, size));
}

static void test_sign(gconstpointer data)
{
	PvKeyKind kind = (PvKeyKind)GPOINTER_TO_INT(data);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(kind, &error);
	g_autoptr(GBytes) signature = NULL;
	const char *method;
	gsize size;
	const guint8 *bytes;

	g_assert_no_error(error);
	signature = pv_private_key_sign(key, "message", 7, &method, &error);
	g_assert_no_error(error);
	bytes = g_bytes_get_data(signature, &size);
	g_assert_true(pv_public_key_verify(pv_private_key_public(key), method, "message", 7, bytes,
					   size));
	g_assert_false(pv_public_key_verify(pv_private_key_public(key), method, "massage", 7, bytes,
					    size));
}

/* One key, spelt in DER and in PEM: each spelling has its methods (trust.md 2.3). */
static void test_spelling(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_RSA, &error);
	PvPublicKey *der = pv_private_key_public(key);
	gsize size;
	const guint8 *bytes = g_bytes_get_data(pv_public_key_encoded(der), &size);
	g_autofree char *base64 = g_base64_encode(bytes, size);
	g_autofree char *text =
		g_strdup_printf("-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
				base64);
	g_autoptr(PvPublicKey) pem = pv_public_key_new("rsa", (guint8 *)text, strlen(text), &error);
	const char *method = NULL;
	g_autoptr(GBytes) made = pv_private_key_sign(key, "message", 7, &method, &error);
	const void *signature = g_bytes_get_data(made, &size);
	const char *old = "pycrypto-pkcs#1 pss";

	g_assert_no_error(error);
	g_assert_cmpstr(method, ==, "rsapss");
	g_assert_true(pv_public_key_same(der, pem));
	g_assert_true(pv_public_key_verify(der, "rsapss", "message", 7, signature, size));
	g_assert_true(pv_public_key_verify(pem, old, "message", 7, signature, size));
	g_assert_false(pv_public_key_verify(der, old, "message", 7, signature, size));
	g_assert_false(pv_public_key_verify(pem, "rsapss", "message", 7, signature, size));
}

static void test_refused(void)
{
	static const struct {
		const char *type, *bytes;
		PvErrorCode code;
	} cases[] = {
		{ "dsa", "x", PV_ERROR_UNSUPPORTED },
		{ "ecdsa", "x", PV_ERROR_KEY },
		{ "ed25519", "short", PV_ERROR_KEY },
		{ "rsa-x509", "no PEM", PV_ERROR_KEY },
		{ "rsa", "-----BEGIN PUBLIC KEY-----\nAAAA\n", PV_ERROR_KEY },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(pv_public_key_new(cases[i].type, (const guint8 *)cases[i].bytes,
						strlen(cases[i].bytes), &error));
		g_assert_error(error, PV_ERROR, (int)cases[i].code);
	}
}

/* One key in two spellings has two ids, and is one key. */
static void test_same(void)
{
	static const char *const spellings[] = {
		"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAExLRyxEN4rZNULdB6PCfdFQa6"
		"PSKPEDnkHWX+2+m86gjBjiEB6uysotPsv/vBwGFVLec5Rudsq459NdXq5CSa"
		"Xw==",
		"MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADxLRyxEN4rZNULdB6PCfdFQa6"
		"PSKPEDnkHWX+2+m86gg=",
	};
	PvPublicKey *keys[2];
	g_autoptr(PvPublicKey) other = NULL;
	gsize size;
	g_autofree guchar *vector = g_base64_decode(vectors[1].public, &size);

	other = pv_public_key_new(vectors[1].type, vector, size, NULL);
	g_assert_nonnull(other);
	for (guint i = 0; i < G_N_ELEMENTS(spellings); i++) {
		g_autofree guchar *public = g_base64_decode(spellings[i], &size);
		g_autoptr(GError) error = NULL;

		keys[i] = pv_public_key_new("ecdsa", public, size, &error);
		g_assert_no_error(error);
		g_assert_false(pv_public_key_same(keys[i], other));
	}
	g_assert_cmpstr(pv_public_key_id(keys[0]), !=, pv_public_key_id(keys[1]));
	g_assert_true(pv_public_key_same(keys[0], keys[1]));
	pv_public_key_unref(keys[0]);
	pv_public_key_unref(keys[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/crypto/key/vector-ed25519", &vectors[0], test_vector);
	g_test_add_data_func("/crypto/key/vector-ecdsa", &vectors[1], test_vector);
	g_test_add_data_func("/crypto/key/known-ed25519", &vectors[0], test_known);
	g_test_add_data_func("/crypto/key/known-ecdsa", &vectors[1], test_known);
	g_test_add_data_func("/crypto/key/sign-ecdsa", GINT_TO_POINTER(PV_KEY_ECDSA), test_sign);
	g_test_add_data_func("/crypto/key/sign-rsa", GINT_TO_POINTER(PV_KEY_RSA), test_sign);
	g_test_add_data_func("/crypto/key/sign-ed25519", GINT_TO_POINTER(PV_KEY_ED25519),
			     test_sign);
	g_test_add_func("/crypto/key/spelling", test_spelling);
	g_test_add_func("/crypto/key/same", test_same);
	g_test_add_func("/crypto/key/refused", test_refused);
	return g_test_run();
}
