/* SPDX-License-Identifier: Apache-2.0 */
/* trust/client_config: a user's config.yaml. */
#include <stdint.h>

#include "trust/client_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(PvClientConfig) config =
		pv_client_config_parse(text, "/nowhere/config.yaml", NULL);

	if (config)
		g_assert_nonnull(config->pins);
	return 0;
}
