/* SPDX-License-Identifier: Apache-2.0 */
/* token/piv_uri: what is read is written the same. */
#include <stdint.h>
#include <string.h>

#include "token/piv_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *again = NULL, *serial = NULL;
	g_autoptr(GError) error = NULL;
	PvPivUri uri, second;

	if (!pv_piv_uri_parse(text, &uri, &error))
		return 0;
	if (uri.slot != 0) {
		g_assert_cmpuint(pv_piv_slot_object(uri.slot), >=, 0x5fc101);
		serial = uri.has_serial ? g_strdup_printf("%u", uri.serial) : NULL;
		again = pv_piv_uri_format(serial, uri.slot);
		g_assert_true(pv_piv_uri_parse(again, &second, NULL));
		g_assert_true(second.slot == uri.slot && second.serial == uri.serial);
	}
	return 0;
}
