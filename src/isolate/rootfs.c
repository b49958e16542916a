/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Mounting a root file system: mount_setattr(2) with MOUNT_ATTR_IDMAP on a clone of each layer,
 * then overlayfs over the clones, its upper directory owned by the container's root. The merged
 * overlay itself cannot be id-mapped (reference/isolation.md sections 1.1 and 8.9).
 */

#include "isolate/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "isolate/path.h"

#define OVERLAY_OPTIONS_BYTES_MAX 4000 /* bytes: mount(2) takes one page */

gboolean pv_rootfs_enter(GError **error)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return pv_fail_errno(error, errno, "cannot make a mount namespace");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return pv_fail_errno(error, errno, "/proc: cannot mount");
	if (!pv_file_make_directory(PV_RUN_DIRECTORY, 0711, error))
		return FALSE;
	if (mount("pavise", PV_RUN_DIRECTORY, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0711,size=64m") <
	    0)
		return pv_fail_errno(error, errno, "%s: cannot mount", PV_RUN_DIRECTORY);
	return TRUE;
}

static gboolean make(const char *path, mode_t mode, GError **error)
{
	if (mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		return pv_fail_errno(error, errno, "%s: cannot make", path);
	return TRUE;
}

/* Clones what @fd is open on, changed by @attributes, and attaches it at @target. */
static gboolean attach_clone(int fd, guint flags, struct mount_attr *attributes, const char *name,
			     const char *target, GError **error)
{
	int tree = open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
	gboolean done = FALSE;

	if (tree < 0)
		return pv_fail_errno(error, errno, "%s: cannot clone its mount", name);
	if (mount_setattr(tree, "", AT_EMPTY_PATH | flags, attributes, sizeof(*attributes)) < 0) {
		if (errno == EINVAL && attributes->attr_set & MOUNT_ATTR_IDMAP)
			pv_fail(error, PV_ERROR_UNSUPPORTED,
				"%s: this file system cannot map ids; choose a --store on ext4, "
				"xfs, "
				"btrfs or tmpfs",
				name);
		else
			pv_fail_errno(error, errno, "%s: cannot set its mount", name);
	} else if (move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0) {
		pv_fail_errno(error, errno, "%s: cannot mount at %s", name, target);
	} else {
		done = TRUE;
	}
	close(tree);
	return done;
}

static gboolean attach(const char *path, guint flags, struct mount_attr *attributes,
		       const char *target, GError **error)
{
	int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	gboolean done;

	if (fd < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", path);
	done = attach_clone(fd, flags, attributes, path, target, error);
	close(fd);
	return done;
}

/* The layers at RUN/l/0 …, with the container's ids. */
static gboolean attach_layers(const char *run, const GPtrArray *layers, int userns, guint32 owner,
			      GError **error)
{
	struct mount_attr mapped = {
		.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
		.userns_fd = (guint64)userns,
	};

	for (guint i = 0; i < layers->len; i++) {
		g_autofree char *target = g_strdup_printf("%s/l/%u", run, i);

		if (!make(target, 0711, error) ||
		    !attach(g_ptr_array_index(layers, i), 0, &mapped, target, error))
			return FALSE;
	}
	/* An image may have no layer; an overlay may not. */
	if (layers->len == 0) {
		g_autofree char *empty = g_strdup_printf("%s/l/0", run);

		if (!make(empty, 0755, error))
			return FALSE;
		if (chown(empty, owner, owner) < 0)
			return pv_fail_errno(error, errno, "%s: cannot make", empty);
	}
	return TRUE;
}

/* Short relative names, so that all layers that an image may have fit in one page of options. */
static gboolean mount_overlay(const char *run, guint layer_count, GError **error)
{
	g_autofree char *layers = g_build_filename(run, "l", NULL);
	g_autofree char *target = g_build_filename(run, "rootfs", NULL);
	g_autoptr(GString) options = g_string_new("userxattr,lowerdir=");

	for (guint i = MAX(layer_count, 1u); i > 0; i--)
		g_string_append_printf(options, "%u%s", i - 1, i > 1 ? ":" : "");
	g_string_append(options, ",upperdir=../rw/upper,workdir=../rw/work");
	if (options->len > OVERLAY_OPTIONS_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "%u layers: more than an overlay can have",
			       layer_count);
	if (chdir(layers) < 0 || mount("pavise", target, "overlay", MS_NODEV, options->str) < 0)
		return pv_fail_errno(error, errno, "cannot mount the layers over each other");
	if (chdir("/") < 0)
		return pv_fail_errno(error, errno, "/: cannot enter");
	return TRUE;
}

char *pv_rootfs_mount(const PvContainer *container, const GPtrArray *layers, int userns,
		      GError **error)
{
	g_autofree char *run = g_build_filename(PV_RUN_DIRECTORY, container->id, NULL);
	const char *const parts[] = { "", "l", "rw", "v", "rootfs" };
	g_autofree char *rw = g_build_filename(run, "rw", NULL);
	struct mount_attr plain = { .attr_set = MOUNT_ATTR_NODEV };

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(run, parts[i], NULL);

		if (!make(path, 0711, error))
			return NULL;
	}
	if (!attach_layers(run, layers, userns, container->first, error) ||
	    !attach(container->directory, 0, &plain, rw, error) ||
	    !mount_overlay(run, layers->len, error))
		return NULL;
	return g_steal_pointer(&run);
}

void pv_volume_free(PvVolume *volume)
{
	if (!volume)
		return;
	g_free(volume->source);
	g_free(volume->target);
	g_free(volume);
}

static gboolean is_target(const char *target)
{
	const char *const taken[] = { "/proc", "/sys", "/dev" };
	g_autofree char *plain = pv_path_plain(target);

	if (target[0] != '/' || g_str_equal(plain, "/"))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(taken); i++) {
		gsize length = strlen(taken[i]);

		if (strncmp(plain, taken[i], length) == 0 &&
		    (plain[length] == '\0' || plain[length] == '/'))
			return FALSE;
	}
	return TRUE;
}

