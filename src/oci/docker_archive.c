/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The archive that `docker save` writes: manifest.json lists images, each a configuration and its
 * layers as plain tars. It has no manifest, so one is made whose layers are those tars: their
 * digests are the diff ids of the configuration, and whoever reads a layer compares.
 */

#include "oci/docker_archive.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/reference.h"

void pv_docker_archive_free(PvDockerArchive *image)
{
	g_clear_pointer(&image->manifest, g_bytes_unref);
	g_clear_pointer(&image->config_bytes, g_bytes_unref);
	g_free(image->layers);
	g_free(image->ranges);
	g_free(image);
}

static gboolean names_equal(const char *a, const char *b)
{
	g_auto(PvReference) one = { 0 }, two = { 0 };
	g_autofree char *first = NULL, *second = NULL;

	if (g_strcmp0(a, b) == 0)
		return TRUE;
	if (!a || !pv_reference_parse(a, &one, NULL) || !pv_reference_parse(b, &two, NULL))
		return FALSE;
	first = pv_reference_format(&one);
	second = pv_reference_format(&two);
	return g_str_equal(first, second);
}

static gboolean has_name(const json_t *image, const char *name)
{
	const json_t *tags = json_object_get(image, "RepoTags");

	for (gsize i = 0; i < json_array_size(tags); i++) {
		if (names_equal(json_string_value(json_array_get(tags, i)), name))
			return TRUE;
	}
	return FALSE;
}

static const json_t *choose(const json_t *images, const char *name, GError **error)
{
	gsize count = json_array_size(images);

	if (!json_is_array(images) || count == 0)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "manifest.json: no array of images");
	if (count > PV_INDEX_MANIFESTS_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "manifest.json: %zu images, at most %d allowed", count,
				    PV_INDEX_MANIFESTS_MAX);
	if (!name && count == 1)
		return json_array_get(images, 0);
	if (!name)
		return pv_fail_null(
			error, PV_ERROR_USAGE,
			"the archive holds %zu images; name one: docker-archive:FILE:NAME", count);
	for (gsize i = 0; i < count; i++) {
		if (has_name(json_array_get(images, i), name))
			return json_array_get(images, i);
	}
	return pv_fail_null(error, PV_ERROR_NOT_FOUND, "no image '%s' in the archive", name);
}

/* "<64 digits>.json" and "blobs/sha256/<64 digits>" say what the digest must be. */
static gboolean check_config_name(const char *path, const PvDigest *digest, GError **error)
{
	const char *base = strrchr(path, '/');
	g_autofree char *hex = pv_digest_hex(digest);

	base = base ? base + 1 : path;
	if (strspn(base, "0123456789abcdef") != 64 || g_str_has_prefix(base, hex))
		return TRUE;
	return pv_fail(error, PV_ERROR_DIGEST,
		       "the configuration %s was changed: its bytes have the digest sha256:%s",
		       path, hex);
}

static gboolean read_config(const PvArchive *archive, const json_t *entry, PvDockerArchive *image,
			    GError **error)
{
	const char *path = pv_json_string(entry, "Config");
	gsize size;
	const void *data;

	if (!path)
		return pv_fail(error, PV_ERROR_SYNTAX, "manifest.json: no Config");
	image->config_bytes = pv_archive_read(archive, path, PV_CONFIG_BYTES_MAX, error);
	if (!image->config_bytes)
		return FALSE;
	data = g_bytes_get_data(image->config_bytes, &size);
	image->config.digest = pv_digest_of(PV_HASH_SHA256, data, size);
	image->config.size = size;
	image->config.media_type = PV_MEDIA_OCI_CONFIG;
	return check_config_name(path, &image->config.digest, error);
}

static gboolean is_compressed(const PvBlobRange *range)
{
	guint8 magic[4] = { 0 };

	if (pread(range->fd, magic, sizeof(magic), (off_t)range->offset) != sizeof(magic))
		return FALSE;
	return (magic[0] == 0x1f && magic[1] == 0x8b) || memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0;
}

static gboolean find_layer(const PvArchive *archive, const char *path, guint index,
			   PvDockerArchive *image, GError **error)
{
	PvBlobRange *range = &image->ranges[index];

	if (!path || !pv_archive_find(archive, path, range))
		return pv_fail(error, PV_ERROR_NOT_FOUND, "layer %u, %s, is not in the archive",
			       index, path ? path : "without a name");
	if (is_compressed(range))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "layer %u is compressed, which a docker archive's must not be; try "
			       "oci-archive:",
			       index);
	image->layers[index].size = range->size;
	image->layers[index].media_type = PV_MEDIA_OCI_LAYER;
	return TRUE;
}

static gboolean read_layers(const PvArchive *archive, const json_t *entry, PvDockerArchive *image,
			    GError **error)
{
	const json_t *layers = json_object_get(entry, "Layers");
	g_autoptr(PvConfig) config = NULL;
	gsize count = json_array_size(layers);

	if (count > PV_LAYERS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "manifest.json: %zu layers, at most %d allowed", count,
			       PV_LAYERS_MAX);
	config = pv_config_parse(image->config_bytes, (guint)count, "configuration", error);
	if (!config)
		return FALSE;
	image->layer_count = (guint)count;
	image->layers = g_new0(PvDescriptor, count);
	image->ranges = g_new0(PvBlobRange, count);
	for (guint i = 0; i < count; i++) {
		image->layers[i].digest = config->diff_ids[i];
		if (!find_layer(archive, json_string_value(json_array_get(layers, i)), i, image,
				error))
			return FALSE;
	}
	return TRUE;
}

static json_t *descriptor_json(const PvDescriptor *descriptor)
{
	char digest[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&descriptor->digest, digest);
	return json_pack("{s:s, s:s, s:I}", "mediaType", descriptor->media_type, "digest", digest,
			 "size", (json_int_t)descriptor->size);
}

static void make_manifest(PvDockerArchive *image)
{
	g_autoptr(json_t) root = json_object();
	json_t *layers = json_array();
	char *text;
	gsize size;

	for (guint i = 0; i < image->layer_count; i++)
		json_array_append_new(layers, descriptor_json(&image->layers[i]));
	json_object_set_new(root, "schemaVersion", json_integer(2));
	json_object_set_new(root, "mediaType", json_string(PV_MEDIA_OCI_MANIFEST));
	json_object_set_new(root, "config", descriptor_json(&image->config));
	json_object_set_new(root, "layers", layers);
	text = pv_json_text(root, FALSE);
	size = strlen(text) - 1; /* without the newline */
	image->descriptor.digest = pv_digest_of(PV_HASH_SHA256, text, size);
	image->descriptor.size = size;
	image->descriptor.media_type = PV_MEDIA_OCI_MANIFEST;
	image->manifest = g_bytes_new_take(text, size);
}

PvDockerArchive *pv_docker_archive_read(const PvArchive *archive, const char *name, GError **error)
{
	g_autoptr(PvDockerArchive) image = g_new0(PvDockerArchive, 1);
	g_autoptr(GBytes) bytes =
		pv_archive_read(archive, "manifest.json", PV_MANIFEST_BYTES_MAX, error);
	g_autoptr(json_t) images = NULL;
	const json_t *entry;

	if (!bytes)
		return NULL;
	images = pv_json_load(bytes, PV_MANIFEST_BYTES_MAX, "manifest.json", error);
	if (!images)
		return NULL;
	entry = choose(images, name, error);
	if (!entry || !read_config(archive, entry, image, error) ||
	    !read_layers(archive, entry, image, error))
		return NULL;
	make_manifest(image);
	return g_steal_pointer(&image);
}
