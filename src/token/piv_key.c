/* SPDX-License-Identifier: Apache-2.0 */

/* A card's public key becomes the SubjectPublicKeyInfo by which the rest of Pavise knows keys. */

#include "token/piv_key.h"

#include <string.h>

#include "base/error.h"
#include "token/piv_answers.h"

#define UNCOMPRESSED 0x04

static const guint8 p256_curve[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
				     0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const guint8 p384_curve[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
				     0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const guint8 rsa[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
			      0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };

/* What stands in SubjectPublicKeyInfo's algorithm; NULL oid: not known here. */
static const struct {
	guint8 algorithm;
	gsize scalar_bytes; /* 0: RSA */
	const guint8 *oid;
	gsize oid_size;
} kinds[] = {
	{ PV_PIV_P256, 32, p256_curve, sizeof(p256_curve) },
	{ PV_PIV_P384, 48, p384_curve, sizeof(p384_curve) },
	{ 0x05, 0, rsa, sizeof(rsa) }, /* 3072 bits */
	{ 0x07, 0, rsa, sizeof(rsa) }, /* 2048 */
	{ 0x16, 0, rsa, sizeof(rsa) }, /* 4096 */
};

static gssize find(guint8 algorithm)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (kinds[i].algorithm == algorithm)
			return (gssize)i;
	return -1;
}

gboolean pv_piv_key_is_known(guint8 algorithm)
{
	return find(algorithm) >= 0;
}

gsize pv_piv_scalar_bytes(guint8 algorithm)
{
	gssize at = find(algorithm);

	return at < 0 ? 0 : kinds[at].scalar_bytes;
}

guint8 pv_piv_algorithm_of(const PvPublicKey *key)
{
	GBytes *encoded = pv_public_key_encoded(key);

	if (strcmp(pv_public_key_type(key), "ecdsa") != 0)
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		gsize heads = 2 + 2 + 2 + 1, point = 1 + 2 * kinds[i].scalar_bytes;

		if (kinds[i].scalar_bytes > 0 &&
		    g_bytes_get_size(encoded) == heads + kinds[i].oid_size + point)
			return kinds[i].algorithm;
	}
	return 0;
}

/* An unsigned number as DER's INTEGER. */
static void put_number(GByteArray *to, PvTlv number)
{
	g_autoptr(GByteArray) padded = g_byte_array_new();
	const guint8 zero = 0;

	while (number.size > 1 && number.data[0] == 0)
		number = (PvTlv){ number.data + 1, number.size - 1 };
	if (number.data[0] & 0x80)
		g_byte_array_append(padded, &zero, 1);
	g_byte_array_append(padded, number.data, (guint)number.size);
	pv_tlv_put(to, 0x02, padded->data, padded->len);
}

/* The content of subjectPublicKey, without its leading byte of unused bits. */
static gboolean read_bits(PvTlv public, const char *what, gsize scalar_bytes, GByteArray *bits,
			  GError **error)
{
	g_autoptr(GByteArray) numbers = g_byte_array_new();
	PvTlv value, exponent;

	if (scalar_bytes > 0) {
		if (!pv_tlv_only(public, what, 0x86, &value, error))
			return FALSE;
		if (value.size != 1 + 2 * scalar_bytes || value.data[0] != UNCOMPRESSED)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "%s: a point of %zu bytes, expected an uncompressed one of "
				       "%zu",
				       what, value.size, 1 + 2 * scalar_bytes);
		g_byte_array_append(bits, value.data, (guint)value.size);
		return TRUE;
	}
	if (!pv_tlv_expect(&public, what, 0x81, &value, error) ||
	    !pv_tlv_only(public, what, 0x82, &exponent, error))
		return FALSE;
	if (value.size == 0 || exponent.size == 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: an RSA key with an empty number", what);
	put_number(numbers, value);
	put_number(numbers, exponent);
	pv_tlv_put(bits, 0x30, numbers->data, numbers->len);
	return TRUE;
}

PvPublicKey *pv_piv_key_read(PvTlv public, const char *what, guint8 algorithm, GError **error)
{
	g_autoptr(GByteArray) bits = g_byte_array_new(), inner = g_byte_array_new();
	g_autoptr(GByteArray) der = g_byte_array_new();
	gssize at = find(algorithm);
	const guint8 unused = 0;
	PvPublicKey *key;

	if (at < 0)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "%s: algorithm %02x is none that Pavise knows", what,
				    algorithm);
	g_byte_array_append(bits, &unused, 1);
	if (!read_bits(public, what, kinds[at].scalar_bytes, bits, error))
		return NULL;
	pv_tlv_put(inner, 0x30, kinds[at].oid, kinds[at].oid_size);
	pv_tlv_put(inner, 0x03, bits->data, bits->len);
	pv_tlv_put(der, 0x30, inner->data, inner->len);
	key = pv_public_key_new(kinds[at].scalar_bytes > 0 ? "ecdsa" : "rsa", der->data, der->len,
				error);
	if (!key)
		pv_fail_wrap(error, "%s", what);
	return key;
}
