/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/attestation: PEM of an attestation, of its device and of the roots to believe. What is
 * believed attests the key that it was asked about; `#` in front asks about another one.
 */
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/attestation.h"

#define END "-----END CERTIFICATE-----\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where the second certificate ends. */
static gsize chain_size(const char *text, gsize size)
{
	const char *end = g_strstr_len(text, (gssize)size, END);

	if (end)
		end = g_strstr_len(end + 1, (gssize)size - (end + 1 - text), END);
	return end ? (gsize)(end - text) + strlen(END) : size;
}

static void try(GPtrArray *chain, GBytes *roots_pem, gboolean ask_other)
{
	const PvTime now = { 1800000000, 0 };
	const guint8 ed25519[32] = { 1 };
	g_autoptr(PvPublicKey) other = pv_public_key_new("ed25519", ed25519, 32, NULL);
	g_autoptr(PvAttestation) claimed = pv_attestation_read_unverified(chain->pdata[0], NULL);
	g_autoptr(PvAttestationRoots) roots = pv_attestation_roots_new();
	g_autoptr(PvAttestation) attestation = NULL;

	pv_attestation_roots_add(roots, roots_pem, "roots.pem", NULL);
	attestation = pv_attestation_verify(chain, claimed && !ask_other ? claimed->key : other,
					    roots, now, NULL);
	if (!attestation)
		return;
	g_assert_true(claimed && !ask_other && attestation->device && attestation->root);
	g_assert_true(pv_attestation_roots_count(roots) > 0);
	g_assert_true(attestation->facts.pin != PV_PIN_UNKNOWN &&
		      attestation->facts.touch != PV_TOUCH_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	gsize split = chain_size((const char *)data, size);
	g_autoptr(GBytes) pem = g_bytes_new(data, split);
	g_autoptr(GBytes) roots = g_bytes_new(data + split, size - split);
	g_autoptr(GPtrArray) chain = pv_attestation_chain_parse(pem, NULL);
	g_autoptr(GBytes) written = NULL;

	if (!chain)
		return 0;
	written = pv_attestation_chain_write(chain);
	g_assert_nonnull(written);
	try(chain, roots, size > 0 && data[0] == '#');
	return 0;
}
