/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From catalog events to an inventory. Texts are kept once, in the inventory's string chunk, so
 * that two packages are the same if their pointers are. OCI image-spec 1.1, layer.md, "Applying
 * Changesets".
 */

#include "catalog/merge.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/purl.h"

/* One file, over all layers seen so far. */
typedef struct {
	const char *path;
	guint layer;          /* that the present content is of */
	gboolean gone;        /* hidden, in layer gone_in */
	guint gone_in;        /* counts if gone */
	GHashTable *packages; /* set of PvPackage: of the present content */
	GHashTable *before;   /* (nullable): of the content in the layers below @layer */
	gboolean has_distro;
	PvDistro distro;
	const char *why; /* it is unreadable; NULL if it is not */
} File;

struct PvMerger {
	PvInventory *inventory;
	GTree *files; /* path → File, in order of bytes: what is below a path lies together */
	File *file;   /* that events now speak of */
	guint layer;
	guint64 packages, work;
};

static guint package_hash(gconstpointer key)
{
	const PvPackage *package = key;

	return g_direct_hash(package->name) * 31 + g_direct_hash(package->version) * 7 +
	       g_direct_hash(package->architecture);
}

static gboolean package_equal(gconstpointer a, gconstpointer b)
{
	const PvPackage *one = a, *other = b;

	return one->name == other->name && one->version == other->version &&
	       one->architecture == other->architecture && one->type == other->type;
}

static GHashTable *package_set(void)
{
	return g_hash_table_new_full(package_hash, package_equal, g_free, NULL);
}

static void file_free(gpointer data)
{
	File *file = data;

	g_hash_table_unref(file->packages);
	g_clear_pointer(&file->before, g_hash_table_unref);
	g_free(file);
}

static int compare_paths(gconstpointer a, gconstpointer b, gpointer unused)
{
	return strcmp(a, b);
}

PvMerger *pv_merger_new(PvInventory *inventory)
{
	PvMerger *merger = g_new0(PvMerger, 1);

	merger->inventory = inventory;
	merger->files = g_tree_new_full(compare_paths, NULL, NULL, file_free);
	return merger;
}

void pv_merger_free(PvMerger *merger)
{
	if (!merger)
		return;
	g_tree_unref(merger->files);
	g_free(merger);
}

void pv_merger_start_layer(PvMerger *merger, guint layer)
{
	merger->layer = layer;
	merger->file = NULL;
}

/* Text as it is kept: once, and valid UTF-8, since reports are. */
static const char *keep(PvMerger *merger, const char *text)
{
	g_autofree char *valid = NULL;

	if (!g_utf8_validate(text, -1, NULL))
		text = valid = g_utf8_make_valid(text, -1);
	return pv_inventory_string(merger->inventory, text);
}

/* The file at @path, about to get new content. */
static File *renewed(PvMerger *merger, const char *path, GError **error)
{
	const char *kept = keep(merger, path);
	File *file = g_tree_lookup(merger->files, kept);

	if (!file) {
		if (g_tree_nnodes(merger->files) >= PV_CATALOG_FILES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "more than %d package files in one image",
					    PV_CATALOG_FILES_MAX);
		file = g_new0(File, 1);
		file->path = kept;
		file->packages = package_set();
		file->layer = merger->layer;
		g_tree_insert(merger->files, (gpointer)kept, file);
		return file;
	}
	if (file->layer != merger->layer) {
		gboolean was_there = !file->gone || file->gone_in == merger->layer;

		g_clear_pointer(&file->before, g_hash_table_unref);
		file->before = was_there ? g_hash_table_ref(file->packages) : NULL;
	}
	g_hash_table_unref(file->packages);
	file->packages = package_set();
	file->layer = merger->layer;
	file->gone = FALSE;
	file->has_distro = FALSE;
	file->why = NULL;
	return file;
}

static gboolean take_file(void *sink, const PvCataloger *cataloger, const char *path,
			  GError **error)
{
	PvMerger *merger = sink;

	merger->file = renewed(merger, path, error);
	return merger->file != NULL;
}

static gboolean add_package(PvMerger *merger, File *file, PvPackage *package, GError **error)
{
	const PvPackage *before;

	if (g_hash_table_contains(file->packages, package))
		return TRUE;
	if (++merger->packages > PV_PACKAGES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d packages in one image",
			       PV_PACKAGES_MAX);
	before = file->before ? g_hash_table_lookup(file->before, package) : NULL;
	package->layer = before ? before->layer : merger->layer;
	package->path = file->path;
	g_hash_table_add(file->packages, g_memdup2(package, sizeof(*package)));
	return TRUE;
}

static gboolean take_package(void *sink, const PvFoundPackage *found, GError **error)
{
	PvMerger *merger = sink;
	PvPackage package = { 0 };

	if (!merger->file)
		return pv_fail(error, PV_ERROR_SYNTAX, "a package without a file");
	package.name = keep(merger, found->name);
	package.version = keep(merger, found->version);
	package.type = keep(merger, found->type);
	package.architecture = keep(merger, found->architecture);
	package.source_name = keep(merger, found->source_name);
	package.source_version = keep(merger, found->source_version);
	return add_package(merger, merger->file, &package, error);
}

static gboolean take_distro(void *sink, const PvFoundDistro *found, GError **error)
{
	PvMerger *merger = sink;

	if (!merger->file)
		return pv_fail(error, PV_ERROR_SYNTAX, "a distribution without a file");
	merger->file->has_distro = TRUE;
	merger->file->distro =
		(PvDistro){ keep(merger, found->id), keep(merger, found->version_id),
			    keep(merger, found->id_like), keep(merger, found->pretty_name) };
	return TRUE;
}

