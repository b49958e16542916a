/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "isolate/container.h"

/*
 * A container's root file system: each layer as an id-mapped mount, an overlay on top of them, what
 * the container writes in its own directory. All of it in the caller's mount namespace, which
 * pv_rootfs_enter() makes, so that nothing is left when its last process is gone.
 */

/**
 * pv_rootfs_enter:
 *
 * Moves this process to a mount namespace of its own, with /proc of its process namespace and an
 * empty PV_RUN_DIRECTORY.
 */
gboolean pv_rootfs_enter(GError **error);

/**
 * pv_rootfs_mount:
 * @layers: (element-type filename): unpacked layers, the base first
 * @userns: of pv_userns_new(PV_ID_FIRST, container->first)
 *
 * Mounts the root file system at PV_RUN_DIRECTORY/ID/rootfs.
 *
 * Errors: PV_ERROR_UNSUPPORTED (a file system that cannot map ids), PV_ERROR_IO.
 *
 * Returns: (transfer full): PV_RUN_DIRECTORY/ID, or NULL.
 */
char *pv_rootfs_mount(const PvContainer *container, const GPtrArray *layers, int userns,
		      GError **error);

/* One -v. */
typedef struct {
	char *source; /* of the host: absolute, resolved */
	char *target; /* in the container: absolute */
	gboolean read_only;
} PvVolume;

void pv_volume_free(PvVolume *volume);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvVolume, pv_volume_free)

/**
 * pv_volume_parse:
 * @text: "SRC:DST" or "SRC:DST:ro"; SRC must exist
 *
 * Errors: PV_ERROR_USAGE, PV_ERROR_NOT_FOUND.
 */
PvVolume *pv_volume_parse(const char *text, GError **error);

/**
 * pv_rootfs_add_volume:
 * @run: what pv_rootfs_mount() returned
 * @index: 0, 1, …: which volume of the container
 *
 * Clones @volume to RUN/v/INDEX, without setuid and devices, read-only with all below it if it is
 * to be; makes its target in the root file system, where no link leads out of it.
 *
 * Returns: (transfer full): RUN/v/INDEX, or NULL.
 */
char *pv_rootfs_add_volume(const char *run, const PvVolume *volume, guint index, guint32 owner,
			   GError **error);
