/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Manifests and indexes (OCI image-spec 1.1; Docker schema 2): from untrusted bytes to checked
 * structures. No file, no network. What a text is decides its media type and its members together;
 * where they disagree it is refused (CVE-2021-41190).
 */

#include "oci/manifest.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"

static const struct {
	const char *name;
	gboolean is_index;
} types[] = {
	{ PV_MEDIA_OCI_MANIFEST, FALSE },
	{ PV_MEDIA_DOCKER_MANIFEST, FALSE },
	{ PV_MEDIA_OCI_INDEX, TRUE },
	{ PV_MEDIA_DOCKER_INDEX, TRUE },
};

gboolean pv_manifest_is_known_type(const char *media_type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_strcmp0(types[i].name, media_type) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean pv_manifest_is_index_type(const char *media_type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		if (g_strcmp0(types[i].name, media_type) == 0)
			return types[i].is_index;
	}
	return FALSE;
}

void pv_manifest_free(PvManifest *manifest)
{
	g_string_chunk_free(manifest->strings);
	g_free(manifest->layers);
	g_free(manifest->entries);
	g_free(manifest);
}

static const char *keep(GStringChunk *strings, const char *text)
{
	return g_string_chunk_insert_const(strings, text ? text : "");
}

static gboolean read_descriptor(const json_t *json, GStringChunk *strings, PvDescriptor *ret,
				const char *where, GError **error)
{
	const char *type = pv_json_string(json, "mediaType");
	const char *digest = pv_json_string(json, "digest");
	const json_t *size = json_object_get(json, "size");

	if (!type || !*type || strlen(type) > 255)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: no usable mediaType", where);
	if (!digest)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: no digest", where);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: no usable size", where);
	if ((guint64)json_integer_value(size) > PV_BLOB_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: %" G_GINT64_FORMAT " bytes, at most %zu allowed", where,
			       (gint64)json_integer_value(size), PV_BLOB_BYTES_MAX);
	if (!pv_digest_parse(digest, strlen(digest), &ret->digest, error))
		return pv_fail_wrap(error, "%s", where);
	ret->size = (guint64)json_integer_value(size);
	ret->media_type = keep(strings, type);
	return TRUE;
}

static gboolean read_layers(const json_t *root, PvManifest *manifest, const char *what,
			    GError **error)
{
	const json_t *layers = json_object_get(root, "layers");
	gsize count = json_array_size(layers);

	if (!json_is_array(layers))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: no array of layers", what);
	if (count > PV_LAYERS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %zu layers, at most %d allowed", what,
			       count, PV_LAYERS_MAX);
	manifest->layers = g_new0(PvDescriptor, count);
	for (gsize i = 0; i < count; i++) {
		g_autofree char *where = g_strdup_printf("%s: layer %zu", what, i);

		if (!read_descriptor(json_array_get(layers, i), manifest->strings,
				     &manifest->layers[i], where, error))
			return FALSE;
	}
	manifest->layer_count = (guint)count;
	return TRUE;
}

static gboolean read_image(const json_t *root, PvManifest *manifest, const char *what,
			   GError **error)
{
	g_autofree char *where = g_strdup_printf("%s: config", what);

	if (!read_descriptor(json_object_get(root, "config"), manifest->strings, &manifest->config,
			     where, error))
		return FALSE;
	if (manifest->config.size > PV_CONFIG_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: %" G_GUINT64_FORMAT " bytes, at most %zu allowed", where,
			       manifest->config.size, PV_CONFIG_BYTES_MAX);
	return read_layers(root, manifest, what, error);
}

static gboolean read_entry(const json_t *json, PvManifest *index, PvIndexEntry *entry,
			   const char *where, GError **error)
{
	const json_t *platform = json_object_get(json, "platform");
	const char *name = pv_json_string(json_object_get(json, "annotations"),
					  "org.opencontainers.image.ref.name");

	if (!read_descriptor(json, index->strings, &entry->descriptor, where, error))
		return FALSE;
	if (pv_manifest_is_known_type(entry->descriptor.media_type) &&
	    entry->descriptor.size > PV_MANIFEST_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: %" G_GUINT64_FORMAT " bytes, at most %zu allowed", where,
			       entry->descriptor.size, PV_MANIFEST_BYTES_MAX);
	entry->platform.os = keep(index->strings, pv_json_string(platform, "os"));
	entry->platform.architecture =
		keep(index->strings, pv_json_string(platform, "architecture"));
	entry->platform.variant = keep(index->strings, pv_json_string(platform, "variant"));
	entry->ref_name = name ? keep(index->strings, name) : NULL;
	return TRUE;
}

