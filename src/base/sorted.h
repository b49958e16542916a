/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/**
 * pv_sort_texts:
 * @texts: of strings, none NULL
 *
 * Sorts in place by bytes, whatever the locale: what is signed or read by scripts has one order
 * on every machine.
 */
void pv_sort_texts(GPtrArray *texts);

/**
 * pv_sorted_names:
 * @table: its keys are strings
 *
 * Returns: (transfer container): the keys of @table sorted by bytes; they stay the table's.
 */
GPtrArray *pv_sorted_names(GHashTable *table);
