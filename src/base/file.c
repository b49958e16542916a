/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Whole files: bounded reading, and writing that a crash cannot tear. The order is always the
 * same: temporary name, write, fsync, rename, fsync of the directory.
 */

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define READ_STEP (64 * (gsize)1024)

GBytes *pv_file_read_fd_sized(int fd, const char *name, gsize size_hint, gsize max_bytes,
			      GError **error)
{
	g_autoptr(GByteArray) content = g_byte_array_new();
	gsize filled = 0;
	ssize_t got;

	g_byte_array_set_size(content, (guint)MAX(size_hint + 1, READ_STEP / 4));
	while ((got = read(fd, content->data + filled, content->len - filled)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			pv_fail_errno(error, errno, "%s: cannot read", name);
			return NULL;
		}
		if ((gsize)got > max_bytes - filled)
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "%s: more than the %zu bytes allowed", name, max_bytes);
		filled += (gsize)got;
		if (filled == content->len)
			g_byte_array_set_size(content, (guint)filled + READ_STEP);
	}
	g_byte_array_set_size(content, (guint)filled);
	return g_byte_array_free_to_bytes(g_steal_pointer(&content));
}

GBytes *pv_file_read_fd(int fd, const char *name, gsize max_bytes, GError **error)
{
	return pv_file_read_fd_sized(fd, name, 0, max_bytes, error);
}

GBytes *pv_file_read(const char *path, gsize max_bytes, GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	GBytes *content = NULL;

	if (fd < 0) {
		pv_fail_errno(error, errno, "%s: cannot open", path);
		return NULL;
	}
	if (fstat(fd, &st) < 0)
		pv_fail_errno(error, errno, "%s: cannot read", path);
	else if (!S_ISREG(st.st_mode))
		pv_fail(error, PV_ERROR_IO, "%s: not a regular file", path);
	else if ((guint64)st.st_size > max_bytes)
		pv_fail(error, PV_ERROR_LIMIT,
			"%s: %" G_GINT64_FORMAT " bytes, at most %zu allowed", path,
			(gint64)st.st_size, max_bytes);
	else
		content = pv_file_read_fd_sized(fd, path, (gsize)st.st_size, max_bytes, error);
	close(fd);
	return content;
}

gboolean pv_file_write_all(int fd, const void *data, gsize size, GError **error)
{
	const guint8 *rest = data;

	while (size > 0) {
		ssize_t put = write(fd, rest, MIN(size, READ_STEP * 16));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return pv_fail_errno(error, errno, "cannot write");
		rest += put;
		size -= (gsize)put;
	}
	return TRUE;
}

static gboolean sync_directory(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean done;

	if (fd < 0)
		return pv_fail_errno(error, errno, "%s: cannot open", directory);
	done = fsync(fd) == 0 || pv_fail_errno(error, errno, "%s: cannot sync", directory);
	close(fd);
	return done;
}

/* Writes @path's future content to a new file beside it and returns that file's name. */
static char *write_temporary(const char *path, const void *data, gsize size, mode_t mode,
			     gboolean sync, GError **error)
{
	g_autofree char *temporary = g_strdup_printf("%s.new-XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	gboolean done;

	if (fd < 0) {
		pv_fail_errno(error, errno, "%s: cannot write", path);
		return NULL;
	}
	done = pv_file_write_all(fd, data, size, error) || pv_fail_wrap(error, "%s", path);
	if (done && (fchmod(fd, mode) < 0 || (sync && fsync(fd) < 0)))
		done = pv_fail_errno(error, errno, "%s: cannot write", path);
	if (close(fd) < 0 && done)
		done = pv_fail_errno(error, errno, "%s: cannot write", path);
	if (done)
		return g_steal_pointer(&temporary);
	unlink(temporary);
	return NULL;
}

static gboolean replace(const char *path, const void *data, gsize size, mode_t mode, gboolean sync,
			GError **error)
{
	g_autofree char *temporary = write_temporary(path, data, size, mode, sync, error);

	if (!temporary)
		return FALSE;
	if (rename(temporary, path) < 0) {
		pv_fail_errno(error, errno, "%s: cannot replace", path);
		unlink(temporary);
		return FALSE;
	}
	return !sync || sync_directory(path, error);
}

gboolean pv_file_replace(const char *path, const void *data, gsize size, mode_t mode,
			 GError **error)
{
	return replace(path, data, size, mode, TRUE, error);
}

gboolean pv_file_replace_unsynced(const char *path, const void *data, gsize size, mode_t mode,
				  GError **error)
{
	return replace(path, data, size, mode, FALSE, error);
}

gboolean pv_file_create(const char *path, const void *data, gsize size, mode_t mode, GError **error)
{
	g_autofree char *temporary = write_temporary(path, data, size, mode, TRUE, error);
	gboolean done;

	if (!temporary)
		return FALSE;
	done = link(temporary, path) == 0 || pv_fail_errno(error, errno, "%s: cannot create", path);
	unlink(temporary);
	return done && sync_directory(path, error);
}

gboolean pv_file_make_directory(const char *path, mode_t mode, GError **error)
{
	if (g_mkdir_with_parents(path, (int)mode) < 0)
		return pv_fail_errno(error, errno, "%s: cannot make directory", path);
	return TRUE;
}

/* One level: opens @name below @parent and empties it; deeper directories go the same way. */
static gboolean remove_below(int parent, const char *name, guint depth, GError **error)
{
	int fd;
	DIR *directory;
	gboolean done = TRUE;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return TRUE;
	if (errno != EISDIR && errno != EPERM)
		return pv_fail_errno(error, errno, "%s: cannot remove", name);
	if (depth == 0)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: directories too deep to remove", name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		pv_fail_errno(error, errno, "%s: cannot open", name);
		if (fd >= 0)
			close(fd);
		return FALSE;
	}
	for (struct dirent *entry; done && (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			done = remove_below(fd, entry->d_name, depth - 1, error);
	}
	closedir(directory);
	if (done && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		done = pv_fail_errno(error, errno, "%s: cannot remove", name);
	return done;
}

gboolean pv_file_remove_tree(const char *path, GError **error)
{
	return remove_below(AT_FDCWD, path, 2048, error) || pv_fail_wrap(error, "%s", path);
}

static int lock_file(const char *path, int operation, GError **error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		pv_fail_errno(error, errno, "%s: cannot open lock file", path);
		return -1;
	}
	while (flock(fd, operation) < 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK)
			pv_fail(error, PV_ERROR_CONFLICT, "%s is held by another process", path);
		else
			pv_fail_errno(error, errno, "%s: cannot lock", path);
		close(fd);
		return -1;
	}
	return fd;
}

int pv_file_lock(const char *path, gboolean exclusive, GError **error)
{
	return lock_file(path, exclusive ? LOCK_EX : LOCK_SH, error);
}

int pv_file_try_lock(const char *path, GError **error)
{
	return lock_file(path, LOCK_EX | LOCK_NB, error);
}

char *pv_file_beside(const char *path, char *name)
{
	g_autofree char *given = name;
	g_autofree char *directory = NULL;

	if (!name || g_path_is_absolute(name))
		return g_steal_pointer(&given);
	directory = g_path_get_dirname(path);
	return g_build_filename(directory, name, NULL);
}
