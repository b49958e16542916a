/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The image configuration (OCI image-spec 1.1 config.md): which tars make the root file system, and
 * which command made each. What a container runs with is read by isolate/ from the same bytes.
 */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "oci/manifest.h"

void pv_config_free(PvConfig *config)
{
	g_string_chunk_free(config->strings);
	g_free(config->diff_ids);
	g_free(config->created_by);
	g_free(config);
}

static const char *keep(PvConfig *config, const char *text)
{
	return g_string_chunk_insert_const(config->strings, text ? text : "");
}

static gboolean read_diff_ids(const json_t *root, PvConfig *config, const char *what,
			      GError **error)
{
	const json_t *rootfs = json_object_get(root, "rootfs");
	const json_t *ids = json_object_get(rootfs, "diff_ids");

	if (g_strcmp0(pv_json_string(rootfs, "type"), "layers") != 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: rootfs.type is not 'layers'", what);
	if (json_array_size(ids) != config->layer_count ||
	    (ids && !json_is_array(ids) && !json_is_null(ids)))
		return pv_fail(error, PV_ERROR_SYNTAX, "%s: %zu diff_ids, but %u layers", what,
			       json_array_size(ids), config->layer_count);
	config->diff_ids = g_new0(PvDigest, config->layer_count);
	for (guint i = 0; i < config->layer_count; i++) {
		const char *text = json_string_value(json_array_get(ids, i));

		if (!text)
			return pv_fail(error, PV_ERROR_SYNTAX, "%s: diff id %u is no string", what,
				       i);
		if (!pv_digest_parse(text, strlen(text), &config->diff_ids[i], error))
			return pv_fail_wrap(error, "%s: diff id %u", what, i);
	}
	return TRUE;
}

/* History's entries that made a layer, in order, belong to the layers. */
static gboolean read_history(const json_t *root, PvConfig *config, const char *what, GError **error)
{
	const json_t *history = json_object_get(root, "history");
	gsize count = json_array_size(history);
	guint layer = 0;

	if (count > PV_HISTORY_ENTRIES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: %zu entries of history, at most %d allowed", what, count,
			       PV_HISTORY_ENTRIES_MAX);
	config->created_by = g_new0(const char *, config->layer_count);
	for (gsize i = 0; i < count && layer < config->layer_count; i++) {
		const json_t *entry = json_array_get(history, i);

		if (!json_is_true(json_object_get(entry, "empty_layer")))
			config->created_by[layer++] =
				keep(config, pv_json_string(entry, "created_by"));
	}
	while (layer < config->layer_count)
		config->created_by[layer++] = "";
	return TRUE;
}

PvConfig *pv_config_parse(GBytes *bytes, guint layer_count, const char *what, GError **error)
{
	g_autoptr(json_t) root = pv_json_load(bytes, PV_CONFIG_BYTES_MAX, what, error);
	g_autoptr(PvConfig) config = NULL;

	if (!root)
		return NULL;
	if (!json_is_object(root))
		return pv_fail_null(error, PV_ERROR_SYNTAX, "%s: not a JSON object", what);
	config = g_new0(PvConfig, 1);
	config->strings = g_string_chunk_new(1024);
	config->layer_count = layer_count;
	config->platform.os = keep(config, pv_json_string(root, "os"));
	config->platform.architecture = keep(config, pv_json_string(root, "architecture"));
	config->platform.variant = keep(config, pv_json_string(root, "variant"));
	if (!read_diff_ids(root, config, what, error) || !read_history(root, config, what, error))
		return NULL;
	return g_steal_pointer(&config);
}
