/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Texts in the order of their bytes. A GHashTable gives its keys in no order at all, and each
 * place that signs, prints or walks them needs the same one.
 */

#include "base/sorted.h"

#include <string.h>

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void pv_sort_texts(GPtrArray *texts)
{
	g_ptr_array_sort(texts, compare_texts);
}

GPtrArray *pv_sorted_names(GHashTable *table)
{
	GPtrArray *names = g_ptr_array_sized_new(g_hash_table_size(table));
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	pv_sort_texts(names);
	return names;
}
