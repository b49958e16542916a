/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Fills @size bytes with randomness fit for keys (OpenSSL's private generator). */
gboolean pv_random_fill(void *data, gsize size, GError **error);
