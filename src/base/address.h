/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/**
 * pv_address_split:
 * @text: "HOST:PORT", "[::1]:PORT"
 *
 * Errors: PV_ERROR_USAGE; the sentence holds @text.
 */
gboolean pv_address_split(const char *text, char **ret_host, guint16 *ret_port, GError **error);
