/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From layer entries to files. Every path is resolved inside the layer's root (isolate/path.h), so
 * a link in the layer leads nowhere else; the last component is never followed. Sources: OCI
 * image-spec 1.1 layer.md; Linux Documentation/filesystems/overlayfs.rst; the rows 30-36 of
 * reference/isolation.md section 7.
 */

#include "isolate/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "isolate/path.h"
#include "isolate/unpack_xattr.h"

struct PvUnpack {
	int root;
	char *parent_path; /* of the parent that is open */
	int parent;        /* O_PATH; -1 if none is open */
	int file;          /* being written; -1 if none */
	char *name;        /* of the present entry, for messages */
	struct timespec mtime;
	guint8 capability[PV_CAPABILITY_BYTES]; /* of the file being written */
	gsize capability_size;                  /* 0 for none */
	guint32 mode;
	uid_t uid;
	gid_t gid;
	GHashTable *directories; /* path → struct timespec, set last */
	gsize directory_bytes;
};

PvUnpack *pv_unpack_new(int root)
{
	PvUnpack *unpack = g_new0(PvUnpack, 1);

	unpack->root = root;
	unpack->parent = -1;
	unpack->file = -1;
	unpack->directories = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return unpack;
}

static void forget_parent(PvUnpack *unpack)
{
	if (unpack->parent >= 0)
		close(unpack->parent);
	unpack->parent = -1;
	g_clear_pointer(&unpack->parent_path, g_free);
}

static void close_file(PvUnpack *unpack)
{
	if (unpack->file >= 0)
		close(unpack->file);
	unpack->file = -1;
}

void pv_unpack_free(PvUnpack *unpack)
{
	if (!unpack)
		return;
	forget_parent(unpack);
	close_file(unpack);
	g_hash_table_unref(unpack->directories);
	g_free(unpack->name);
	g_free(unpack);
}

/* Splits @path; opens its parent, which is kept for the next entry, likely of the same. */
static gboolean open_parent(PvUnpack *unpack, const char *path, const char **ret_name,
			    GError **error)
{
	const char *slash = strrchr(path, '/');
	gsize length = slash ? (gsize)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	if (unpack->parent >= 0 && strlen(unpack->parent_path) == length &&
	    strncmp(unpack->parent_path, path, length) == 0)
		return TRUE;
	forget_parent(unpack);
	unpack->parent_path = g_strndup(path, length);
	unpack->parent = pv_path_make(unpack->root, unpack->parent_path, 0, error);
	return unpack->parent >= 0 || pv_fail_wrap(error, "%s", path);
}

static gboolean is_whiteout(const struct stat *status)
{
	return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

/* Removes a directory with all in it, by its name in the open parent. */
static gboolean remove_directory(PvUnpack *unpack, const char *name, GError **error)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	gboolean done = here >= 0 && fchdir(unpack->parent) == 0;

	if (!done)
		pv_fail_errno(error, errno, "%s: cannot replace", name);
	else
		done = pv_file_remove_tree(name, error);
	if (here >= 0) {
		if (fchdir(here) < 0 && done)
			done = pv_fail_errno(error, errno, "cannot go back");
		close(here);
	}
	return done;
}

/*
 * Makes room for an entry: of two with one name the later wins. A directory over a directory keeps
 * it. @ret_was: what was there, st_mode 0 for nothing.
 */
