/* SPDX-License-Identifier: Apache-2.0 */

/* The list of version orders. To add one, add a row. */

#include "vuln/versions.h"

#include <string.h>

#include "vuln/version_orders.h"

const PvVersionOrder *const pv_version_orders[] = {
	&pv_version_apk,
	&pv_version_dpkg,
	&pv_version_semver,
};

const gsize pv_version_orders_count = G_N_ELEMENTS(pv_version_orders);

const PvVersionOrder *pv_version_order(const char *name)
{
	for (gsize i = 0; i < pv_version_orders_count; i++) {
		if (strcmp(pv_version_orders[i]->name, name) == 0)
			return pv_version_orders[i];
	}
	return NULL;
}
