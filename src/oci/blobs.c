/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One view of the three places an image can lie in on this machine. What index.json or
 * manifest.json says is followed here; everything returned whole is verified.
 */

#include "oci/blobs.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/archive.h"
#include "oci/docker_archive.h"
#include "oci/layout.h"

struct PvBlobs {
	PvLayout *layout;
	PvArchive *archive;
	PvDockerArchive *docker;
	PvManifest *index; /* of a layout or OCI archive */
	PvDescriptor root;
	GHashTable *files; /* layout: digest → fd + 1 */
};

static void close_file(void *data)
{
	close(GPOINTER_TO_INT(data) - 1);
}

void pv_blobs_free(PvBlobs *blobs)
{
	g_clear_pointer(&blobs->layout, pv_layout_free);
	g_clear_pointer(&blobs->docker, pv_docker_archive_free);
	g_clear_pointer(&blobs->archive, pv_archive_free);
	g_clear_pointer(&blobs->index, pv_manifest_free);
	g_clear_pointer(&blobs->files, g_hash_table_unref);
	g_free(blobs);
}

const PvDescriptor *pv_blobs_root(const PvBlobs *blobs)
{
	return &blobs->root;
}

gboolean pv_blobs_is_docker_archive(const PvBlobs *blobs)
{
	return blobs->docker != NULL;
}

static char *list_names(const PvManifest *index)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < MIN(index->entry_count, 20); i++)
		g_string_append_printf(text, "%s%s", text->len ? ", " : "",
				       index->entries[i].ref_name ? index->entries[i].ref_name
								  : "(without a name)");
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean entry_is_named(const PvIndexEntry *entry, const PvSource *source)
{
	if (source->has_digest)
		return pv_digest_equal(&entry->descriptor.digest, &source->digest);
	return !source->name || g_strcmp0(entry->ref_name, source->name) == 0;
}

/* The manifest of index.json that @source names; without a name there must be only one. */
static gboolean choose_root(PvBlobs *blobs, const PvSource *source, const char *what,
			    GError **error)
{
	const PvIndexEntry *found = NULL;
	g_autofree char *names = list_names(blobs->index);

	for (guint i = 0; i < blobs->index->entry_count; i++) {
		const PvIndexEntry *entry = &blobs->index->entries[i];

		if (!entry_is_named(entry, source))
			continue;
		if (found && !pv_digest_equal(&found->descriptor.digest, &entry->descriptor.digest))
			return pv_fail(error, PV_ERROR_USAGE,
				       "%s: holds %u images; name one of: %s", what,
				       blobs->index->entry_count, names);
		found = entry;
	}
	if (!found && source->name)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: no image '%s'; it has: %s", what,
			       source->name, *names ? names : "none");
	if (!found)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: no %s", what,
			       source->has_digest ? "image of this digest" : "image in it");
	blobs->root = found->descriptor;
	return TRUE;
}

static gboolean open_layout(PvBlobs *blobs, const PvSource *source, GError **error)
{
	blobs->layout = pv_layout_open(source->path, FALSE, error);
	if (!blobs->layout)
		return FALSE;
	blobs->index = pv_layout_index(blobs->layout, error);
	return blobs->index && choose_root(blobs, source, source->path, error);
}

static gboolean open_oci_archive(PvBlobs *blobs, const PvSource *source, GError **error)
{
	g_autoptr(GBytes) bytes =
		pv_archive_read(blobs->archive, "index.json", PV_MANIFEST_BYTES_MAX, error);

	if (!bytes)
		return FALSE;
	blobs->index = pv_manifest_parse(bytes, PV_MEDIA_OCI_INDEX, "index.json", error);
	return blobs->index &&
	       choose_root(blobs, source, source->path ? source->path : "standard input", error);
}

static gboolean open_docker_archive(PvBlobs *blobs, const PvSource *source, GError **error)
{
	blobs->docker = pv_docker_archive_read(blobs->archive, source->name, error);
	if (!blobs->docker)
		return pv_fail_wrap(error, "%s", source->path ? source->path : "standard input");
	blobs->root = blobs->docker->descriptor;
	return TRUE;
}

static gboolean open_stream(PvBlobs *blobs, const PvSource *source, GError **error)
{
	PvBlobRange range;

	blobs->archive = pv_archive_open_stream(STDIN_FILENO, error);
	if (!blobs->archive)
		return FALSE;
	if (pv_archive_find(blobs->archive, "manifest.json", &range))
		return open_docker_archive(blobs, source, error);
	return open_oci_archive(blobs, source, error);
}

static gboolean open_kind(PvBlobs *blobs, const PvSource *source, GError **error)
{
	switch (source->kind) {
	case PV_SOURCE_LAYOUT:
		return open_layout(blobs, source, error);
	case PV_SOURCE_OCI_ARCHIVE:
		blobs->archive = pv_archive_open_path(source->path, error);
		return blobs->archive && open_oci_archive(blobs, source, error);
	case PV_SOURCE_DOCKER_ARCHIVE:
		blobs->archive = pv_archive_open_path(source->path, error);
		return blobs->archive && open_docker_archive(blobs, source, error);
	case PV_SOURCE_STDIN:
		return open_stream(blobs, source, error);
	default:
		return pv_fail(error, PV_ERROR_USAGE,
			       "not an image on this machine: oci:, oci-archive:, docker-archive: "
			       "or - is expected");
	}
}