static gboolean make_room(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			  struct stat *ret_was, GError **error)
{
	struct stat was;

	*ret_was = (struct stat){ 0 };
	if (fstatat(unpack->parent, name, &was, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ||
		       pv_fail_errno(error, errno, "%s: cannot look at", entry->path);
	*ret_was = was;
	if (S_ISDIR(was.st_mode)) {
		if (entry->type == PV_TAR_DIRECTORY)
			return TRUE;
		g_hash_table_remove(unpack->directories, entry->path);
		return remove_directory(unpack, name, error);
	}
	if (unlinkat(unpack->parent, name, 0) < 0)
		return pv_fail_errno(error, errno, "%s: cannot replace", entry->path);
	return TRUE;
}

static gboolean set_opaque(PvUnpack *unpack, const char *name, const char *path, GError **error)
{
	int fd = openat(unpack->parent, name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	gboolean done = fd >= 0 && fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0;

	if (!done)
		pv_fail_errno(error, errno, "%s: cannot hide what lower layers have in it", path);
	if (fd >= 0)
		close(fd);
	return done;
}

static gboolean remember_time(PvUnpack *unpack, const PvTarEntry *entry, GError **error)
{
	struct timespec *mtime;

	unpack->directory_bytes += strlen(entry->path) + 64;
	if (unpack->directory_bytes > PV_UNPACK_DIRECTORY_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: the names of directories have more than %zu bytes", entry->path,
			       (gsize)PV_UNPACK_DIRECTORY_BYTES_MAX);
	mtime = g_new(struct timespec, 1);
	*mtime = unpack->mtime;
	g_hash_table_replace(unpack->directories, g_strdup(entry->path), mtime);
	return TRUE;
}

/* Owner, rights, attributes; in this order, because a new owner takes setuid and capabilities. */
static gboolean dress(PvUnpack *unpack, int fd, const PvTarEntry *entry, GError **error)
{
	if (fchown(fd, unpack->uid, unpack->gid) < 0 || fchmod(fd, unpack->mode) < 0)
		return pv_fail_errno(error, errno, "%s: cannot set owner and mode", entry->path);
	return pv_unpack_set_xattrs(fd, entry, error);
}

static gboolean put_directory(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			      const struct stat *was, GError **error)
{
	gboolean done;
	int fd;

	if (!S_ISDIR(was->st_mode) && mkdirat(unpack->parent, name, 0700) < 0)
		return pv_fail_errno(error, errno, "%s: cannot make directory", entry->path);
	/* The layer removed what was below and then made it anew: nothing of below shows. */
	if (is_whiteout(was) && !set_opaque(unpack, name, entry->path, error))
		return FALSE;
	fd = openat(unpack->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", entry->path);
	done = dress(unpack, fd, entry, error) && remember_time(unpack, entry, error);
	close(fd);
	return done;
}

/* The root itself: its mode, owner and time. */
static gboolean put_root(PvUnpack *unpack, const PvTarEntry *entry, GError **error)
{
	int fd = pv_path_open(unpack->root, "", O_RDONLY | O_DIRECTORY, 0);
	gboolean done;

	if (fd < 0)
		return pv_fail_errno(error, errno, "cannot open the layer's root");
	if (entry->whiteout == PV_WHITEOUT_OPAQUE)
		done = fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0 ||
		       pv_fail_errno(error, errno, "cannot hide lower layers");
	else
		done = dress(unpack, fd, entry, error) && remember_time(unpack, entry, error);
	close(fd);
	return done;
}

/* A whiteout speaks of lower layers only: what this layer has under the name stays. */
static gboolean put_whiteout(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			     GError **error)
{
	struct stat was;

	if (fstatat(unpack->parent, name, &was, AT_SYMLINK_NOFOLLOW) == 0)
		return !S_ISDIR(was.st_mode) || set_opaque(unpack, name, entry->path, error);
	if (errno != ENOENT)
		return pv_fail_errno(error, errno, "%s: cannot look at", entry->path);
	if (mknodat(unpack->parent, name, S_IFCHR, makedev(0, 0)) < 0)
		return pv_fail_errno(error, errno, "%s: cannot mark as removed", entry->path);
	return TRUE;
}

static gboolean put_opaque(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			   GError **error)
{
	struct stat was;

	if (fstatat(unpack->parent, name, &was, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(was.st_mode) && unlinkat(unpack->parent, name, 0) < 0)
		return pv_fail_errno(error, errno, "%s: cannot replace", entry->path);
	if (mkdirat(unpack->parent, name, 0755) < 0 && errno != EEXIST)
		return pv_fail_errno(error, errno, "%s: cannot make directory", entry->path);
	return set_opaque(unpack, name, entry->path, error);
}

static gboolean put_link(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			 GError **error)
{
	const char *slash = strrchr(entry->link, '/');
	g_autofree char *parent_path =
		slash ? g_strndup(entry->link, (gsize)(slash - entry->link)) : g_strdup("");
	const char *target = slash ? slash + 1 : entry->link;
	int parent = pv_path_open(unpack->root, parent_path, O_PATH | O_DIRECTORY, 0);
	struct stat was;
	gboolean done = parent >= 0 && fstatat(parent, target, &was, AT_SYMLINK_NOFOLLOW) == 0 &&
			!S_ISDIR(was.st_mode) && !is_whiteout(&was);

	if (!done)
		pv_fail(error, PV_ERROR_ESCAPE,
			"%s: a hard link to '%s', which is no file of this layer", entry->path,
			entry->link);
	else if (linkat(parent, target, unpack->parent, name, 0) < 0)
		done = pv_fail_errno(error, errno, "%s: cannot link", entry->path);
	if (parent >= 0)
		close(parent);
	return done;
}

/* What has no content and is never opened: symbolic links and fifos. */
static gboolean put_special(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			    GError **error)
{
	struct timespec times[2] = { unpack->mtime, unpack->mtime };
	gboolean is_fifo = entry->type == PV_TAR_FIFO;
	int made = is_fifo ? mkfifoat(unpack->parent, name, 0600)
			   : symlinkat(entry->link, unpack->parent, name);

	if (made < 0)
		return pv_fail_errno(error, errno, "%s: cannot make", entry->path);
	if (fchownat(unpack->parent, name, unpack->uid, unpack->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (is_fifo && fchmodat(unpack->parent, name, unpack->mode, 0) < 0) ||
	    utimensat(unpack->parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return pv_fail_errno(error, errno, "%s: cannot set owner and time", entry->path);
	return TRUE;
}

static gboolean put_file(PvUnpack *unpack, const PvTarEntry *entry, const char *name,
			 GError **error)
{
	unpack->file = openat(unpack->parent, name,
			      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (unpack->file < 0)
		return pv_fail_errno(error, errno, "%s: cannot create", entry->path);
	g_free(unpack->name);
	unpack->name = g_strdup(entry->path);
	/* The entry is valid only now; but writing takes capabilities away, so they come last. */
	return pv_unpack_capability(entry, unpack->capability, &unpack->capability_size, error) &&
	       dress(unpack, unpack->file, entry, error);
}

static gboolean put_new(PvUnpack *unpack, const PvTarEntry *entry, const char *name, GError **error)
{
	struct stat was;

	/* A link to itself would lose the file when room is made. */
	if (entry->type == PV_TAR_HARDLINK && g_str_equal(entry->path, entry->link))
		return TRUE;
	if (!make_room(unpack, entry, name, &was, error))
		return FALSE;
	/* The cached parent may lie behind what was replaced. */
	if (was.st_mode != 0 && !S_ISREG(was.st_mode) && entry->type != PV_TAR_DIRECTORY) {
		const char *again;

		forget_parent(unpack);
		if (!open_parent(unpack, entry->path, &again, error))
			return FALSE;
	}
	switch (entry->type) {
	case PV_TAR_FILE:
		return put_file(unpack, entry, name, error);
	case PV_TAR_DIRECTORY:
		return put_directory(unpack, entry, name, &was, error);
	case PV_TAR_HARDLINK:
		return put_link(unpack, entry, name, error);
	case PV_TAR_SYMLINK:
	case PV_TAR_FIFO:
		return put_special(unpack, entry, name, error);
	case PV_TAR_CHARACTER:
	case PV_TAR_BLOCK:
		break;
	}
	return TRUE;
}

static gboolean sink_entry(void *sink, const PvTarEntry *entry, GError **error)
{
	PvUnpack *unpack = sink;
	const char *name;

	close_file(unpack);
	/* No device ever: the runtime gives a container its own /dev. */
	if (entry->whiteout == PV_WHITEOUT_NONE &&
	    (entry->type == PV_TAR_CHARACTER || entry->type == PV_TAR_BLOCK))
		return TRUE;
	if (entry->uid >= PV_ID_RANGE_SIZE || entry->gid >= PV_ID_RANGE_SIZE)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%s: owner %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT
			       ", a container has the ids 0 to %d",
			       entry->path, entry->uid, entry->gid, PV_ID_RANGE_SIZE - 1);
	unpack->uid = (uid_t)entry->uid;
	unpack->gid = (gid_t)entry->gid;
	unpack->mode = entry->mode & 07777;
	unpack->mtime.tv_sec = entry->mtime;
	unpack->mtime.tv_nsec = entry->mtime_nanoseconds;
	if (entry->path[0] == '\0')
		return entry->type != PV_TAR_DIRECTORY || put_root(unpack, entry, error);
	if (!open_parent(unpack, entry->path, &name, error))
		return FALSE;
	if (entry->whiteout == PV_WHITEOUT_FILE)
		return put_whiteout(unpack, entry, name, error);
	if (entry->whiteout == PV_WHITEOUT_OPAQUE)
		return put_opaque(unpack, entry, name, error);
	return put_new(unpack, entry, name, error);
}

static gboolean sink_wants(void *sink, const PvTarEntry *entry)
{
	return ((PvUnpack *)sink)->file >= 0;
}

static gboolean sink_content(void *sink, const guint8 *data, gsize size, GError **error)
{
	PvUnpack *unpack = sink;

	return pv_file_write_all(unpack->file, data, size, error) ||
	       pv_fail_wrap(error, "%s", unpack->name);
}

static gboolean sink_end(void *sink, GError **error)
{
	PvUnpack *unpack = sink;
	struct timespec times[2] = { unpack->mtime, unpack->mtime };

	if (fchmod(unpack->file, unpack->mode) < 0)
		return pv_fail_errno(error, errno, "%s: cannot set mode", unpack->name);
	if (unpack->capability_size > 0 &&
	    fsetxattr(unpack->file, "security.capability", unpack->capability,
		      unpack->capability_size, 0) < 0)
		return pv_fail_errno(error, errno, "%s: cannot set capabilities", unpack->name);
	if (futimens(unpack->file, times) < 0)
		return pv_fail_errno(error, errno, "%s: cannot set time", unpack->name);
	close_file(unpack);
	return TRUE;
}

PvLayerSink pv_unpack_sink(PvUnpack *unpack)
{
	PvLayerSink sink = { .entry = sink_entry,
			     .content = sink_content,
			     .end = sink_end,
			     .wants = sink_wants,
			     .sink = unpack };

	return sink;
}

gboolean pv_unpack_finish(PvUnpack *unpack, GError **error)
{
	GHashTableIter iter;
	gpointer path, mtime;

	close_file(unpack);
	forget_parent(unpack);
	g_hash_table_iter_init(&iter, unpack->directories);
	while (g_hash_table_iter_next(&iter, &path, &mtime)) {
		const struct timespec *time = mtime;
		struct timespec times[2] = { *time, *time };
		int fd = pv_path_open(unpack->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		gboolean done = fd >= 0 ? futimens(fd, times) == 0
					: errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

		if (!done)
			pv_fail_errno(error, errno, "%s: cannot set time", (const char *)path);
		if (fd >= 0)
			close(fd);
		if (!done)
			return FALSE;
	}
	return TRUE;
}
