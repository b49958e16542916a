/* SPDX-License-Identifier: Apache-2.0 */

/* The answers kept in memory: one table by path, one queue by use. */

#include "service/current.h"

#include <string.h>

#define SHARE 4 /* of max_bytes: the largest answer that is kept */

typedef struct {
	char *path;
	PvReadyAnswer *answer;
	gsize size;
	guint64 generation;
	GList by_use; /* in PvCurrent.used, newest first */
} Entry;

struct PvCurrent {
	GMutex lock;
	GHashTable *entries; /* path (borrowed from the entry) → Entry */
	GQueue used;
	gsize size, max_bytes;
};

PvCurrent *pv_current_new(gsize max_bytes)
{
	PvCurrent *current = g_new0(PvCurrent, 1);

	g_mutex_init(&current->lock);
	g_queue_init(&current->used);
	current->entries = g_hash_table_new(g_str_hash, g_str_equal);
	current->max_bytes = max_bytes;
	return current;
}

static void drop(PvCurrent *current, Entry *entry)
{
	g_hash_table_remove(current->entries, entry->path);
	g_queue_unlink(&current->used, &entry->by_use);
	current->size -= entry->size;
	pv_ready_answer_unref(entry->answer);
	g_free(entry->path);
	g_free(entry);
}

void pv_current_free(PvCurrent *current)
{
	if (!current)
		return;
	while (current->used.head)
		drop(current, current->used.head->data);
	g_hash_table_unref(current->entries);
	g_mutex_clear(&current->lock);
	g_free(current);
}

PvReadyAnswer *pv_current_get(PvCurrent *current, const char *path, guint64 generation)
{
	PvReadyAnswer *answer = NULL;
	Entry *entry;

	g_mutex_lock(&current->lock);
	entry = g_hash_table_lookup(current->entries, path);
	if (entry && (generation == 0 || entry->generation != generation)) {
		drop(current, entry);
	} else if (entry) {
		if (current->used.head != &entry->by_use) {
			g_queue_unlink(&current->used, &entry->by_use);
			g_queue_push_head_link(&current->used, &entry->by_use);
		}
		answer = pv_ready_answer_ref(entry->answer);
	}
	g_mutex_unlock(&current->lock);
	return answer;
}

void pv_current_put(PvCurrent *current, const char *path, PvReadyAnswer *answer, guint64 generation)
{
	gsize size = pv_ready_answer_size(answer) + sizeof(Entry) + strlen(path);
	Entry *entry;

	if (generation == 0 || size > current->max_bytes / SHARE)
		return;
	g_mutex_lock(&current->lock);
	if (!g_hash_table_contains(current->entries, path)) {
		while (current->size + size > current->max_bytes)
			drop(current, current->used.tail->data);
		entry = g_new0(Entry, 1);
		entry->path = g_strdup(path);
		entry->answer = pv_ready_answer_ref(answer);
		entry->size = size;
		entry->generation = generation;
		entry->by_use.data = entry;
		g_hash_table_insert(current->entries, entry->path, entry);
		g_queue_push_head_link(&current->used, &entry->by_use);
		current->size += size;
	}
	g_mutex_unlock(&current->lock);
}
