/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/image.h"

/**
 * pv_inflate_range:
 * @range: a layer as stored: gzip, zstd (told by their magic) or plain
 * @hash: for @ret_digest
 * @sink: gets the tar, in pieces
 * @ret_digest: (out): of the bytes as stored, all of them
 *
 * Errors: PV_ERROR_SYNTAX (damaged), PV_ERROR_LIMIT (PV_LAYER_BYTES_MAX, PV_LAYER_RATIO_MAX),
 * PV_ERROR_IO, and what @sink returns.
 */
gboolean pv_inflate_range(const PvBlobRange *range, PvHash hash,
			  gboolean (*sink)(void *user_data, const guint8 *data, gsize size,
					   GError **error),
			  void *user_data, PvDigest *ret_digest, GError **error);
