/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The OCI image layout (image-spec 1.1 image-layout.md), read and written. index.json is replaced
 * atomically, last of all and under a lock: a copy that ends early leaves the layout with the same
 * images as before.
 */

#include "oci/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/layout_private.h"

#define LAYOUT_TEXT    "{\"imageLayoutVersion\":\"1.0.0\"}"
#define REF_NAME       "org.opencontainers.image.ref.name"
#define DIRECTORY_MODE 0755
#define FILE_MODE      0644

void pv_layout_free(PvLayout *layout)
{
	g_free(layout->directory);
	g_free(layout);
}

static char *path_in(const PvLayout *layout, const char *name)
{
	return g_build_filename(layout->directory, name, NULL);
}

char *pv_layout_blob_path(const PvLayout *layout, const PvDigest *digest)
{
	char text[PV_DIGEST_TEXT_SIZE];
	char *colon;

	pv_digest_format(digest, text);
	colon = strchr(text, ':');
	*colon = '\0';
	return g_build_filename(layout->directory, "blobs", text, colon + 1, NULL);
}

static gboolean check_version(const PvLayout *layout, GError **error)
{
	g_autofree char *path = path_in(layout, "oci-layout");
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_KIB, error);
	g_autoptr(json_t) root = NULL;
	const char *version;

	if (!bytes)
		return FALSE;
	root = pv_json_load(bytes, PV_KIB, path, error);
	if (!root)
		return FALSE;
	version = pv_json_string(root, "imageLayoutVersion");
	return (version && g_str_has_prefix(version, "1.")) ||
	       pv_fail(error, PV_ERROR_SYNTAX, "%s: imageLayoutVersion is not 1.0.0", path);
}

/* What a directory without oci-layout may hold to become a layout: nothing, or what an
 * interrupted copy left. */
static gboolean may_become_layout(const char *directory, gboolean *ret_is_new, GError **error)
{
	g_autoptr(GDir) names = g_dir_open(directory, 0, NULL);
	const char *name;
	gboolean empty = TRUE;

	if (!names)
		return pv_fail(error, PV_ERROR_IO, "%s: not a directory that can be read",
			       directory);
	while ((name = g_dir_read_name(names))) {
		empty = FALSE;
		if (!g_str_equal(name, "blobs") && !g_str_equal(name, PV_LAYOUT_INGEST))
			return pv_fail(error, PV_ERROR_USAGE,
				       "%s: neither an OCI layout nor empty: it holds '%s'",
				       directory, name);
	}
	*ret_is_new = empty;
	return TRUE;
}

