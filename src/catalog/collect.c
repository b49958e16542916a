/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From the entries of layers to catalog events. Only files that a cataloger wants are kept, one at
 * a time and bounded; of all other entries only those are told that hide a file read before.
 * OCI image-spec 1.1, layer.md, "Changesets" and "Whiteouts".
 */

#include "catalog/collect.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

struct PvCollector {
	PvCatalogEvents events;
	gboolean events_failed; /* an error is theirs, not the file's */
	GHashTable *known;      /* paths told so far */
	GHashTable *above;      /* the directories they lie in, and those above */
	const PvCataloger *cataloger;
	GByteArray *content;
	char path[PV_TAR_PATH_BYTES_MAX];
	gboolean wanted; /* the present entry's content */
};

PvCollector *pv_collector_new(const PvCatalogEvents *events)
{
	PvCollector *collector = g_new0(PvCollector, 1);

	collector->events = *events;
	collector->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	collector->above = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	collector->content = g_byte_array_new();
	return collector;
}

void pv_collector_free(PvCollector *collector)
{
	if (!collector)
		return;
	g_hash_table_unref(collector->known);
	g_hash_table_unref(collector->above);
	g_byte_array_unref(collector->content);
	g_free(collector);
}

static gboolean remember(PvCollector *collector, const char *path, GError **error)
{
	g_autofree char *above = NULL;
	char *slash;

	if (g_hash_table_contains(collector->known, path))
		return TRUE;
	if (g_hash_table_size(collector->known) >= PV_CATALOG_FILES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d package files in one image",
			       PV_CATALOG_FILES_MAX);
	g_hash_table_add(collector->known, g_strdup(path));
	above = g_strdup(path);
	while ((slash = strrchr(above, '/'))) {
		*slash = '\0';
		if (!g_hash_table_add(collector->above, g_strdup(above)))
			break; /* and so are those above it */
	}
	return TRUE;
}

/* The findings of a cataloger, passed on; a failure of those who listen is remembered as theirs. */

static gboolean pass_package(void *sink, const PvFoundPackage *package, GError **error)
{
	PvCollector *collector = sink;
	gboolean passed = collector->events.package(collector->events.sink, package, error);

	collector->events_failed |= !passed;
	return passed;
}

static gboolean pass_distro(void *sink, const PvFoundDistro *distro, GError **error)
{
	PvCollector *collector = sink;
	gboolean passed = collector->events.distro(collector->events.sink, distro, error);

	collector->events_failed |= !passed;
	return passed;
}

static gboolean tell_unreadable(PvCollector *collector, const char *path, const char *why,
				GError **error)
{
	return remember(collector, path, error) &&
	       collector->events.unreadable(collector->events.sink, path, why, error);
}

static gboolean read_file(PvCollector *collector, const PvCataloger *cataloger, const char *path,
			  const guint8 *data, gsize size, GError **error)
{
	PvFindings findings = { pass_package, pass_distro, collector };
	g_autoptr(GError) cause = NULL;

	if (!remember(collector, path, error) ||
	    !collector->events.file(collector->events.sink, cataloger, path, error))
		return FALSE;
	if (pv_catalog_parse(cataloger, path, data, size, &findings, &cause))
		return TRUE;
	if (collector->events_failed) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return FALSE;
	}
	return tell_unreadable(collector, path, cause->message, error);
}

gboolean pv_collector_file(PvCollector *collector, const char *path, const guint8 *data, gsize size,
			   GError **error)
{
	const PvCataloger *cataloger = pv_catalog_find(path);

	if (!cataloger)
		return pv_fail(error, PV_ERROR_INTERNAL, "no cataloger reads '%s'", path);
	return read_file(collector, cataloger, path, data, size, error);
}

static gboolean tell_hidden(PvCollector *collector, const PvTarEntry *entry, GError **error)
{
	gboolean known = g_hash_table_contains(collector->known, entry->path);
	gboolean above =
		entry->path[0] == '\0' || g_hash_table_contains(collector->above, entry->path);
	PvHide how = entry->whiteout == PV_WHITEOUT_FILE     ? PV_HIDE_WHITEOUT
		     : entry->whiteout == PV_WHITEOUT_OPAQUE ? PV_HIDE_BELOW
							     : PV_HIDE_REPLACE;

	if (how == PV_HIDE_BELOW ? !above : !known && !above)
		return TRUE;
	if (how == PV_HIDE_REPLACE && entry->type == PV_TAR_DIRECTORY && !known)
		return TRUE; /* directories of two layers are one */
	return collector->events.hidden(collector->events.sink, entry->path, how, error);
}

static gboolean start_file(PvCollector *collector, const PvTarEntry *entry, GError **error)
{
	const PvCataloger *cataloger = collector->cataloger;
	g_autofree char *why = NULL;

	if (entry->size > cataloger->max_bytes) {
		why = g_strdup_printf("%" G_GUINT64_FORMAT
				      " bytes, at most %zu are read as a file of %s",
				      entry->size, cataloger->max_bytes, cataloger->name);
		return tell_unreadable(collector, entry->path, why, error);
	}
	g_byte_array_set_size(collector->content, 0);
	g_strlcpy(collector->path, entry->path, sizeof(collector->path));
	collector->wanted = TRUE;
	return TRUE;
}

static gboolean take_entry(void *sink, const PvTarEntry *entry, GError **error)
{
	PvCollector *collector = sink;

	collector->wanted = FALSE;
	if (!tell_hidden(collector, entry, error))
		return FALSE;
	if (entry->whiteout != PV_WHITEOUT_NONE || entry->type == PV_TAR_DIRECTORY)
		return TRUE;
	if (entry->type == PV_TAR_SYMLINK) {
		if (!pv_catalog_must_not_be_link(entry->path))
			return TRUE;
		return tell_unreadable(collector, entry->path,
				       "a symbolic link, which is not followed", error);
	}
	collector->cataloger = pv_catalog_find(entry->path);
	if (!collector->cataloger)
		return TRUE;
	if (entry->type == PV_TAR_FILE)
		return start_file(collector, entry, error);
	if (entry->type == PV_TAR_HARDLINK)
		return remember(collector, entry->path, error) &&
		       collector->events.link(collector->events.sink, entry->path, entry->link,
					      error);
	return tell_unreadable(collector, entry->path, "not a regular file", error);
}

static gboolean wants_content(void *sink, const PvTarEntry *entry)
{
	return ((PvCollector *)sink)->wanted;
}

static gboolean take_content(void *sink, const guint8 *data, gsize size, GError **error)
{
	PvCollector *collector = sink;

	/* at most the entry's size, which start_file() held to the cataloger's limit */
	g_byte_array_append(collector->content, data, (guint)size);
	return TRUE;
}

static gboolean take_end(void *sink, GError **error)
{
	PvCollector *collector = sink;
	gboolean done = read_file(collector, collector->cataloger, collector->path,
				  collector->content->data, collector->content->len, error);

	if (collector->content->len > PV_MIB) { /* do not keep a large one's memory */
		g_byte_array_unref(collector->content);
		collector->content = g_byte_array_new();
	}
	return done;
}

PvLayerSink pv_collector_sink(PvCollector *collector)
{
	return (PvLayerSink){ .entry = take_entry,
			      .content = take_content,
			      .end = take_end,
			      .wants = wants_content,
			      .sink = collector };
}
