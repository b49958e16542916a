/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Extended attributes of layer entries, by an allow list (reference/isolation.md section 7 row 35).
 * The form of security.capability: linux/capability.h, struct vfs_ns_cap_data.
 */

#include "isolate/unpack_xattr.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/error.h"

#define OVERLAY_PREFIX "user.overlay."

static gboolean is_allowed(const char *name)
{
	return g_str_has_prefix(name, "user.") && !g_str_has_prefix(name, OVERLAY_PREFIX) &&
	       strlen(name) <= XATTR_NAME_MAX;
}

gboolean pv_unpack_set_xattrs(int fd, const PvTarEntry *entry, GError **error)
{
	for (guint i = 0; i < entry->xattr_count; i++) {
		const PvTarXattr *xattr = &entry->xattrs[i];

		if (!is_allowed(xattr->name))
			continue;
		if (xattr->size > XATTR_SIZE_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "%s: an attribute of %zu bytes, at most %d are possible",
				       entry->path, xattr->size, XATTR_SIZE_MAX);
		if (fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) < 0)
			return pv_fail_errno(error, errno, "%s: cannot set attribute %s",
					     entry->path, xattr->name);
	}
	return TRUE;
}

gboolean pv_unpack_capability(const PvTarEntry *entry, guint8 *ret_value, gsize *ret_size,
			      GError **error)
{
	const PvTarXattr *found = NULL;
	guint32 magic, revision;

	for (guint i = 0; i < entry->xattr_count; i++) {
		if (g_str_equal(entry->xattrs[i].name, "security.capability"))
			found = &entry->xattrs[i];
	}
	if (!found) {
		*ret_size = 0;
		return TRUE;
	}
	if (found->size != XATTR_CAPS_SZ_2 && found->size != XATTR_CAPS_SZ_3)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: file capabilities of %zu bytes, expected %d or %d", entry->path,
			       found->size, (int)XATTR_CAPS_SZ_2, (int)XATTR_CAPS_SZ_3);
	memcpy(&magic, found->value, sizeof(magic));
	magic = GUINT32_FROM_LE(magic);
	revision = magic & VFS_CAP_REVISION_MASK;
	if (revision != (found->size == XATTR_CAPS_SZ_2 ? VFS_CAP_REVISION_2 : VFS_CAP_REVISION_3))
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "%s: file capabilities of revision 0x%08x in %zu bytes", entry->path,
			       revision, found->size);
	magic = GUINT32_TO_LE(VFS_CAP_REVISION_2 | (magic & VFS_CAP_FLAGS_EFFECTIVE));
	memcpy(ret_value, found->value, PV_CAPABILITY_BYTES);
	memcpy(ret_value, &magic, sizeof(magic));
	*ret_size = PV_CAPABILITY_BYTES;
	return TRUE;
}
