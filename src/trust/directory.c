/* SPDX-License-Identifier: Apache-2.0 */

/* The trust directory on disk (trust.md section 3). Directories are 0700, files 0600. */

#include "trust/directory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/sorted.h"
#include "trust/keys.h"
#include "trust/token_keys.h"

#define UPLOADED      "pavise.uploaded." /* and the role, "/" spelt ":" */
#define GUN_PARTS_MAX 32 /* components of a repository's name that are looked into */

struct PvTrustCache {
	char *metadata; /* directory */
	char *index;    /* file beside it, where Docker and Notary do not look */
	char *uploaded; /* beginning of the names of files beside it: what this client uploaded */
	GBytes *taken;  /* the content of the one that was asked for last */
	char *taken_path;
};

char *pv_trust_directory(const char *named)
{
	if (named)
		return g_strdup(named);
	return g_build_filename(g_get_home_dir(), ".docker", "trust", NULL);
}

gboolean pv_trust_check_gun(const char *gun, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(gun, "/", -1);

	if (!*gun || strlen(gun) > PV_GUN_BYTES_MAX)
		return pv_fail(error, PV_ERROR_SYNTAX, "a repository name has 1 to %d bytes",
			       PV_GUN_BYTES_MAX);
	for (const char *p = gun; *p; p++) {
		if (!g_ascii_isalnum(*p) && !strchr("./_-:[]", *p))
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "\"%.128s\" is no repository name: unexpected 0x%02x", gun,
				       (guchar)*p);
	}
	for (char **part = parts; *part; part++) {
		if (!**part || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0 ||
		    strcmp(*part, "_trust") == 0)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "\"%.128s\" is no repository name: it has a part \"%s\"",
				       gun, *part);
	}
	return TRUE;
}

/* --- metadata ----------------------------------------------------------------------------- */

PvTrustCache *pv_trust_cache_new(const char *directory, const char *gun)
{
	PvTrustCache *cache = g_new0(PvTrustCache, 1);

	cache->metadata = g_build_filename(directory, "tuf", gun, "metadata", NULL);
	cache->index = g_build_filename(directory, "tuf", gun, "pavise.index", NULL);
	cache->uploaded = g_build_filename(directory, "tuf", gun, UPLOADED, NULL);
	return cache;
}

void pv_trust_cache_free(PvTrustCache *cache)
{
	if (!cache)
		return;
	g_free(cache->metadata);
	g_free(cache->index);
	g_free(cache->uploaded);
	g_clear_pointer(&cache->taken, g_bytes_unref);
	g_free(cache->taken_path);
	g_free(cache);
}

static char *metadata_path(const PvTrustCache *cache, const char *role)
{
	return g_strdup_printf("%s/%s.json", cache->metadata, role);
}

static GBytes *load(void *data, const char *role)
{
	g_autofree char *path = metadata_path(data, role);

	GBytes *file = pv_file_read(path, PV_METADATA_BYTES_MAX, NULL);

	/* What a power failure may leave of a file that was new. */
	if (file && g_bytes_get_size(file) == 0)
		g_clear_pointer(&file, g_bytes_unref);
	return file;
}

/*
 * Metadata is replaced at once, whatever dies, but only a root, on which all trust stands, is waited
 * for until it is on the disk. What a power failure takes of the others is fetched and verified anew.
 */
static gboolean write_role(const PvTrustCache *cache, const char *path, GBytes *file, gboolean wait,
			   GError **error)
{
	gsize size;
	const void *bytes = g_bytes_get_data(file, &size);

	/* What was uploaded and has come into force only changes its name. */
	if (file == cache->taken && !wait && rename(cache->taken_path, path) == 0)
		return TRUE;
	return wait ? pv_file_replace(path, bytes, size, 0600, error)
		    : pv_file_replace_unsynced(path, bytes, size, 0600, error);
}

