/* SPDX-License-Identifier: Apache-2.0 */
/* index.json of a layout, and the choice of a platform. */
#include <stdint.h>

#include "base/limits.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const wishes[] = { NULL,           "linux/amd64", "linux/arm64/v8",
					      "linux/arm/v7", "linux/arm64", "windows",
					      "a/b/c/d" };
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
	g_autoptr(PvManifest) index =
		pv_manifest_parse(bytes, PV_MEDIA_OCI_INDEX, "index.json", NULL);

	if (!index)
		return 0;
	g_assert_true(index->is_index);
	g_assert_cmpuint(index->entry_count, <=, PV_INDEX_MANIFESTS_MAX);
	for (gsize i = 0; i < G_N_ELEMENTS(wishes); i++) {
		const PvIndexEntry *entry = pv_manifest_select(index, wishes[i], NULL);

		g_assert_true(!entry || (entry >= index->entries &&
					 entry < index->entries + index->entry_count));
	}
	return 0;
}
