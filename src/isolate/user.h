/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Who a container's first process is, in the container's ids. */
typedef struct {
	guint32 uid, gid;
	GArray *groups; /* of guint32: supplementary */
	char *home;     /* "/" if passwd does not know */
} PvUser;

void pv_user_clear(PvUser *user);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvUser, pv_user_clear)

/**
 * pv_user_resolve:
 * @text: an image configuration's User: "", "user", "uid", "user:group", "uid:gid", …
 * @passwd: (nullable): the image's /etc/passwd, untrusted
 * @group: (nullable): its /etc/group, untrusted
 *
 * As Docker: nothing is root; a number need not be in passwd, a name must; without a group it is
 * passwd's, and the user's supplementary groups count.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_LIMIT (an id a container does not have).
 * Source: OCI image-spec 1.1 config.md, "User".
 */
gboolean pv_user_resolve(const char *text, GBytes *passwd, GBytes *group, PvUser *ret_user,
			 GError **error);
