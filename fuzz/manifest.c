/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest or index, whatever it calls itself: one reading only, within its limits. */
#include <stdint.h>

#include "base/limits.h"
#include "oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
	g_autoptr(PvManifest) manifest = pv_manifest_parse(bytes, NULL, "manifest", NULL);
	g_autoptr(PvManifest) index = pv_manifest_parse(bytes, PV_MEDIA_OCI_INDEX, "index", NULL);
	g_autoptr(PvManifest) image =
		pv_manifest_parse(bytes, PV_MEDIA_DOCKER_MANIFEST, "manifest", NULL);

	g_assert_false(index && image);
	if (!manifest)
		return 0;
	g_assert_true(pv_manifest_is_known_type(manifest->media_type));
	g_assert_cmpint(pv_manifest_is_index_type(manifest->media_type), ==, manifest->is_index);
	g_assert_cmpuint(manifest->layer_count, <=, PV_LAYERS_MAX);
	for (guint i = 0; i < manifest->layer_count; i++)
		g_assert_cmpuint(manifest->layers[i].size, <=, PV_BLOB_BYTES_MAX);
	return 0;
}
