/* SPDX-License-Identifier: Apache-2.0 */
/* An image configuration for images of no, one, two and three layers. */
#include <stdint.h>

#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);

	for (guint layers = 0; layers < 4; layers++) {
		g_autoptr(PvConfig) config = pv_config_parse(bytes, layers, "config", NULL);

		for (guint i = 0; config && i < layers; i++) {
			g_assert_cmpuint(config->diff_ids[i].size, >=, 32);
			g_assert_nonnull(config->created_by[i]);
		}
	}
	return 0;
}
