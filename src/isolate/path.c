/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Paths inside a root that belongs to somebody else. RESOLVE_IN_ROOT resolves links and ".." as a
 * process that is chrooted there would, without a chroot and without a race (openat2(2);
 * reference/isolation.md section 7 rows 30-32, 42).
 */

#include "isolate/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"

char *pv_path_plain(const char *path)
{
	/* GLib keeps two leading slashes; they are one here, or "//proc" would not be /proc. */
	return g_canonicalize_filename(path + strspn(path, "/"), "/");
}

int pv_path_open(int root, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (guint64)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	path += strspn(path, "/");
	do
		fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return (int)fd;
}

/* Makes @name in @parent unless it is there, and opens @upto, the path so far. */
static int make_one(int root, const char *upto, uid_t owner, GError **error)
{
	const char *slash = strrchr(upto, '/');
	g_autofree char *parent_path =
		slash ? g_strndup(upto, (gsize)(slash - upto)) : g_strdup("");
	const char *name = slash ? slash + 1 : upto;
	int parent = pv_path_open(root, parent_path, O_PATH | O_DIRECTORY, 0);
	int fd = -1;

	if (parent < 0) {
		pv_fail_errno(error, errno, "%s: cannot open", parent_path);
		return -1;
	}
	if (mkdirat(parent, name, 0755) < 0) {
		if (errno == EEXIST)
			pv_fail(error, PV_ERROR_ESCAPE, "%s: a symbolic link to nothing", upto);
		else
			pv_fail_errno(error, errno, "%s: cannot make directory", upto);
	} else if (fchownat(parent, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0) {
		pv_fail_errno(error, errno, "%s: cannot give to its owner", upto);
	} else {
		fd = pv_path_open(root, upto, O_PATH | O_DIRECTORY, 0);
		if (fd < 0)
			pv_fail_errno(error, errno, "%s: cannot open", upto);
	}
	close(parent);
	return fd;
}

int pv_path_make(int root, const char *path, uid_t owner, GError **error)
{
	g_autofree char *upto = NULL;
	char *at;
	int fd;

	path += strspn(path, "/");
	fd = pv_path_open(root, path, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0)
		return fd;
	at = upto = g_strdup(path);
	/* From the top: what is there is passed, what is missing is made. */
	for (guint depth = 0; depth < PV_TAR_DEPTH_MAX; depth++) {
		gsize length = strcspn(at, "/");
		char kept = at[length];

		at[length] = '\0';
		fd = pv_path_open(root, upto, O_PATH | O_DIRECTORY, 0);
		if (fd < 0 && errno == ENOENT)
			fd = make_one(root, upto, owner, error);
		else if (fd < 0)
			pv_fail(error, PV_ERROR_ESCAPE, "%s: '%s' is not a directory", path, upto);
		if (fd < 0 || !kept)
			return fd;
		close(fd);
		at[length] = kept;
		at += length + 1;
	}
	pv_fail(error, PV_ERROR_LIMIT, "%s: deeper than %d directories", path, PV_TAR_DEPTH_MAX);
	return -1;
}
