/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What a container may touch: a profile of policy.yaml, or one of those built in. */
typedef struct {
	char *name;
	guint64 capabilities; /* bit i: capability i */
	GStrv mounts;         /* directories below which -v may take from; NULL: any */
	gboolean host_network;
	gboolean read_only; /* the root file system */
	char *user;         /* NULL: the image's; else as in an image configuration */
} PvProfile;

PvProfile *pv_profile_new(const char *name);
void pv_profile_free(PvProfile *profile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvProfile, pv_profile_free)

/**
 * pv_profile_built_in:
 * @name: "default" (what Docker gives, less NET_RAW, MKNOD and AUDIT_WRITE) or "strict" (none)
 *
 * Returns: (transfer full): the profile, or NULL if there is none of that name.
 */
PvProfile *pv_profile_built_in(const char *name);

/**
 * pv_profile_capability:
 * @name: "NET_BIND_SERVICE" or "CAP_NET_BIND_SERVICE"
 *
 * Returns: its number, or -1.
 */
int pv_profile_capability(const char *name);

/**
 * pv_profile_capability_name:
 *
 * Returns: (transfer none): "CAP_…", or NULL beyond the last.
 */
const char *pv_profile_capability_name(int capability);

/**
 * pv_profile_allows_mount:
 * @source: an absolute path without symbolic links
 */
gboolean pv_profile_allows_mount(const PvProfile *profile, const char *source);
