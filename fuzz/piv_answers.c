/* SPDX-License-Identifier: Apache-2.0 */
/* token/piv_answers, token/piv_key: the first byte says which answer the rest is read as. */
#include <stdint.h>

#include "token/piv_answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void metadata(PvTlv answer, GError **error)
{
	g_auto(PvPivMetadata) metadata = { 0 };
	gboolean done = pv_piv_read_metadata(answer, "metadata", &metadata, error);

	g_assert_true(done == (metadata.algorithm != 0));
	if (metadata.public && pv_piv_scalar_bytes(metadata.algorithm) > 0)
		g_assert_cmpuint(pv_piv_algorithm_of(metadata.public), ==, metadata.algorithm);
}

static void reference(PvTlv answer, GError **error)
{
	PvPivReference reference;

	pv_piv_read_reference(answer, "metadata", &reference, error);
}

static void generated(PvTlv answer, GError **error)
{
	g_autoptr(PvPublicKey) p256 = pv_piv_read_generated(answer, "key", PV_PIV_P256, NULL);
	g_autoptr(PvPublicKey) p384 = pv_piv_read_generated(answer, "key", PV_PIV_P384, NULL);
	g_autoptr(PvPublicKey) rsa = pv_piv_read_generated(answer, "key", 0x07, error);
	g_autoptr(PvPublicKey) none = pv_piv_read_generated(answer, "key", 0x42, NULL);

	g_assert_null(none);
	g_assert_true(!p256 || !p384);
}

static void signature(PvTlv answer, GError **error)
{
	g_autoptr(GBytes) raw = pv_piv_read_signature(answer, "signature", 32, error);

	g_assert_true(!raw || g_bytes_get_size(raw) == 64);
}

static void step(PvTlv answer, GError **error)
{
	PvTlv value;

	pv_piv_read_step(answer, "step", 0x82, 8, &value, error);
}

static void versions(PvTlv answer, GError **error)
{
	guint32 number;

	pv_piv_read_version(answer, &number, NULL);
	pv_piv_read_serial(answer, &number, error);
}

static void kept(PvTlv answer, GError **error)
{
	gboolean is_protected;
	PvTlv key;

	pv_piv_read_admin(answer, &is_protected, NULL);
	pv_piv_read_protected(answer, &key, error);
}

static void (*const readers[])(PvTlv answer, GError **error) = { metadata,  reference, generated,
								 signature, step,      versions,
								 kept };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;

	if (size > 0)
		readers[data[0] % G_N_ELEMENTS(readers)]((PvTlv){ data + 1, size - 1 }, &error);
	return 0;
}
