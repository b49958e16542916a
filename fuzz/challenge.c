/* SPDX-License-Identifier: Apache-2.0 */
/* WWW-Authenticate of a server. */
#include <stdint.h>

#include "oci/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *header = g_strndup((const char *)data, size);
	g_auto(PvChallenge) challenge = { 0 };

	if (!pv_auth_read_challenge(header, &challenge, NULL))
		return 0;
	g_assert_cmpint(challenge.kind, !=, PV_CHALLENGE_NONE);
	g_assert_true(challenge.kind != PV_CHALLENGE_BEARER || challenge.realm);
	return 0;
}
