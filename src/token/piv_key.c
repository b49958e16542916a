/* SPDX-License-Identifier: Apache-2.0 */

/* Public keys as the card gives them, and which of its algorithms is whose. */

#include "token/piv_key.h"

#include "base/error.h"
#include "token/piv_answers.h"

#define UNCOMPRESSED 0x04

static const guint8 p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const guint8 p384[] = { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 };

static const struct {
	guint8 algorithm;
	gsize scalar_bytes;  /* 0: RSA */
	const guint8 *curve; /* its name, DER */
	gsize curve_size;
} kinds[] = {
	{ PV_PIV_P256, 32, p256, sizeof(p256) },
	{ PV_PIV_P384, 48, p384, sizeof(p384) },
	{ 0x05, 0, NULL, 0 }, /* RSA of 3072 bits */
	{ 0x07, 0, NULL, 0 }, /* 2048 */
	{ 0x16, 0, NULL, 0 }, /* 4096 */
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
	g_autoptr(GBytes) point =
		pv_public_key_kind(key) == PV_KEY_ECDSA ? pv_public_key_point(key) : NULL;

	for (gsize i = 0; point && i < G_N_ELEMENTS(kinds); i++)
		if (g_bytes_get_size(point) == 1 + 2 * kinds[i].scalar_bytes)
			return kinds[i].algorithm;
	return 0;
}

static GBytes *bytes_of(PvTlv value)
{
	return g_bytes_new(value.data, value.size);
}

static PvPublicKey *read_point(PvTlv public, const char *what, gsize at, GError **error)
{
	g_autoptr(GBytes) curve = g_bytes_new_static(kinds[at].curve, kinds[at].curve_size);
	g_autoptr(GBytes) point = NULL;
	gsize size = 1 + 2 * kinds[at].scalar_bytes;
	PvTlv value;

	if (!pv_tlv_only(public, what, 0x86, &value, error))
		return NULL;
	if (value.size != size || value.data[0] != UNCOMPRESSED)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "%s: a point of %zu bytes, expected an uncompressed one of "
				    "%zu",
				    what, value.size, size);
	point = bytes_of(value);
	return pv_public_key_new_point(curve, point, error);
}

static PvPublicKey *read_rsa(PvTlv public, const char *what, GError **error)
{
	g_autoptr(GBytes) modulus = NULL, exponent = NULL;
	PvTlv first, second;

	if (!pv_tlv_expect(&public, what, 0x81, &first, error) ||
	    !pv_tlv_only(public, what, 0x82, &second, error))
		return NULL;
	modulus = bytes_of(first);
	exponent = bytes_of(second);
	return pv_public_key_new_rsa(modulus, exponent, error);
}

PvPublicKey *pv_piv_key_read(PvTlv public, const char *what, guint8 algorithm, GError **error)
{
	gssize at = find(algorithm);
	PvPublicKey *key;

	if (at < 0)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "%s: algorithm %02x is none that Pavise knows", what,
				    algorithm);
	key = kinds[at].scalar_bytes > 0 ? read_point(public, what, (gsize)at, error)
					 : read_rsa(public, what, error);
	if (!key)
		pv_fail_wrap(error, "%s", what);
	return key;
}