static gboolean store(void *data, const char *role, GBytes *file, GError **error)
{
	g_autofree char *path = metadata_path(data, role);
	g_autofree char *directory = g_path_get_dirname(path);
	g_autoptr(GBytes) before = load(data, role);

	/* The same again: only its age changes (age_s below). */
	if (before && g_bytes_equal(before, file) && utimensat(AT_FDCWD, path, NULL, 0) == 0)
		return TRUE;
	return pv_file_make_directory(directory, 0700, error) &&
	       write_role(data, path, file, strcmp(role, "root") == 0, error);
}

static gint64 age_s(void *data)
{
	g_autofree char *path = metadata_path(data, "timestamp");
	struct stat status;
	time_t now = time(NULL);

	if (stat(path, &status) != 0 || status.st_mtime > now)
		return -1;
	return now - status.st_mtime;
}

static int open_role(void *data, const char *role)
{
	g_autofree char *path = metadata_path(data, role);

	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static GBytes *load_index(void *data)
{
	const PvTrustCache *cache = data;

	return pv_file_read(cache->index, PV_INDEX_BYTES_MAX, NULL);
}

static void store_index(void *data, GBytes *index)
{
	const PvTrustCache *cache = data;
	g_autoptr(GError) error = NULL;
	gsize size;
	const void *bytes = g_bytes_get_data(index, &size);

	if (!pv_file_replace_unsynced(cache->index, bytes, size, 0600, &error))
		g_debug("%s", error->message);
}

/* --- what was uploaded ----------------------------------------------------------------------- */

static char *uploaded_path(const PvTrustCache *cache, const char *role)
{
	g_autofree char *flat = g_strdelimit(g_strdup(role), "/", ':');

	return g_strconcat(cache->uploaded, flat, ".json", NULL);
}

void pv_trust_cache_uploaded(PvTrustCache *cache, const char *role, GBytes *file)
{
	g_autofree char *path = uploaded_path(cache, role);
	gsize size;
	const void *bytes = g_bytes_get_data(file, &size);
	g_autoptr(GError) error = NULL;

	if (size >= PV_INDEX_FILE_BYTES_MIN &&
	    !pv_file_replace_unsynced(path, bytes, size, 0600, &error))
		g_debug("%s", error->message);
}

static GBytes *load_uploaded(void *data, const char *role, gsize size)
{
	PvTrustCache *cache = data;
	g_autofree char *path = uploaded_path(cache, role);
	GBytes *file = pv_file_read(path, size, NULL);

	if (!file)
		return NULL;
	g_clear_pointer(&cache->taken, g_bytes_unref);
	g_free(cache->taken_path);
	cache->taken = g_bytes_ref(file);
	cache->taken_path = g_steal_pointer(&path);
	return file;
}

/* Those of roles that are gone as well. */
static gboolean forget_uploaded(const PvTrustCache *cache, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(cache->uploaded);
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(directory, name, NULL);

		if (g_str_has_prefix(name, UPLOADED) && !pv_file_remove_tree(path, error))
			return FALSE;
	}
	return TRUE;
}

void pv_trust_cache_functions(PvTrustCache *cache, PvTufCache *ret_functions)
{
	*ret_functions = (PvTufCache){ load,      store,      age_s,       cache,
				       open_role, load_index, store_index, load_uploaded };
}

gboolean pv_trust_cache_forget(PvTrustCache *cache, GError **error)
{
	return pv_file_remove_tree(cache->metadata, error) &&
	       pv_file_remove_tree(cache->index, error) && forget_uploaded(cache, error);
}

static gboolean is_part_of_repository(const char *name)
{
	return strcmp(name, "metadata") == 0 || strcmp(name, "changelist") == 0;
}

/* A repository's directory may hold those of others: "lab" and "lab/app". */
static void find_repositories(const char *path, const char *gun, guint depth, GPtrArray *found)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	gboolean is_one = FALSE;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		g_autofree char *child_gun =
			gun ? g_strconcat(gun, "/", name, NULL) : g_strdup(name);

		if (gun && is_part_of_repository(name))
			is_one = TRUE;
		else if (depth > 0 && g_file_test(child, G_FILE_TEST_IS_DIR) &&
			 !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			find_repositories(child, child_gun, depth - 1, found);
	}
	if (is_one && pv_trust_check_gun(gun, NULL))
		g_ptr_array_add(found, g_strdup(gun));
}

