/* SPDX-License-Identifier: Apache-2.0 */

/* The inventory's memory: one string chunk, three arrays. */

#include "catalog/inventory.h"

PvInventory *pv_inventory_new(void)
{
	PvInventory *inventory = g_new0(PvInventory, 1);

	inventory->strings = g_string_chunk_new(64 * 1024);
	inventory->layers = g_array_new(FALSE, TRUE, sizeof(PvInventoryLayer));
	inventory->packages = g_array_new(FALSE, TRUE, sizeof(PvPackage));
	inventory->unreadable = g_array_new(FALSE, TRUE, sizeof(PvUnreadable));
	inventory->reference = "";
	inventory->distro = (PvDistro){ "", "", "", "" };
	return inventory;
}

void pv_inventory_free(PvInventory *inventory)
{
	if (!inventory)
		return;
	g_array_unref(inventory->layers);
	g_array_unref(inventory->packages);
	g_array_unref(inventory->unreadable);
	g_string_chunk_free(inventory->strings);
	g_free(inventory);
}

const char *pv_inventory_string(PvInventory *inventory, const char *text)
{
	return text && *text ? g_string_chunk_insert_const(inventory->strings, text) : "";
}
