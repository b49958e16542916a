/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* TRUE of 169.254.0.0/16 and fe80::/10, where clouds answer with an instance's own secrets. */
gboolean pv_http_is_link_local(const char *host);
