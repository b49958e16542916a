/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * pv_userns_map:
 * @pid: a process that has just entered a user namespace of its own
 *
 * Makes the PV_ID_RANGE_SIZE users and groups from @inside in there those from @outside out here.
 *
 * Errors: PV_ERROR_IO.
 */
gboolean pv_userns_map(pid_t pid, guint32 inside, guint32 outside, GError **error);

/**
 * pv_userns_new:
 *
 * Makes a user namespace with that mapping and no process in it, as mount_setattr(2) wants it for
 * an id-mapped mount: files of @inside on disk are shown as those of @outside.
 *
 * Returns: a descriptor of the namespace, or -1.
 */
int pv_userns_new(guint32 inside, guint32 outside, GError **error);

/**
 * pv_child_status:
 *
 * Waits for @pid to end.
 *
 * Returns: its exit status, or 128 + the signal that ended it.
 */
int pv_child_status(pid_t pid);
