/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * pv_file_read:
 * @path: a regular file; a symbolic link as last component is followed
 * @max_bytes: refuse a larger file before reading it
 *
 * Reads a whole file. What is not a regular file (a fifo, a device) is refused unread.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_LIMIT, PV_ERROR_IO.
 *
 * Returns: (transfer full): the content, or NULL.
 */
GBytes *pv_file_read(const char *path, gsize max_bytes, GError **error);

/**
 * pv_file_read_fd:
 * @fd: an open file or pipe, read from where it stands to its end
 * @name: for messages
 *
 * As pv_file_read(), also for pipes: the limit is enforced on the bytes that come.
 */
GBytes *pv_file_read_fd(int fd, const char *name, gsize max_bytes, GError **error);

/**
 * pv_file_read_fd_sized:
 * @size_hint: how many bytes are likely, at most @max_bytes: allocated at once and not moved
 *
 * As pv_file_read_fd().
 */
GBytes *pv_file_read_fd_sized(int fd, const char *name, gsize size_hint, gsize max_bytes,
			      GError **error);

/**
 * pv_file_beside:
 * @path: a file, such as a configuration
 * @name: (transfer full) (nullable): a path that it names
 *
 * Returns: (transfer full) (nullable): @name as seen from @path's directory, unless it is absolute.
 */
char *pv_file_beside(const char *path, char *name);

/**
 * pv_file_replace:
 * @path: the file to make or replace
 * @data: its new content, @size bytes
 * @mode: permissions, exactly (the umask does not count)
 *
 * Writes a temporary file beside @path, syncs it, renames it over @path and syncs the directory:
 * after a crash at any point the file has its old content or its new one.
 *
 * Errors: PV_ERROR_IO (PV_ERROR_NOT_FOUND when the directory is missing).
 */
gboolean pv_file_replace(const char *path, const void *data, gsize size, mode_t mode,
			 GError **error);

/**
 * pv_file_replace_unsynced:
 *
 * As pv_file_replace(), but nothing waits for the disk: after a crash the file may be empty or
 * torn. For what is checked when it is read and can be made anew.
 */
gboolean pv_file_replace_unsynced(const char *path, const void *data, gsize size, mode_t mode,
				  GError **error);

/**
 * pv_file_create:
 *
 * As pv_file_replace(), but an existing file is kept and PV_ERROR_EXISTS is returned.
 */
gboolean pv_file_create(const char *path, const void *data, gsize size, mode_t mode,
			GError **error);

/**
 * pv_file_make_directory:
 * @path: made with its missing parents, each with @mode
 */
gboolean pv_file_make_directory(const char *path, mode_t mode, GError **error);

/**
 * pv_file_remove_tree:
 * @path: a file or a directory with all in it; nothing there is fine
 *
 * Never follows a symbolic link and does not leave @path, whatever happens inside it meanwhile.
 */
gboolean pv_file_remove_tree(const char *path, GError **error);

/**
 * pv_file_write_all:
 *
 * Writes all @size bytes to @fd, whatever the partial writes and interrupts.
 */
gboolean pv_file_write_all(int fd, const void *data, gsize size, GError **error);

/**
 * pv_file_lock:
 * @path: a lock file, made with mode 0600 if missing; it is never removed
 * @exclusive: TRUE to be alone, FALSE to share with other readers
 *
 * Waits for a lock of the whole file. It ends with close() or with the process, however that dies.
 *
 * Returns: a descriptor (close-on-exec) that holds the lock, or -1.
 */
int pv_file_lock(const char *path, gboolean exclusive, GError **error);

/**
 * pv_file_try_lock:
 *
 * As pv_file_lock() to be alone, but does not wait.
 *
 * Errors: PV_ERROR_CONFLICT if another process holds it.
 */
int pv_file_try_lock(const char *path, GError **error);
