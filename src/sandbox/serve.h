/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/**
 * pv_serve_prepare:
 *
 * Has libraries open now what they open on their first use: afterwards they may not.
 */
void pv_serve_prepare(void);

/**
 * pv_serve_requests:
 * @fd: the socket to the program that started this worker
 * @measures: what confines this process; told in the hello record
 *
 * Reads layers and files as asked, until the other side closes.
 *
 * Errors: the other side speaks wrongly or went away in the middle. A damaged layer is an answer,
 * not an error.
 */
gboolean pv_serve_requests(int fd, guint measures, GError **error);
