/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/image.h"

/*
 * Unpacked layers, STORE/layers/sha256/DIFF-ID: each once, whoever uses it, with the ids from
 * PV_ID_FIRST on, which belong to nobody: what is setuid root in a layer is not on this machine.
 * A layer's name exists only with its whole, verified content.
 */

/**
 * pv_layer_store_path:
 *
 * Returns: (transfer full): where the layer is, or will be.
 */
char *pv_layer_store_path(const char *store, const PvDigest *diff_id);

/**
 * pv_layer_store_add:
 * @store: an existing directory
 * @range: the layer's bytes
 * @descriptor: what they must be: digest, size, media type
 * @diff_id: what they must inflate to
 *
 * Unpacks a layer unless it is there. The archive is read in a process that sees nothing but the
 * new directory, in a user namespace, without rights; the digest of its bytes is computed out here.
 * Whatever a killed process left half done is removed first.
 *
 * Errors: PV_ERROR_DIGEST (nothing is kept), those of pv_layer_read() and pv_unpack_sink(),
 * PV_ERROR_IO.
 */
gboolean pv_layer_store_add(const char *store, const PvBlobRange *range,
			    const PvDescriptor *descriptor, const PvDigest *diff_id,
			    GError **error);
