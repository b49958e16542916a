/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's config.json: credentials of some servers, or a helper's harmless name. */
#include <stdint.h>
#include <string.h>

#include "oci/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const servers[] = { "docker.io", "registry.example:5000", "localhost" };
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);

	for (gsize i = 0; i < G_N_ELEMENTS(servers); i++) {
		g_auto(PvCredentials) credentials = { 0 };
		g_autofree char *helper = NULL;

		if (!pv_auth_read_config(bytes, servers[i], &credentials, &helper, NULL))
			continue;
		g_assert_true(!helper || !strpbrk(helper, "/ \n"));
		g_assert_true(!helper || !credentials.user);
	}
	return 0;
}
