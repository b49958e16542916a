/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

typedef struct {
	/* Each entry that is no directory; @type is a DT_ constant of <dirent.h>. */
	gboolean (*entry)(void *data, const char *path, guint8 type, GError **error);
	/* A directory that could not be read. */
	gboolean (*unreadable)(void *data, const char *path, const char *why, GError **error);
	void *data;
} PvTreeVisitor;

/**
 * pv_tree_walk:
 * @root: an open directory
 *
 * Visits all that is below @root, never following a symbolic link and never leaving it, whatever
 * happens inside meanwhile. Kernel file systems mounted below it (proc, sysfs, cgroup) are passed
 * over.
 *
 * Errors: PV_ERROR_LIMIT (more than PV_TREE_ENTRIES_MAX entries), and what the visitor returns.
 */
gboolean pv_tree_walk(int root, const PvTreeVisitor *visitor, GError **error);

/**
 * pv_tree_open:
 * @path: below @root
 * @flags: of open(2)
 *
 * Opens without following any symbolic link and without leaving @root; does not wait for a fifo.
 *
 * Returns: a descriptor, or -1 with errno.
 */
int pv_tree_open(int root, const char *path, int flags);
