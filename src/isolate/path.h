/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Opening paths that somebody hostile chose, below a directory that they cannot leave: openat2(2),
 * so that the kernel holds the border whatever is swapped meanwhile.
 */

/**
 * pv_path_open:
 * @root: a descriptor of the directory that counts as "/"
 * @path: with or without leading slashes; "" is the root itself. Symbolic links in it, absolute
 * ones too, are resolved inside @root; magic links are refused
 * @flags: of open(2); O_CLOEXEC is added
 *
 * Returns: a descriptor, or -1 with errno set.
 */
int pv_path_open(int root, const char *path, int flags, mode_t mode);

/**
 * pv_path_plain:
 * @path: with or without leading slashes: it counts from the root
 *
 * Returns: (transfer full): the same path with one leading slash, without "." and "..".
 */
char *pv_path_plain(const char *path);

/**
 * pv_path_make:
 * @owner: who owns the directories that are made, user and group
 *
 * Opens the directory @path (O_PATH), making it and its missing parents with mode 0755.
 *
 * Errors: PV_ERROR_ESCAPE (a parent that is no directory, a dangling link), PV_ERROR_LIMIT,
 * PV_ERROR_IO.
 *
 * Returns: a descriptor, or -1.
 */
int pv_path_make(int root, const char *path, uid_t owner, GError **error);
