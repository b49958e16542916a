/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The directory of trusted metadata: plain file names, bytes as they came. What lies there is
 * verified again at each use, so a damaged file costs a download and nothing else, except
 * root.json, which is the anchor.
 */

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "tuf/tuf1_client_private.h"

#define FILE_MODE      0644
#define DIRECTORY_MODE 0755

static char *path_of(const char *directory, const char *role)
{
	g_autofree char *name = pv_tuf1_file_name(role, ".json");

	return g_build_filename(directory, name, NULL);
}

static int lock_directory(const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, ".lock", NULL);

	return pv_file_lock(path, TRUE, error);
}

PvTuf1Metadata *pv_tuf1_store_load(const PvTuf1Client *client, PvTuf1Type type, const char *role)
{
	g_autofree char *path = path_of(client->directory, role);
	g_autoptr(GBytes) file = pv_file_read(path, PV_METADATA_BYTES_MAX, NULL);

	return file ? pv_tuf1_parse(type, role, file, NULL) : NULL;
}

gboolean pv_tuf1_store_save(const PvTuf1Client *client, const PvTuf1Metadata *metadata,
			    GError **error)
{
	g_autofree char *path = path_of(client->directory, metadata->role);
	gsize size;
	const void *data = g_bytes_get_data(metadata->file, &size);

	return pv_file_replace(path, data, size, FILE_MODE, error);
}

gboolean pv_tuf1_store_forget(const PvTuf1Client *client, const char *role, GError **error)
{
	g_autofree char *path = path_of(client->directory, role);

	return unlink(path) == 0 || errno == ENOENT ||
	       pv_fail_errno(error, errno, "%s: cannot remove", path);
}

gboolean pv_tuf1_client_init(const char *directory, GBytes *root, GError **error)
{
	g_autoptr(PvTuf1Metadata) metadata = pv_tuf1_parse(PV_TUF1_ROOT, "root", root, error);
	g_autofree char *path = path_of(directory, "root");
	gsize size;
	const void *data = g_bytes_get_data(root, &size);
	gboolean done;
	int lock;

	if (!metadata || !pv_tuf1_verify(metadata, metadata->roles[PV_TUF1_ROOT], error) ||
	    !pv_file_make_directory(directory, DIRECTORY_MODE, error))
		return FALSE;
	lock = lock_directory(directory, error);
	if (lock < 0)
		return FALSE;
	done = pv_file_replace(path, data, size, FILE_MODE, error);
	close(lock);
	return done;
}

static PvTuf1Metadata *load_root(const char *directory, GError **error)
{
	g_autofree char *path = path_of(directory, "root");
	g_autoptr(GBytes) file = pv_file_read(path, PV_TUF1_ROOT_BYTES_MAX, error);
	g_autoptr(PvTuf1Metadata) root =
		file ? pv_tuf1_parse(PV_TUF1_ROOT, "root", file, error) : NULL;

	if (!root || !pv_tuf1_verify(root, root->roles[PV_TUF1_ROOT], error)) {
		pv_fail_wrap(error, "the trusted root cannot be used");
		return NULL;
	}
	return g_steal_pointer(&root);
}

PvTuf1Client *pv_tuf1_client_new(const char *directory, PvTime now, const PvTuf1Remote *remote,
				 GError **error)
{
	g_autoptr(PvTuf1Client) client = g_new0(PvTuf1Client, 1);

	client->directory = g_strdup(directory);
	client->now = now;
	client->remote = *remote;
	client->targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						(GDestroyNotify)pv_tuf1_unref);
	client->fetched = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	client->lock = lock_directory(directory, error);
	if (client->lock < 0)
		return NULL;
	client->root = load_root(directory, error);
	return client->root ? g_steal_pointer(&client) : NULL;
}

void pv_tuf1_client_free(PvTuf1Client *client)
{
	if (!client)
		return;
	pv_tuf1_unref(client->root);
	pv_tuf1_unref(client->timestamp);
	pv_tuf1_unref(client->snapshot);
	g_hash_table_unref(client->targets);
	g_hash_table_unref(client->fetched);
	if (client->lock >= 0)
		close(client->lock);
	g_free(client->directory);
	g_free(client);
}

const PvTuf1Metadata *pv_tuf1_client_root(const PvTuf1Client *client)
{
	return client->root;
}

const PvTuf1Metadata *pv_tuf1_client_timestamp(const PvTuf1Client *client)
{
	return client->timestamp;
}

const PvTuf1Metadata *pv_tuf1_client_snapshot(const PvTuf1Client *client)
{
	return client->snapshot;
}
