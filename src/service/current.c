/* SPDX-License-Identifier: Apache-2.0 */

/* The answers kept in memory: one table by path, one queue by use, one list for each repository. */

#include "service/current.h"

#include <string.h>

#define SHARE 16 /* of max_bytes: the largest answer that is kept */

typedef struct Repository Repository;

typedef struct {
	char *path;
	PvReadyAnswer *answer;
	gsize size;
	Repository *repository;
	GList by_use;        /* in PvCurrent.used, newest first */
	GList by_repository; /* in Repository.entries */
} Entry;

struct Repository {
	char *gun;
	GQueue entries;
};

struct PvCurrent {
	GMutex lock;
	GHashTable *entries;      /* path (borrowed from the entry) → Entry */
	GHashTable *repositories; /* gun (borrowed) → Repository */
	GQueue used;
	gsize size, max_bytes;
	guint64 forgotten;
};

PvCurrent *pv_current_new(gsize max_bytes)
{
	PvCurrent *current = g_new0(PvCurrent, 1);

	g_mutex_init(&current->lock);
	current->entries = g_hash_table_new(g_str_hash, g_str_equal);
	current->repositories = g_hash_table_new(g_str_hash, g_str_equal);
	current->max_bytes = max_bytes;
	return current;
}

/* Takes an entry out, with its repository if it was the last one there. */
static void drop(PvCurrent *current, Entry *entry)
{
	Repository *repository = entry->repository;

	g_hash_table_remove(current->entries, entry->path);
	g_queue_unlink(&current->used, &entry->by_use);
	g_queue_unlink(&repository->entries, &entry->by_repository);
	current->size -= entry->size;
	if (g_queue_is_empty(&repository->entries)) {
		g_hash_table_remove(current->repositories, repository->gun);
		g_free(repository->gun);
		g_free(repository);
	}
	pv_ready_answer_unref(entry->answer);
	g_free(entry->path);
	g_free(entry);
}

static void drop_all(PvCurrent *current)
{
	while (current->used.head)
		drop(current, current->used.head->data);
}

void pv_current_free(PvCurrent *current)
{
	if (!current)
		return;
	drop_all(current);
	g_hash_table_unref(current->entries);
	g_hash_table_unref(current->repositories);
	g_mutex_clear(&current->lock);
	g_free(current);
}

PvReadyAnswer *pv_current_get(PvCurrent *current, const char *path)
{
	PvReadyAnswer *answer = NULL;
	Entry *entry;

	g_mutex_lock(&current->lock);
	entry = g_hash_table_lookup(current->entries, path);
	if (entry) {
		if (current->used.head != &entry->by_use) {
			g_queue_unlink(&current->used, &entry->by_use);
			g_queue_push_head_link(&current->used, &entry->by_use);
		}
		answer = pv_ready_answer_ref(entry->answer);
	}
	g_mutex_unlock(&current->lock);
	return answer;
}

guint64 pv_current_mark(PvCurrent *current)
{
	guint64 mark;

	g_mutex_lock(&current->lock);
	mark = current->forgotten;
	g_mutex_unlock(&current->lock);
	return mark;
}

static Repository *repository_of(PvCurrent *current, const char *gun)
{
	Repository *repository = g_hash_table_lookup(current->repositories, gun);

	if (!repository) {
		repository = g_new0(Repository, 1);
		repository->gun = g_strdup(gun);
		g_queue_init(&repository->entries);
		g_hash_table_insert(current->repositories, repository->gun, repository);
	}
	return repository;
}

void pv_current_put(PvCurrent *current, const char *gun, const char *path, PvReadyAnswer *answer,
		    guint64 mark)
{
	gsize size = pv_ready_answer_size(answer) + sizeof(Entry) + strlen(path);
	Entry *entry;

	if (size > current->max_bytes / SHARE)
		return;
	g_mutex_lock(&current->lock);
	if (mark == current->forgotten && !g_hash_table_contains(current->entries, path)) {
		while (current->size + size > current->max_bytes)
			drop(current, current->used.tail->data);
		entry = g_new0(Entry, 1);
		entry->path = g_strdup(path);
		entry->answer = pv_ready_answer_ref(answer);
		entry->size = size;
		entry->repository = repository_of(current, gun);
		entry->by_use.data = entry->by_repository.data = entry;
		g_hash_table_insert(current->entries, entry->path, entry);
		g_queue_push_head_link(&current->used, &entry->by_use);
		g_queue_push_head_link(&entry->repository->entries, &entry->by_repository);
		current->size += size;
	}
	g_mutex_unlock(&current->lock);
}

void pv_current_forget(PvCurrent *current, const char *gun)
{
	Repository *repository;

	g_mutex_lock(&current->lock);
	current->forgotten++;
	/* The last drop() takes the repository with it: it is looked up anew each time. */
	while ((repository = g_hash_table_lookup(current->repositories, gun)))
		drop(current, repository->entries.head->data);
	g_mutex_unlock(&current->lock);
}

void pv_current_forget_all(PvCurrent *current)
{
	g_mutex_lock(&current->lock);
	current->forgotten++;
	drop_all(current);
	g_mutex_unlock(&current->lock);
}
