/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Is what a Notary database holds of a repository whole and signed? A client asks that of every
 * server; who takes a repository over asks it once, before clients find out.
 */

#include "migrate/chain.h"

#include <string.h>

#include "base/error.h"
#include "tuf/metadata.h"

typedef struct {
	GPtrArray *files;
	GPtrArray *notes;
	PvTime now;
	PvMetadata *root, *snapshot;
	GHashTable *visited; /* of char*: delegations looked at */
} Chain;

static void chain_clear(Chain *chain)
{
	pv_metadata_unref(chain->root);
	pv_metadata_unref(chain->snapshot);
	g_hash_table_unref(chain->visited);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Chain, chain_clear)

void pv_migrate_file_free(PvMigrateFile *file)
{
	if (!file)
		return;
	g_free(file->role);
	g_bytes_unref(file->data);
	g_free(file);
}

static void note(const Chain *chain, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void note(const Chain *chain, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(chain->notes, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

static PvMetadata *parse(const Chain *chain, PvMigrateFile *file, GError **error)
{
	g_autoptr(PvMetadata) metadata = pv_metadata_parse(file->role, file->data, error);

	if (!metadata)
		return NULL;
	if (metadata->version != file->version)
		return pv_fail_null(error, PV_ERROR_MIX,
				    "%s: the row says version %" G_GINT64_FORMAT
				    ", the file %" G_GINT64_FORMAT,
				    file->role, file->version, metadata->version);
	file->expires = metadata->expires;
	file->is_current = TRUE;
	return g_steal_pointer(&metadata);
}

static void note_expiry(const Chain *chain, const PvMetadata *metadata)
{
	g_autoptr(GError) expired = NULL;

	if (!pv_metadata_check_expiry(metadata, chain->now, &expired))
		note(chain, "%s", expired->message);
}

static PvMigrateFile *newest(const Chain *chain, const char *role)
{
	PvMigrateFile *found = NULL;

	for (guint i = 0; i < chain->files->len; i++) {
		PvMigrateFile *file = chain->files->pdata[i];

		if (strcmp(file->role, role) == 0)
			found = file;
	}
	return found;
}

static const PvRole *role_of(const PvMetadata *metadata, const char *role)
{
	return metadata->roles ? g_hash_table_lookup(metadata->roles, role) : NULL;
}

static gboolean verify_as(const PvMetadata *metadata, const PvMetadata *above, const char *role,
			  GError **error)
{
	const PvRole *keys = role_of(above, role);

	if (!keys)
		return pv_fail(error, PV_ERROR_ROLE,
			       "%s version %" G_GINT64_FORMAT " names no keys for %s", above->role,
			       above->version, role);
	return pv_metadata_verify(metadata, keys, error);
}

static gboolean verify_roots(Chain *chain, GError **error)
{
	for (guint i = 0; i < chain->files->len; i++) {
		PvMigrateFile *file = chain->files->pdata[i];
		g_autoptr(PvMetadata) root = NULL;

		if (strcmp(file->role, "root") != 0)
			continue;
		root = parse(chain, file, error);
		if (!root)
			return FALSE;
		if (!chain->root && root->version != 1)
			note(chain, "roots before version %" G_GINT64_FORMAT " are not there",
			     root->version);
		if (!verify_as(root, root, "root", error) ||
		    (chain->root && !verify_as(root, chain->root, "root", error)))
			return pv_fail_wrap(error, "root version %" G_GINT64_FORMAT, root->version);
		pv_metadata_unref(chain->root);
		chain->root = g_steal_pointer(&root);
	}
	if (!chain->root)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "there is no root");
	note_expiry(chain, chain->root);
	return TRUE;
}

/* The newest file of @role, once its hash is the one that @above (nullable) gives. */
static PvMetadata *current(Chain *chain, const PvMetadata *above, const char *role, GError **error)
{
	PvMigrateFile *file = newest(chain, role);
	const PvFileMeta *meta = above ? g_hash_table_lookup(above->files, role) : NULL;

	if (!file)
		return pv_fail_null(error, PV_ERROR_NOT_FOUND, "there is no %s", role);
	if (above && !meta)
		return pv_fail_null(error, PV_ERROR_MIX, "%s does not name %s", above->role, role);
	if (meta && !pv_file_meta_check(meta, file->data, role, error))
		return NULL;
	return parse(chain, file, error);
}

static PvMetadata *current_signed(Chain *chain, const PvMetadata *above, const char *role,
				  GError **error)
{
	g_autoptr(PvMetadata) metadata = current(chain, above, role, error);

	if (!metadata || !verify_as(metadata, chain->root, role, error))
		return NULL;
	note_expiry(chain, metadata);
	return g_steal_pointer(&metadata);
}

/*
 * What @first delegates to, and those in turn, each once: a queue, since input decides the depth.
 */
static gboolean verify_delegations(Chain *chain, PvMetadata *first, GError **error)
{
	g_autoptr(GPtrArray) queue =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_metadata_unref);

	g_ptr_array_add(queue, pv_metadata_ref(first));
	for (guint i = 0; i < queue->len; i++) {
		const PvMetadata *above = queue->pdata[i];
		GHashTableIter iter;
		gpointer name, role;

		g_hash_table_iter_init(&iter, above->roles);
		while (g_hash_table_iter_next(&iter, &name, &role)) {
			g_autoptr(PvMetadata) delegation = NULL;
			g_autoptr(GError) why = NULL;

			if (!g_hash_table_contains(chain->snapshot->files, name) ||
			    !g_hash_table_add(chain->visited, g_strdup(name)))
				continue;
			delegation = current(chain, chain->snapshot, name, error);
			if (!delegation)
				return FALSE;
			if (!pv_metadata_verify(delegation, role, &why))
				note(chain, "%s; clients ignore it", why->message);
			note_expiry(chain, delegation);
			g_ptr_array_add(queue, g_steal_pointer(&delegation));
		}
	}
	return TRUE;
}

/* What the snapshot still names though nobody delegates to it: it comes along by its hash. */
static gboolean take_orphans(Chain *chain, GError **error)
{
	GHashTableIter iter;
	gpointer name, meta;

	g_hash_table_iter_init(&iter, chain->snapshot->files);
	while (g_hash_table_iter_next(&iter, &name, &meta)) {
		g_autoptr(PvMetadata) orphan = NULL;

		if (strcmp(name, "root") == 0 || strcmp(name, "targets") == 0 ||
		    g_hash_table_contains(chain->visited, name))
			continue;
		orphan = current(chain, chain->snapshot, name, error);
		if (!orphan)
			return FALSE;
		note(chain, "nobody delegates to %s any more", orphan->role);
	}
	return TRUE;
}

static GPtrArray *key_ids(const PvMetadata *root, const char *name)
{
	const PvRole *role = role_of(root, name);
	GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; role && i < role->keys->len; i++)
		g_ptr_array_add(ids, g_strdup(pv_public_key_id(role->keys->pdata[i])));
	return ids;
}

