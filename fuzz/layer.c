/* SPDX-License-Identifier: Apache-2.0 */
/* A whole layer, compressed or not, through the collector into an inventory. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catalog/collect.h"
#include "catalog/merge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(PvInventory) inventory = pv_inventory_new();
	g_autoptr(PvMerger) merger = pv_merger_new(inventory);
	PvCatalogEvents events = pv_merger_events(merger);
	g_autoptr(PvCollector) collector = pv_collector_new(&events);
	PvLayerSink sink = pv_collector_sink(collector);
	PvLayerResult result;
	int fd = memfd_create("layer", MFD_CLOEXEC);

	g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
	for (guint layer = 0; layer < 2; layer++) { /* twice: the second replaces the first */
		pv_merger_start_layer(merger, layer);
		pv_layer_read(fd, 0, size, "", &sink, 1, &result, NULL);
	}
	pv_merger_finish(merger);
	for (guint i = 0; i < inventory->packages->len; i++)
		g_assert_nonnull(g_array_index(inventory->packages, PvPackage, i).purl);
	close(fd);
	return 0;
}
