/* SPDX-License-Identifier: Apache-2.0 */
/* trust/pins_config: `trust_pinning` of notary's config.json. */
#include <stdint.h>

#include "base/json.h"
#include "base/limits.h"
#include "trust/pins_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(json_t) config = pv_json_load(text, PV_CLIENT_CONFIG_BYTES_MAX, "fuzz", NULL);
	g_autoptr(PvPins) pins = config ? pv_pins_read(config, "/nowhere", NULL) : NULL;

	if (pins)
		g_assert_nonnull(pins->certs);
	return 0;
}