gboolean pv_migrate_verify(GPtrArray *files, PvTime now, GPtrArray *notes,
			   GPtrArray **ret_timestamp_keys, GPtrArray **ret_snapshot_keys,
			   GError **error)
{
	g_auto(Chain)
		chain = { .files = files,
			  .notes = notes,
			  .now = now,
			  .visited = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
	g_autoptr(PvMetadata) timestamp = NULL;
	g_autoptr(PvMetadata) targets = NULL;
	const PvFileMeta *root_meta;

	if (!verify_roots(&chain, error))
		return FALSE;
	timestamp = current_signed(&chain, NULL, "timestamp", error);
	chain.snapshot = timestamp ? current_signed(&chain, timestamp, "snapshot", error) : NULL;
	if (!chain.snapshot)
		return FALSE;
	root_meta = g_hash_table_lookup(chain.snapshot->files, "root");
	if (root_meta && !pv_file_meta_check(root_meta, chain.root->file, "root", error))
		return FALSE;
	targets = current_signed(&chain, chain.snapshot, "targets", error);
	if (!targets || !verify_delegations(&chain, targets, error) || !take_orphans(&chain, error))
		return FALSE;
	*ret_timestamp_keys = key_ids(chain.root, "timestamp");
	*ret_snapshot_keys = key_ids(chain.root, "snapshot");
	return TRUE;
}
