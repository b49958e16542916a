/* SPDX-License-Identifier: Apache-2.0 */
/* Version orders: of three lines, each order is one that can sort. */
#include <stdint.h>
#include <string.h>

#include "vuln/versions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign_of(const PvVersionOrder *order, const char *a, const char *b)
{
	int result = order->compare(a, b);

	return (result > 0) - (result < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) v = g_strsplit(text, "\n", 4);

	if (g_strv_length(v) < 3)
		return 0;
	for (gsize o = 0; o < pv_version_orders_count; o++) {
		const PvVersionOrder *order = pv_version_orders[o];
		int ab = sign_of(order, v[0], v[1]), bc = sign_of(order, v[1], v[2]);

		order->is_valid(v[0]);
		g_assert_cmpint(sign_of(order, v[0], v[0]), ==, 0);
		g_assert_cmpint(ab, ==, -sign_of(order, v[1], v[0]));
		if (ab <= 0 && bc <= 0)
			g_assert_cmpint(sign_of(order, v[0], v[2]), ==, ab + bc < 0 ? -1 : 0);
	}
	return 0;
}
