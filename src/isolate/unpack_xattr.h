/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/layer.h"

#define PV_CAPABILITY_BYTES 20 /* bytes: a file capability, revision 2 */

/**
 * pv_unpack_set_xattrs:
 * @fd: a file or directory
 *
 * Sets the user.* attributes of @entry, but none that overlayfs would obey. All others are left out
 * (trusted.*, security.*, system.posix_acl_*): they are names of the host.
 *
 * Errors: PV_ERROR_LIMIT (a value longer than the kernel takes), PV_ERROR_IO.
 */
gboolean pv_unpack_set_xattrs(int fd, const PvTarEntry *entry, GError **error);

/**
 * pv_unpack_capability:
 * @ret_value: (out): PV_CAPABILITY_BYTES bytes
 * @ret_size: (out): 0 if @entry has no security.capability
 *
 * The file capabilities of @entry without the user namespace they were made in: the kernel then
 * binds them to the one that unpacks, and they mean nothing outside of a container's.
 *
 * Errors: PV_ERROR_SYNTAX (no file capability of revision 2 or 3).
 */
gboolean pv_unpack_capability(const PvTarEntry *entry, guint8 *ret_value, gsize *ret_size,
			      GError **error);