PvBlobs *pv_blobs_open(const PvSource *source, GError **error)
{
	g_autoptr(PvBlobs) blobs = g_new0(PvBlobs, 1);

	blobs->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, close_file);
	return open_kind(blobs, source, error) ? g_steal_pointer(&blobs) : NULL;
}

static gboolean range_in_layout(PvBlobs *blobs, const PvDescriptor *descriptor,
				PvBlobRange *ret_range, GError **error)
{
	char digest[PV_DIGEST_TEXT_SIZE];
	void *known;

	pv_digest_format(&descriptor->digest, digest);
	known = g_hash_table_lookup(blobs->files, digest);
	if (known) {
		*ret_range = (PvBlobRange){ GPOINTER_TO_INT(known) - 1, 0, descriptor->size };
		return TRUE;
	}
	if (!pv_layout_open_blob(blobs->layout, descriptor, ret_range, error))
		return FALSE;
	g_hash_table_insert(blobs->files, g_strdup(digest), GINT_TO_POINTER(ret_range->fd + 1));
	return TRUE;
}

static gboolean range_in_archive(PvBlobs *blobs, const PvDescriptor *descriptor,
				 PvBlobRange *ret_range, GError **error)
{
	char digest[PV_DIGEST_TEXT_SIZE];
	g_autofree char *path = NULL;

	pv_digest_format(&descriptor->digest, digest);
	path = g_strdup_printf("blobs/%s", digest);
	*strchr(path, ':') = '/';
	if (!pv_archive_find(blobs->archive, path, ret_range))
		return pv_fail(error, PV_ERROR_NOT_FOUND, "no blob %s in the archive", digest);
	if (ret_range->size != descriptor->size)
		return pv_fail(error, PV_ERROR_DIGEST,
			       "blob %s has %" G_GUINT64_FORMAT " bytes, its descriptor says "
			       "%" G_GUINT64_FORMAT,
			       digest, ret_range->size, descriptor->size);
	return TRUE;
}

static gboolean range_in_docker(PvBlobs *blobs, const PvDescriptor *descriptor,
				PvBlobRange *ret_range, GError **error)
{
	char digest[PV_DIGEST_TEXT_SIZE];

	for (guint i = 0; i < blobs->docker->layer_count; i++) {
		if (!pv_digest_equal(&blobs->docker->layers[i].digest, &descriptor->digest))
			continue;
		*ret_range = blobs->docker->ranges[i];
		return TRUE;
	}
	pv_digest_format(&descriptor->digest, digest);
	return pv_fail(error, PV_ERROR_NOT_FOUND, "no layer %s in the archive", digest);
}

gboolean pv_blobs_range(PvBlobs *blobs, const PvDescriptor *descriptor, PvBlobRange *ret_range,
			GError **error)
{
	if (blobs->layout)
		return range_in_layout(blobs, descriptor, ret_range, error);
	if (blobs->docker)
		return range_in_docker(blobs, descriptor, ret_range, error);
	return range_in_archive(blobs, descriptor, ret_range, error);
}

static GBytes *made_up(const PvBlobs *blobs, const PvDigest *digest)
{
	if (!blobs->docker)
		return NULL;
	if (pv_digest_equal(digest, &blobs->docker->descriptor.digest))
		return g_bytes_ref(blobs->docker->manifest);
	if (pv_digest_equal(digest, &blobs->docker->config.digest))
		return g_bytes_ref(blobs->docker->config_bytes);
	return NULL;
}

GBytes *pv_blobs_read(PvBlobs *blobs, const PvDescriptor *descriptor, gsize max_bytes,
		      GError **error)
{
	GBytes *known = made_up(blobs, &descriptor->digest);
	g_autoptr(GBytes) bytes = NULL;
	char wanted[PV_DIGEST_TEXT_SIZE], text[PV_DIGEST_TEXT_SIZE];
	PvBlobRange range;
	PvDigest found;

	if (known)
		return known;
	pv_digest_format(&descriptor->digest, wanted);
	if (descriptor->size > max_bytes)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s: %" G_GUINT64_FORMAT " bytes, at most %zu allowed", wanted,
				    descriptor->size, max_bytes);
	if (!pv_blobs_range(blobs, descriptor, &range, error))
		return NULL;
	bytes = pv_archive_read_range(&range, wanted, error);
	if (!bytes)
		return NULL;
	found = pv_digest_of(descriptor->digest.hash, g_bytes_get_data(bytes, NULL),
			     g_bytes_get_size(bytes));
	if (pv_digest_equal(&found, &descriptor->digest))
		return g_steal_pointer(&bytes);
	pv_digest_format(&found, text);
	return pv_fail_null(error, PV_ERROR_DIGEST,
			    "%s %s was changed: its bytes have the digest %s",
			    pv_manifest_is_known_type(descriptor->media_type) ? "manifest" : "blob",
			    wanted, text);
}
