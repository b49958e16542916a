/* SPDX-License-Identifier: Apache-2.0 */
/* token/piv_answers, crypto/card_certificate: the object of a certificate, and what is in it. */
#include <stdint.h>

#include "crypto/card_certificate.h"
#include "token/piv_answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der = NULL;
	g_autoptr(PvPublicKey) public = NULL;
	g_autofree char *name = NULL;
	PvTlv content;

	if (!pv_piv_read_object((PvTlv){ data, size }, "certificate", &content, &error))
		return 0;
	der = pv_piv_read_certificate(content, "certificate", &error);
	if (der && pv_card_certificate_read(der, &public, &name, &error)) {
		g_assert_nonnull(public);
		g_assert_true(!name || g_utf8_validate(name, -1, NULL));
	} else {
		g_assert_nonnull(error);
	}
	return 0;
}