static gboolean take_unreadable(void *sink, const char *path, const char *why, GError **error)
{
	PvMerger *merger = sink;
	File *file = merger->file;

	/* after some findings in the same file, or of a file that could not even be opened */
	if (!file || strcmp(file->path, keep(merger, path)) != 0)
		file = renewed(merger, path, error);
	if (!file)
		return FALSE;
	file->why = keep(merger, why);
	merger->file = NULL;
	return TRUE;
}

static gboolean hide(PvMerger *merger, File *file, PvHide how, GError **error)
{
	if (++merger->work > PV_CATALOG_WORK_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "the layers remove and replace too many package files");
	if (file->gone || (how != PV_HIDE_REPLACE && file->layer == merger->layer))
		return TRUE;
	file->gone = TRUE;
	file->gone_in = merger->layer;
	if (file == merger->file)
		merger->file = NULL;
	return TRUE;
}

static gboolean take_hidden(void *sink, const char *path, PvHide how, GError **error)
{
	PvMerger *merger = sink;
	const char *kept = keep(merger, path);
	File *exact = how == PV_HIDE_BELOW ? NULL : g_tree_lookup(merger->files, kept);
	g_autofree char *prefix = *kept ? g_strconcat(kept, "/", NULL) : g_strdup("");
	GTreeNode *node = g_tree_lower_bound(merger->files, prefix);

	if (exact && !hide(merger, exact, how, error))
		return FALSE;
	for (; node && g_str_has_prefix(g_tree_node_key(node), prefix);
	     node = g_tree_node_next(node)) {
		if (!hide(merger, g_tree_node_value(node), how, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_link(void *sink, const char *path, const char *target, GError **error)
{
	PvMerger *merger = sink;
	File *from = g_tree_lookup(merger->files, keep(merger, target)), *file;
	GHashTableIter iter;
	gpointer key;

	file = renewed(merger, path, error);
	merger->file = NULL;
	if (!file)
		return FALSE;
	if (!from || from == file || from->gone) {
		file->why = "a hard link to a file that was not read";
		return TRUE;
	}
	file->has_distro = from->has_distro;
	file->distro = from->distro;
	file->why = from->why;
	g_hash_table_iter_init(&iter, from->packages);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		PvPackage copy = *(PvPackage *)key;

		if (!add_package(merger, file, &copy, error))
			return FALSE;
	}
	return TRUE;
}

PvCatalogEvents pv_merger_events(PvMerger *merger)
{
	return (PvCatalogEvents){ .file = take_file,
				  .package = take_package,
				  .distro = take_distro,
				  .unreadable = take_unreadable,
				  .hidden = take_hidden,
				  .link = take_link,
				  .sink = merger };
}

static int compare_packages(gconstpointer a, gconstpointer b)
{
	const PvPackage *one = a, *other = b;
	const char *const of_one[] = { one->type, one->name, one->version, one->architecture };
	const char *const of_other[] = { other->type, other->name, other->version,
					 other->architecture };

	for (guint i = 0; i < G_N_ELEMENTS(of_one); i++) {
		int order = of_one[i] == of_other[i] ? 0 : strcmp(of_one[i], of_other[i]);

		if (order != 0)
			return order;
	}
	if (one->layer != other->layer)
		return one->layer < other->layer ? -1 : 1;
	return strcmp(one->path, other->path);
}

static gboolean gather(gpointer key, gpointer value, gpointer data)
{
	PvInventory *inventory = data;
	File *file = value;
	GHashTableIter iter;
	gpointer package;

	if (file->gone)
		return FALSE;
	if (file->why) {
		PvUnreadable unreadable = { file->path, file->why, file->layer };

		g_array_append_val(inventory->unreadable, unreadable);
	}
	g_hash_table_iter_init(&iter, file->packages);
	while (g_hash_table_iter_next(&iter, &package, NULL))
		g_array_append_vals(inventory->packages, package, 1);
	return FALSE;
}

/* A distribution's package is installed once, however many databases tell of it. */
static void drop_doubles(GArray *packages)
{
	guint kept = 0;

	for (guint i = 0; i < packages->len; i++) {
		PvPackage *package = &g_array_index(packages, PvPackage, i);
		PvPackage *last = kept ? &g_array_index(packages, PvPackage, kept - 1) : NULL;

		if (last && package_equal(last, package) && strcmp(package->type, "npm") != 0)
			continue;
		g_array_index(packages, PvPackage, kept++) = *package;
	}
	g_array_set_size(packages, kept);
}

static void set_distro(PvMerger *merger)
{
	static const char *const paths[] = { "etc/os-release", "usr/lib/os-release" };

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
		File *file = g_tree_lookup(merger->files, paths[i]);

		if (file && !file->gone && file->has_distro) {
			merger->inventory->distro = file->distro;
			return;
		}
	}
}

void pv_merger_finish(PvMerger *merger)
{
	GArray *packages = merger->inventory->packages;

	g_tree_foreach(merger->files, gather, merger->inventory);
	g_array_sort(packages, compare_packages);
	drop_doubles(packages);
	set_distro(merger);
	for (guint i = 0; i < packages->len; i++) {
		PvPackage *package = &g_array_index(packages, PvPackage, i);
		g_autofree char *purl = pv_purl_build(package, &merger->inventory->distro);

		package->purl = pv_inventory_string(merger->inventory, purl);
	}
}