PvVolume *pv_volume_parse(const char *text, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 4);
	guint count = g_strv_length(parts);
	gboolean read_only = count == 3 && g_str_equal(parts[2], "ro");
	char *source;
	PvVolume *volume;

	if (count < 2 || count > 3 || (count == 3 && !read_only && !g_str_equal(parts[2], "rw")))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "-v '%s': expected SRC:DST or SRC:DST:ro", text);
	if (!is_target(parts[1]))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "-v '%s': the place in the container must be an absolute path "
				    "other than /, and not in /proc, /sys or /dev",
				    text);
	if (parts[0][0] != '/')
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "-v '%s': the place on this machine must be an absolute path",
				    text);
	source = realpath(parts[0], NULL);
	if (!source) {
		pv_fail_errno(error, errno, "-v '%s'", text);
		return NULL;
	}
	volume = g_new0(PvVolume, 1);
	volume->source = g_strdup(source);
	volume->target = pv_path_plain(parts[1]);
	volume->read_only = read_only;
	free(source);
	return volume;
}

/* The file on which a file is mounted: one that is there stays as it is. */
static gboolean make_file(int root, const char *target, guint32 owner, GError **error)
{
	g_autofree char *parent_path = g_path_get_dirname(target);
	int parent = pv_path_make(root, parent_path, owner, error);
	int fd;

	if (parent < 0)
		return FALSE;
	close(parent);
	fd = pv_path_open(root, target, O_PATH, 0);
	if (fd < 0) {
		fd = pv_path_open(root, target, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || fchown(fd, owner, owner) < 0)
			pv_fail_errno(error, errno, "%s: cannot make in the container", target);
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static gboolean make_target(const char *run, const PvVolume *volume, gboolean is_directory,
			    guint32 owner, GError **error)
{
	g_autofree char *rootfs = g_build_filename(run, "rootfs", NULL);
	int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;
	gboolean done;

	if (root < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", rootfs);
	if (is_directory) {
		fd = pv_path_make(root, volume->target, owner, error);
		done = fd >= 0;
		if (fd >= 0)
			close(fd);
	} else {
		done = make_file(root, volume->target, owner, error);
	}
	close(root);
	return done;
}

char *pv_rootfs_add_volume(const char *run, const PvVolume *volume, guint index, guint32 owner,
			   GError **error)
{
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    (volume->read_only ? MOUNT_ATTR_RDONLY : 0),
	};
	g_autofree char *place = g_strdup_printf("%s/v/%u", run, index);
	struct stat status;
	gboolean done = FALSE;
	int fd = open(volume->source, O_PATH | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &status) < 0) {
		pv_fail_errno(error, errno, "%s: cannot open", volume->source);
	} else if (make_target(run, volume, S_ISDIR(status.st_mode), owner, error)) {
		done = S_ISDIR(status.st_mode) ? make(place, 0711, error)
					       : pv_file_create(place, "", 0, 0644, error);
		done = done &&
		       attach_clone(fd, AT_RECURSIVE, &attributes, volume->source, place, error);
	}
	if (fd >= 0)
		close(fd);
	return done ? g_steal_pointer(&place) : NULL;
}
