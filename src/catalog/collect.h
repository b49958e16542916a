/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "catalog/events.h"
#include "oci/layer.h"

/*
 * The collector watches layers go by, from the base up, has each file read that a cataloger wants,
 * and says which of the files already read a later layer removes.
 */

typedef struct PvCollector PvCollector;

/**
 * pv_collector_new:
 * @events: who is told; copied, its sink must outlive the collector
 */
PvCollector *pv_collector_new(const PvCatalogEvents *events);
void pv_collector_free(PvCollector *collector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvCollector, pv_collector_free)

/**
 * pv_collector_sink:
 *
 * Returns: the collector as a sink of pv_layer_read(), for one layer after the other.
 */
PvLayerSink pv_collector_sink(PvCollector *collector);

/**
 * pv_collector_file:
 * @path: of a file that a cataloger wants
 *
 * Has one file read. A damaged one is an event, not an error.
 *
 * Errors: what the events return.
 */
gboolean pv_collector_file(PvCollector *collector, const char *path, const guint8 *data, gsize size,
			   GError **error);
