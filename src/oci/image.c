/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An image on this machine, opened: from the name in a layout or archive through index and manifest
 * to the configuration, each verified, with the layers left as byte ranges for who reads them
 * (OCI image-spec 1.1).
 */

#include "oci/image.h"

#include "base/error.h"
#include "base/limits.h"
#include "oci/blobs.h"
#include "oci/manifest.h"
#include "oci/reference.h"

struct PvImage {
	PvBlobs *blobs;
	PvManifest *manifest;
	PvDescriptor descriptor;
	GStringChunk *strings;
	GBytes *config_bytes;
	PvConfig *config;
};

void pv_image_free(PvImage *image)
{
	g_clear_pointer(&image->blobs, pv_blobs_free);
	g_clear_pointer(&image->manifest, pv_manifest_free);
	g_clear_pointer(&image->config_bytes, g_bytes_unref);
	g_clear_pointer(&image->config, pv_config_free);
	g_string_chunk_free(image->strings);
	g_free(image);
}

/* Follows indexes, PV_INDEX_DEPTH_MAX at most, to the manifest for @platform. */
static gboolean find_manifest(PvImage *image, const char *platform, GError **error)
{
	PvDescriptor next = *pv_blobs_root(image->blobs);

	for (int depth = 0; depth <= PV_INDEX_DEPTH_MAX; depth++) {
		g_autoptr(GBytes) bytes =
			pv_blobs_read(image->blobs, &next, PV_MANIFEST_BYTES_MAX, error);
		g_autoptr(PvManifest) manifest = NULL;
		const PvIndexEntry *entry;
		char name[PV_DIGEST_TEXT_SIZE];

		if (!bytes)
			return FALSE;
		pv_digest_format(&next.digest, name);
		manifest = pv_manifest_parse(bytes, next.media_type, name, error);
		if (!manifest)
			return FALSE;
		if (!manifest->is_index) {
			next.media_type = manifest->media_type;
			image->descriptor = next;
			image->manifest = g_steal_pointer(&manifest);
			return TRUE;
		}
		entry = pv_manifest_select(manifest, platform, error);
		if (!entry)
			return FALSE;
		next = entry->descriptor;
		next.media_type = g_string_chunk_insert_const(image->strings, next.media_type);
	}
	return pv_fail(error, PV_ERROR_LIMIT, "indexes nested deeper than %d", PV_INDEX_DEPTH_MAX);
}

static gboolean read_config(PvImage *image, GError **error)
{
	char name[PV_DIGEST_TEXT_SIZE];

	image->config_bytes =
		pv_blobs_read(image->blobs, &image->manifest->config, PV_CONFIG_BYTES_MAX, error);
	if (!image->config_bytes)
		return FALSE;
	pv_digest_format(&image->manifest->config.digest, name);
	image->config =
		pv_config_parse(image->config_bytes, image->manifest->layer_count, name, error);
	return image->config != NULL;
}

PvImage *pv_image_open(const char *source, const char *platform, GError **error)
{
	g_auto(PvSource) parsed = { 0 };
	g_autoptr(PvImage) image = g_new0(PvImage, 1);

	image->strings = g_string_chunk_new(256);
	if (!pv_source_parse(source, &parsed, error))
		return NULL;
	image->blobs = pv_blobs_open(&parsed, error);
	if (!image->blobs || !find_manifest(image, platform, error) || !read_config(image, error))
		return NULL;
	if (pv_blobs_is_docker_archive(image->blobs))
		image->descriptor = image->manifest->config;
	return g_steal_pointer(&image);
}

const PvDescriptor *pv_image_manifest(const PvImage *image)
{
	return &image->descriptor;
}

GBytes *pv_image_config(const PvImage *image)
{
	return image->config_bytes;
}

guint pv_image_layer_count(const PvImage *image)
{
	return image->manifest->layer_count;
}

const PvDescriptor *pv_image_layer(const PvImage *image, guint index)
{
	return &image->manifest->layers[index];
}

const PvDigest *pv_image_diff_id(const PvImage *image, guint index)
{
	return &image->config->diff_ids[index];
}

const char *pv_image_created_by(const PvImage *image, guint index)
{
	return image->config->created_by[index];
}

gboolean pv_image_open_layer(PvImage *image, guint index, PvBlobRange *ret_range, GError **error)
{
	return pv_blobs_range(image->blobs, &image->manifest->layers[index], ret_range, error);
}
