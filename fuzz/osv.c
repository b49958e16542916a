/* SPDX-License-Identifier: Apache-2.0 */
/* OSV records: what is taken can be stored and evaluated, and is bounded. */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "vuln/osv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void evaluate(const PvOsvAffected *affected)
{
	static const char *const versions[] = { "0", "1.0", "1.0.0-rc.1", "2:3-4", "9" };

	for (gsize o = 0; o < pv_version_orders_count; o++) {
		for (gsize i = 0; i < G_N_ELEMENTS(versions); i++) {
			const char *fixed;

			pv_osv_is_affected(affected->entry, pv_version_orders[o], versions[i],
					   &fixed);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(data, size);
	g_autofree char *id = NULL;
	g_autoptr(GPtrArray) all = pv_osv_parse(bytes, "record", &id, NULL);

	for (guint i = 0; all && i < all->len; i++) {
		const PvOsvAffected *one = all->pdata[i];
		char *text = json_dumps(one->entry, JSON_COMPACT);

		g_assert_nonnull(text);
		g_assert_cmpuint(strlen(one->ecosystem), <=, PV_ECOSYSTEM_BYTES_MAX);
		g_assert_cmpuint(json_array_size(json_object_get(one->entry, "ids")), >, 0);
		evaluate(one);
		free(text);
	}
	return 0;
}