GPtrArray *pv_trust_repositories(const char *directory)
{
	GPtrArray *found = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *path = g_build_filename(directory, "tuf", NULL);

	find_repositories(path, NULL, GUN_PARTS_MAX, found);
	pv_sort_texts(found);
	return found;
}

/* --- keys --------------------------------------------------------------------------------- */

void pv_stored_key_free(PvStoredKey *key)
{
	if (!key)
		return;
	g_free(key->id);
	g_free(key->path);
	pv_key_file_free(key->file);
	g_free(key->uri);
	g_free(key->token);
	pv_public_key_unref(key->public);
	g_free(key);
}

static PvStoredKey *read_key(const char *path, const char *id, GError **error)
{
	PvKeyFile *file = pv_key_file_read(path, error);
	PvStoredKey *key;

	if (!file)
		return NULL;
	key = g_new0(PvStoredKey, 1);
	key->id = g_strdup(id);
	key->path = g_strdup(path);
	key->file = file;
	return key;
}

static int compare_ids(const void *a, const void *b)
{
	const PvStoredKey *const *left = a, *const *right = b;

	return strcmp((*left)->id, (*right)->id);
}

GPtrArray *pv_trust_keys(const char *directory, GError **error)
{
	g_autofree char *private = g_build_filename(directory, "private", NULL);
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_stored_key_free);
	g_autoptr(GDir) dir = NULL;
	const char *name;

	pv_trust_keys_migrate(directory, NULL);
	dir = g_dir_open(private, 0, NULL);
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(private, name, NULL);
		g_autofree char *on_token = NULL;
		g_autofree char *id = NULL;
		PvStoredKey *key;

		if (!g_str_has_suffix(name, ".key"))
			continue;
		id = g_strndup(name, strlen(name) - strlen(".key"));
		on_token = pv_token_key_path(directory, id);
		key = g_file_test(on_token, G_FILE_TEST_EXISTS) ? NULL : read_key(path, id, NULL);
		if (key)
			g_ptr_array_add(keys, key);
	}
	pv_token_keys_add(directory, keys);
	g_ptr_array_sort(keys, compare_ids);
	return g_steal_pointer(&keys);
}

static char *key_path(const char *directory, const char *id)
{
	return g_strdup_printf("%s/private/%s.key", directory, id);
}

PvStoredKey *pv_trust_key_find(const char *directory, const char *id, GError **error)
{
	g_autofree char *path = key_path(directory, id);
	g_autofree char *on_token = pv_token_key_path(directory, id);

	/* A copy on disk is never used in its place. */
	if (g_file_test(on_token, G_FILE_TEST_EXISTS))
		return pv_token_key_read(on_token, id, error);
	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		pv_trust_keys_migrate(directory, NULL);
		if (!g_file_test(path, G_FILE_TEST_EXISTS))
			return NULL;
	}
	return read_key(path, id, error);
}

gboolean pv_trust_key_add(const char *directory, const PvPrivateKey *key, const char *gun,
			  const char *role, const PvSecret *passphrase, GError **error)
{
	g_autofree char *path =
		key_path(directory, pv_public_key_canonical_id(pv_private_key_public(key)));
	g_autofree char *private = g_path_get_dirname(path);
	g_autoptr(PvSecret) text = pv_key_file_write(key, gun, role, passphrase, error);

	return text && pv_file_make_directory(private, 0700, error) &&
	       pv_file_create(path, text->data, text->size, 0600, error);
}

int pv_trust_lock(const char *directory, const char *gun, GError **error)
{
	g_autofree char *repository = g_build_filename(directory, "tuf", gun, NULL);
	g_autofree char *path = g_build_filename(repository, "pavise.lock", NULL);

	if (!pv_file_make_directory(repository, 0700, error))
		return -1;
	return pv_file_lock(path, TRUE, error);
}
