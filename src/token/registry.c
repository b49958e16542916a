/* SPDX-License-Identifier: Apache-2.0 */

/* All kinds of tokens, one row each. */

#include <string.h>

#include "base/error.h"
#include "token/driver.h"

static const PvTokenDriver *const drivers[] = {
	&pv_token_pkcs11,
	&pv_token_piv,
};

const PvTokenDriver *pv_token_driver_find(const char *uri, GError **error)
{
	g_autoptr(GString) schemes = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (g_ascii_strncasecmp(uri, drivers[i]->scheme, strlen(drivers[i]->scheme)) == 0)
			return drivers[i];
		g_string_append_printf(schemes, "%s%s", i ? " or " : "", drivers[i]->scheme);
	}
	return pv_fail_null(error, PV_ERROR_USAGE, "\"%.80s\" names no token: it begins with %s",
			    uri, schemes->str);
}
