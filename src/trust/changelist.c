/* SPDX-License-Identifier: Apache-2.0 */

/* Staged changes on disk (trust.md section 3): one small file each, whose names sort by time. */

#include "trust/changelist.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/sorted.h"

#define SUFFIX ".change"

static char *directory_of(const char *directory, const char *gun)
{
	return g_build_filename(directory, "tuf", gun, "changelist", NULL);
}

/* (transfer full): names of the change files, sorted; a directory that is not there has none. */
static GPtrArray *file_names(const char *path, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (!g_str_has_suffix(name, SUFFIX))
			continue;
		if (names->len == PV_CHANGES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "%s: more than %d staged changes", path,
					    PV_CHANGES_MAX);
		g_ptr_array_add(names, g_strdup(name));
	}
	pv_sort_texts(names);
	return g_steal_pointer(&names);
}

GPtrArray *pv_changelist_read(const char *directory, const char *gun, GError **error)
{
	g_autofree char *path = directory_of(directory, gun);
	g_autoptr(GPtrArray) names = file_names(path, error);
	g_autoptr(GPtrArray) changes =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_change_free);

	for (guint i = 0; names && i < names->len; i++) {
		g_autofree char *file = g_build_filename(path, names->pdata[i], NULL);
		g_autoptr(GBytes) text = pv_file_read(file, PV_CHANGE_BYTES_MAX, error);
		PvChange *change;

		if (!text)
			return NULL;
		change = pv_change_parse(text, file, error);
		if (!change)
			return NULL;
		change->file = g_strdup(names->pdata[i]);
		g_ptr_array_add(changes, change);
	}
	return names ? g_steal_pointer(&changes) : NULL;
}

/* As Notary's: nanoseconds in 20 digits, so that names sort by time, and a random uuid. */
static char *new_name(void)
{
	struct timespec now;
	g_autofree char *uuid = g_uuid_string_random();

	clock_gettime(CLOCK_REALTIME, &now);
	return g_strdup_printf("%020" G_GINT64_FORMAT "_%s" SUFFIX,
			       (gint64)now.tv_sec * 1000000000 + now.tv_nsec, uuid);
}

gboolean pv_changelist_add(const char *directory, const char *gun, PvChange *change, GError **error)
{
	g_autofree char *path = directory_of(directory, gun);
	g_autofree char *name = new_name();
	g_autofree char *file = g_build_filename(path, name, NULL);
	g_autoptr(GBytes) text = pv_change_format(change, error);
	gsize size;
	const void *data;

	if (!text || !pv_file_make_directory(path, 0700, error))
		return FALSE;
	data = g_bytes_get_data(text, &size);
	if (!pv_file_create(file, data, size, 0600, error))
		return FALSE;
	g_free(change->file);
	change->file = g_steal_pointer(&name);
	return TRUE;
}

gboolean pv_changelist_remove(const char *directory, const char *gun, GPtrArray *changes,
			      GError **error)
{
	g_autofree char *path = directory_of(directory, gun);

	for (guint i = 0; i < changes->len; i++) {
		const PvChange *change = changes->pdata[i];
		g_autofree char *file = NULL;

		if (!change->file)
			continue;
		file = g_build_filename(path, change->file, NULL);
		/* Somebody else may have published it meanwhile. */
		if (unlink(file) != 0 && errno != ENOENT)
			return pv_fail_errno(error, errno, "%s: cannot unstage", file);
	}
	return TRUE;
}