static gboolean make_directories(PvLayout *layout, GError **error)
{
	static const char *const names[] = { "blobs/sha256", PV_LAYOUT_INGEST };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = path_in(layout, names[i]);

		if (!pv_file_make_directory(path, DIRECTORY_MODE, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean prepare(PvLayout *layout, GError **error)
{
	g_autofree char *marker = path_in(layout, "oci-layout");

	if (!g_file_test(layout->directory, G_FILE_TEST_EXISTS)) {
		if (!pv_file_make_directory(layout->directory, DIRECTORY_MODE, error))
			return FALSE;
		layout->is_new = TRUE;
	} else if (!g_file_test(marker, G_FILE_TEST_EXISTS)) {
		if (!may_become_layout(layout->directory, &layout->is_new, error))
			return FALSE;
	} else if (!check_version(layout, error)) {
		return FALSE;
	}
	return make_directories(layout, error);
}

PvLayout *pv_layout_open(const char *directory, gboolean writable, GError **error)
{
	g_autoptr(PvLayout) layout = g_new0(PvLayout, 1);

	layout->directory = g_strdup(directory);
	if (writable ? !prepare(layout, error) : !check_version(layout, error))
		return NULL;
	return g_steal_pointer(&layout);
}

void pv_layout_discard_new(PvLayout *layout)
{
	if (layout->is_new)
		pv_file_remove_tree(layout->directory, NULL);
}

gboolean pv_layout_has(const PvLayout *layout, const PvDescriptor *descriptor)
{
	g_autofree char *path = pv_layout_blob_path(layout, &descriptor->digest);
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (guint64)st.st_size == descriptor->size;
}

gboolean pv_layout_open_blob(const PvLayout *layout, const PvDescriptor *descriptor,
			     PvBlobRange *ret_range, GError **error)
{
	g_autofree char *path = pv_layout_blob_path(layout, &descriptor->digest);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return pv_fail(error, PV_ERROR_IO, "%s: not a regular file", path);
	}
	if ((guint64)st.st_size != descriptor->size) {
		close(fd);
		return pv_fail(error, PV_ERROR_DIGEST,
			       "%s: %" G_GINT64_FORMAT " bytes, its descriptor says "
			       "%" G_GUINT64_FORMAT,
			       path, (gint64)st.st_size, descriptor->size);
	}
	*ret_range = (PvBlobRange){ fd, 0, descriptor->size };
	return TRUE;
}

static GBytes *index_bytes(const PvLayout *layout, GError **error)
{
	g_autofree char *path = path_in(layout, "index.json");

	return pv_file_read(path, PV_MANIFEST_BYTES_MAX, error);
}

PvManifest *pv_layout_index(const PvLayout *layout, GError **error)
{
	g_autofree char *path = path_in(layout, "index.json");
	g_autoptr(GBytes) bytes = index_bytes(layout, error);

	return bytes ? pv_manifest_parse(bytes, PV_MEDIA_OCI_INDEX, path, error) : NULL;
}

gboolean pv_layout_write(PvLayout *layout, const PvDescriptor *descriptor, GBytes *bytes,
			 GError **error)
{
	g_autoptr(PvIngest) ingest = NULL;
	gsize size;
	const guint8 *data = g_bytes_get_data(bytes, &size);

	if (pv_layout_has(layout, descriptor))
		return TRUE;
	ingest = pv_ingest_open(layout, descriptor, error);
	return ingest && pv_ingest_restart(ingest, error) &&
	       pv_ingest_feed(ingest, data, size, error) && pv_ingest_commit(ingest, error);
}

/* The index as it is on disk, or an empty one. */
static json_t *load_index(const PvLayout *layout, GError **error)
{
	g_autofree char *path = path_in(layout, "index.json");
	g_autoptr(PvManifest) checked = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
				 PV_MEDIA_OCI_INDEX, "manifests");
	bytes = index_bytes(layout, error);
	if (!bytes)
		return NULL;
	checked = pv_manifest_parse(bytes, PV_MEDIA_OCI_INDEX, path, error);
	return checked ? pv_json_load(bytes, PV_MANIFEST_BYTES_MAX, path, error) : NULL;
}

static gboolean is_replaced(const json_t *entry, const char *digest, const char *name)
{
	const char *has = pv_json_string(json_object_get(entry, "annotations"), REF_NAME);

	if (name)
		return g_strcmp0(has, name) == 0;
	return !has && g_strcmp0(pv_json_string(entry, "digest"), digest) == 0;
}

static void enter(json_t *index, const PvDescriptor *descriptor, const char *name)
{
	json_t *manifests = json_object_get(index, "manifests");
	char digest[PV_DIGEST_TEXT_SIZE];
	json_t *entry;

	pv_digest_format(&descriptor->digest, digest);
	for (gsize i = json_array_size(manifests); i > 0; i--) {
		if (is_replaced(json_array_get(manifests, i - 1), digest, name))
			json_array_remove(manifests, i - 1);
	}
	entry = json_pack("{s:s, s:s, s:I}", "mediaType", descriptor->media_type, "digest", digest,
			  "size", (json_int_t)descriptor->size);
	if (name)
		json_object_set_new(entry, "annotations", json_pack("{s:s}", REF_NAME, name));
	json_array_append_new(manifests, entry);
}

static gboolean sync_path(const PvLayout *layout, const char *name, GError **error)
{
	g_autofree char *path = path_in(layout, name);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean done;

	if (fd < 0)
		return errno == ENOENT || pv_fail_errno(error, errno, "%s: cannot open", path);
	done = fsync(fd) == 0 || pv_fail_errno(error, errno, "%s: cannot sync", path);
	close(fd);
	return done;
}

static gboolean replace_index(PvLayout *layout, const PvDescriptor *descriptor, const char *name,
			      GError **error)
{
	g_autofree char *path = path_in(layout, "index.json"),
			*marker = path_in(layout, "oci-layout"), *text = NULL;
	g_autoptr(json_t) index = load_index(layout, error);

	if (!index)
		return FALSE;
	enter(index, descriptor, name);
	if (json_array_size(json_object_get(index, "manifests")) > PV_INDEX_MANIFESTS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: more than %d images in one layout", path,
			       PV_INDEX_MANIFESTS_MAX);
	if (!g_file_test(marker, G_FILE_TEST_EXISTS) &&
	    !pv_file_replace(marker, LAYOUT_TEXT, strlen(LAYOUT_TEXT), FILE_MODE, error))
		return FALSE;
	text = pv_json_text(index, FALSE);
	return pv_file_replace(path, text, strlen(text), FILE_MODE, error);
}

gboolean pv_layout_publish(PvLayout *layout, const PvDescriptor *descriptor, const char *name,
			   GError **error)
{
	g_autofree char *lock = path_in(layout, PV_LAYOUT_INGEST "/lock");
	int fd = pv_file_lock(lock, TRUE, error);
	gboolean done;

	if (fd < 0)
		return FALSE;
	done = sync_path(layout, "blobs/sha256", error) &&
	       sync_path(layout, "blobs/sha512", error) &&
	       replace_index(layout, descriptor, name, error);
	close(fd);
	return done;
}