static gboolean read_index(const json_t *root, PvManifest *index, const char *what, GError **error)
{
	const json_t *manifests = json_object_get(root, "manifests");
	gsize count = json_array_size(manifests);

	if (!json_is_array(manifests))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: no array of manifests", what);
	if (count > PV_INDEX_MANIFESTS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %zu manifests, at most %d allowed", what,
			       count, PV_INDEX_MANIFESTS_MAX);
	index->entries = g_new0(PvIndexEntry, count);
	for (gsize i = 0; i < count; i++) {
		g_autofree char *where = g_strdup_printf("%s: manifest %zu", what, i);

		if (!read_entry(json_array_get(manifests, i), index, &index->entries[i], where,
				error))
			return FALSE;
	}
	index->entry_count = (guint)count;
	return TRUE;
}

/* Only one of the two kinds' members may be there, and it must be the kind that is expected. */
static gboolean check_shape(const json_t *root, gboolean is_index, const char *what, GError **error)
{
	gboolean like_index = json_object_get(root, "manifests") != NULL;
	gboolean like_image = json_object_get(root, "layers") || json_object_get(root, "config");

	if (json_object_get(root, "fsLayers") || json_object_get(root, "signatures"))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: has members of a schema 1 manifest, which cannot be verified; "
			       "its publisher has to push it anew",
			       what);
	if (like_index && like_image)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: can be read as a manifest and as an index; one digest must not "
			       "mean two images",
			       what);
	if (like_index != is_index)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: called %s, but has the members of %s",
			       what, is_index ? "an index" : "a manifest",
			       is_index ? "a manifest" : "an index");
	return TRUE;
}

static gboolean check_version(const json_t *root, const char *media_type, const char *what,
			      GError **error)
{
	const json_t *version = json_object_get(root, "schemaVersion");

	if (!json_is_object(root))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: not a JSON object", what);
	if (json_integer_value(version) == 1 ||
	    g_str_has_prefix(media_type ? media_type : "",
			     "application/vnd.docker.distribution.manifest.v1"))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: a schema 1 manifest, which cannot be verified; its publisher "
			       "has to push it anew",
			       what);
	if (json_integer_value(version) != 2)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: schemaVersion is not 2", what);
	return TRUE;
}

/* What @root is: what it says itself, what it was called, or what its members show. */
static const char *settle_type(const json_t *root, const char *media_type, const char *what,
			       GError **error)
{
	const char *own = pv_json_string(root, "mediaType");

	if (own && media_type && !g_str_equal(own, media_type))
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: called '%s', but says '%s'", what,
				    media_type, own);
	if (!media_type)
		media_type = own;
	if (!media_type)
		media_type = json_object_get(root, "manifests") ? PV_MEDIA_OCI_INDEX
								: PV_MEDIA_OCI_MANIFEST;
	if (!pv_manifest_is_known_type(media_type))
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "%s: media type '%s' is no image manifest or index", what,
				    media_type);
	return media_type;
}

PvManifest *pv_manifest_parse(GBytes *bytes, const char *media_type, const char *what,
			      GError **error)
{
	g_autoptr(json_t) root = pv_json_load(bytes, PV_MANIFEST_BYTES_MAX, what, error);
	g_autoptr(PvManifest) manifest = NULL;

	if (!root || !check_version(root, media_type, what, error))
		return NULL;
	media_type = settle_type(root, media_type, what, error);
	if (!media_type)
		return NULL;
	manifest = g_new0(PvManifest, 1);
	manifest->strings = g_string_chunk_new(1024);
	manifest->is_index = pv_manifest_is_index_type(media_type);
	manifest->media_type = keep(manifest->strings, media_type);
	if (!check_shape(root, manifest->is_index, what, error))
		return NULL;
	if (manifest->is_index ? !read_index(root, manifest, what, error)
			       : !read_image(root, manifest, what, error))
		return NULL;
	return g_steal_pointer(&manifest);
}
