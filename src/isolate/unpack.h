/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/layer.h"

/*
 * The sink that makes a directory of a layer, in the form that overlayfs stacks: whiteouts as
 * character devices 0/0, opaque directories by user.overlay.opaque (the mount option userxattr).
 * It needs no privilege on the host; pv_layer_store_add() runs it where it has none.
 */
typedef struct PvUnpack PvUnpack;

/**
 * pv_unpack_new:
 * @root: a descriptor of the empty directory to fill; stays the caller's
 *
 * Returns: (transfer full): the unpacker.
 */
PvUnpack *pv_unpack_new(int root);

void pv_unpack_free(PvUnpack *unpack);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvUnpack, pv_unpack_free)

/**
 * pv_unpack_sink:
 *
 * What it refuses: user and group ids a container does not have (PV_ERROR_LIMIT), a parent that is
 * no directory and a hard link to what the layer does not have (PV_ERROR_ESCAPE). What it leaves
 * out: device nodes, and extended attributes other than user.* and security.capability. Of two
 * entries of one name the later one wins.
 *
 * Returns: a sink for pv_layer_read(); valid as long as @unpack.
 */
PvLayerSink pv_unpack_sink(PvUnpack *unpack);

/**
 * pv_unpack_finish:
 *
 * After the last entry: gives directories the times they should have.
 */
gboolean pv_unpack_finish(PvUnpack *unpack, GError **error);
