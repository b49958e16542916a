/* SPDX-License-Identifier: Apache-2.0 */
/* service/config: service.yaml. */
#include <stdint.h>

#include "service/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvServiceConfig) config = pv_service_config_parse(text, "/etc/file", &error);

	g_assert_true((config == NULL) == (error != NULL));
	if (config)
		pv_service_config_store_options(config);
	return 0;
}
