/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What belongs to an image: from its root through indexes to the blobs, breadth first, each
 * manifest verified when it is read. Plan first, then act: a wrong manifest is found before
 * anything is written.
 */

#include "oci/plan.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static void manifest_free(void *data)
{
	PvPlanManifest *one = data;

	g_clear_pointer(&one->bytes, g_bytes_unref);
	g_clear_pointer(&one->manifest, pv_manifest_free);
	g_free(one);
}

void pv_plan_free(PvPlan *plan)
{
	g_ptr_array_unref(plan->manifests);
	g_array_unref(plan->blobs);
	g_free(plan);
}

const PvPlanManifest *pv_plan_root(const PvPlan *plan)
{
	return g_ptr_array_index(plan->manifests, 0);
}

static GBytes *read_manifest(const PvOrigin *origin, PvDescriptor *descriptor, GError **error)
{
	PvDescriptor found;
	g_autoptr(GBytes) bytes = NULL;

	if (!origin->registry)
		return pv_blobs_read(origin->blobs, descriptor, PV_MANIFEST_BYTES_MAX, error);
	bytes = pv_registry_manifest(origin->registry, NULL, &descriptor->digest, &found, error);
	if (!bytes)
		return NULL;
	if (found.size != descriptor->size)
		return pv_fail_null(error, PV_ERROR_DIGEST,
				    "a manifest has %" G_GUINT64_FORMAT " bytes, its index says "
				    "%" G_GUINT64_FORMAT,
				    found.size, descriptor->size);
	return g_steal_pointer(&bytes);
}

/* Takes @bytes. */
static PvPlanManifest *parse(PvDescriptor descriptor, GBytes *bytes, guint depth, GError **error)
{
	PvPlanManifest *one = g_new0(PvPlanManifest, 1);
	char name[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&descriptor.digest, name);
	one->bytes = bytes;
	one->depth = depth;
	one->manifest = pv_manifest_parse(bytes, descriptor.media_type, name, error);
	if (!one->manifest) {
		manifest_free(one);
		return NULL;
	}
	one->descriptor = descriptor;
	one->descriptor.media_type = one->manifest->media_type;
	return one;
}

static PvPlanManifest *load(const PvOrigin *origin, PvDescriptor descriptor, guint depth,
			    GError **error)
{
	GBytes *bytes = read_manifest(origin, &descriptor, error);

	return bytes ? parse(descriptor, bytes, depth, error) : NULL;
}

static PvPlanManifest *load_root(const PvOrigin *origin, const PvDescriptor *root,
				 const PvReference *reference, GError **error)
{
	PvDescriptor descriptor;
	GBytes *bytes;

	if (root)
		return load(origin, *root, 0, error);
	bytes = pv_registry_manifest(origin->registry, reference->tag,
				     reference->has_digest ? &reference->digest : NULL, &descriptor,
				     error);
	return bytes ? parse(descriptor, bytes, 0, error) : NULL;
}

/* From an index to the manifest for @platform. */
static PvPlanManifest *descend(const PvOrigin *origin, PvPlanManifest *root, const char *platform,
			       GError **error)
{
	for (guint depth = 1; root && root->manifest->is_index; depth++) {
		const PvIndexEntry *entry = pv_manifest_select(root->manifest, platform, error);
		PvPlanManifest *next = NULL;

		if (entry && depth > PV_INDEX_DEPTH_MAX)
			pv_fail(error, PV_ERROR_LIMIT, "indexes nested deeper than %d",
				PV_INDEX_DEPTH_MAX);
		else if (entry)
			next = load(origin, entry->descriptor, 0, error);
		manifest_free(root);
		root = next;
	}
	return root;
}

static gboolean is_new(GHashTable *seen, const PvDigest *digest)
{
	char text[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(digest, text);
	return g_hash_table_add(seen, g_strdup(text));
}

static void add_blobs(PvPlan *plan, GHashTable *seen, const PvManifest *manifest)
{
	if (is_new(seen, &manifest->config.digest))
		g_array_append_val(plan->blobs, manifest->config);
	for (guint i = 0; i < manifest->layer_count; i++) {
		if (is_new(seen, &manifest->layers[i].digest))
			g_array_append_val(plan->blobs, manifest->layers[i]);
	}
}

/* Room for one more manifest, by what its index says: read_manifest() holds it to that. */
static gboolean check_room(PvPlan *plan, const PvDescriptor *entry, GError **error)
{
	if (plan->manifests->len > PV_INDEX_MANIFESTS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d manifests in one image",
			       PV_INDEX_MANIFESTS_MAX);
	if (entry->size > PV_PLAN_BYTES_MAX - plan->bytes)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "the manifests of one image have more than %zu bytes",
			       PV_PLAN_BYTES_MAX);
	plan->bytes += entry->size;
	return TRUE;
}

static gboolean add_entries(PvPlan *plan, const PvOrigin *origin, GHashTable *seen,
			    const PvPlanManifest *index, GError **error)
{
	if (index->depth >= PV_INDEX_DEPTH_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "indexes nested deeper than %d",
			       PV_INDEX_DEPTH_MAX);
	for (guint i = 0; i < index->manifest->entry_count; i++) {
		const PvDescriptor *entry = &index->manifest->entries[i].descriptor;
		PvPlanManifest *one;

		if (!is_new(seen, &entry->digest))
			continue;
		if (!check_room(plan, entry, error))
			return FALSE;
		one = load(origin, *entry, index->depth + 1, error);
		if (!one)
			return FALSE;
		g_ptr_array_add(plan->manifests, one);
	}
	return TRUE;
}

PvPlan *pv_plan_new(const PvOrigin *origin, const PvDescriptor *root, const PvReference *reference,
		    gboolean select, const char *platform, GError **error)
{
	g_autoptr(PvPlan) plan = g_new0(PvPlan, 1);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	PvPlanManifest *first = load_root(origin, root, reference, error);

	plan->manifests = g_ptr_array_new_with_free_func(manifest_free);
	plan->blobs = g_array_new(FALSE, FALSE, sizeof(PvDescriptor));
	if (first && select)
		first = descend(origin, first, platform, error);
	if (!first)
		return NULL;
	is_new(seen, &first->descriptor.digest);
	g_ptr_array_add(plan->manifests, first);
	/* The array grows while it is walked: that is the queue. */
	for (guint i = 0; i < plan->manifests->len; i++) {
		const PvPlanManifest *one = g_ptr_array_index(plan->manifests, i);

		if (!one->manifest->is_index)
			add_blobs(plan, seen, one->manifest);
		else if (!add_entries(plan, origin, seen, one, error))
			return NULL;
	}
	return g_steal_pointer(&plan);
}
