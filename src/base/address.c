/* SPDX-License-Identifier: Apache-2.0 */

/* HOST:PORT as people write it on command lines; a host with colons stands in brackets. */

#include "base/address.h"

#include <string.h>

#include "base/error.h"

gboolean pv_address_split(const char *text, char **ret_host, guint16 *ret_port, GError **error)
{
	const char *host = text, *colon = strrchr(text, ':');
	gsize length = colon ? (gsize)(colon - text) : 0;
	guint64 port = 0;

	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		host++;
		length -= 2;
	} else if (length > 0 && (text[0] == '[' || memchr(text, ':', length))) {
		length = 0;
	}
	if (length == 0 || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
		return pv_fail(error, PV_ERROR_USAGE,
			       "\"%s\" is no HOST:PORT, such as 127.0.0.1:7899 or [::1]:7899",
			       text);
	*ret_host = g_strndup(host, length);
	*ret_port = (guint16)port;
	return TRUE;
}
