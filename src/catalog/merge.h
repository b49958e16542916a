/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "catalog/events.h"
#include "catalog/inventory.h"

/*
 * Makes an inventory of catalog events: a later layer's file replaces an earlier one's, what is
 * whited out disappears, and each package is put to the layer that brought its name and version in.
 */

typedef struct PvMerger PvMerger;

/**
 * pv_merger_new:
 * @inventory: (transfer none): filled by pv_merger_finish(); its memory is used from now on
 */
PvMerger *pv_merger_new(PvInventory *inventory);
void pv_merger_free(PvMerger *merger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvMerger, pv_merger_free)

/**
 * pv_merger_start_layer:
 * @layer: events that follow are of this layer; layers come in order, 0 first
 */
void pv_merger_start_layer(PvMerger *merger, guint layer);

/**
 * pv_merger_events:
 *
 * The errors of these are PV_ERROR_LIMIT and, of events in an order that makes no sense (a
 * compromised worker sends such), PV_ERROR_SYNTAX. Paths and texts are copied.
 */
PvCatalogEvents pv_merger_events(PvMerger *merger);

/**
 * pv_merger_finish:
 *
 * Puts the packages, sorted by type, name, version, architecture and path, the distribution and
 * the unreadable files into the inventory.
 */
void pv_merger_finish(PvMerger *merger);
