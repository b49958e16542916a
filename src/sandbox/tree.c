/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Walking a root file system that somebody else made. The kernel holds every path below the root
 * (openat2(2), RESOLVE_BENEATH); the queue of directories still to visit is ours, not the stack's.
 */

#include "sandbox/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

int pv_tree_open(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (guint64)(flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK),
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
					   RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

typedef struct {
	int root;
	const PvTreeVisitor *visitor;
	GQueue *directories; /* paths, the next one last */
	guint64 entries;
} Walk;

static gboolean is_kernels(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
		fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

static guint8 type_of(int directory, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	if (fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return (guint8)IFTODT(st.st_mode);
}

static gboolean visit_entry(Walk *walk, int directory, const char *above,
			    const struct dirent *entry, GError **error)
{
	const PvTreeVisitor *visitor = walk->visitor;
	g_autofree char *path = NULL;
	guint8 type;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return TRUE;
	if (++walk->entries > PV_TREE_ENTRIES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "more than %d entries in the directory",
			       PV_TREE_ENTRIES_MAX);
	path = *above ? g_strconcat(above, "/", entry->d_name, NULL) : g_strdup(entry->d_name);
	type = type_of(directory, entry);
	if (strlen(path) >= PV_TAR_PATH_BYTES_MAX) {
		path[PV_TAR_PATH_BYTES_MAX - 1] = '\0';
		return visitor->unreadable(visitor->data, path, "the path is too long", error);
	}
	if (type != DT_DIR)
		return visitor->entry(visitor->data, path, type, error);
	g_queue_push_tail(walk->directories, g_steal_pointer(&path));
	return TRUE;
}

static gboolean visit_directory(Walk *walk, const char *path, GError **error)
{
	const PvTreeVisitor *visitor = walk->visitor;
	int fd = pv_tree_open(walk->root, path, O_RDONLY | O_DIRECTORY);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	gboolean done = TRUE;

	if (!directory) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		return visitor->unreadable(visitor->data, path, g_strerror(why), error);
	}
	if (!*path || !is_kernels(fd)) {
		while (done && (entry = readdir(directory)))
			done = visit_entry(walk, fd, path, entry, error);
	}
	closedir(directory);
	return done;
}

gboolean pv_tree_walk(int root, const PvTreeVisitor *visitor, GError **error)
{
	Walk walk = { .root = root, .visitor = visitor, .directories = g_queue_new() };
	gboolean done = TRUE;

	g_queue_push_tail(walk.directories, g_strdup(""));
	while (done && !g_queue_is_empty(walk.directories)) {
		g_autofree char *path = g_queue_pop_tail(walk.directories);

		done = visit_directory(&walk, path, error);
	}
	g_queue_free_full(walk.directories, g_free);
	return done;
}
