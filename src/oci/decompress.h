/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * gzip (ISA-L), zstd (libzstd) or nothing, in steps without I/O; which of them is told by the first
 * bytes. Several gzip members or zstd frames in a row are one stream, as their formats say.
 */

typedef struct PvDecompress PvDecompress;

PvDecompress *pv_decompress_new(void);
void pv_decompress_free(PvDecompress *decompress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvDecompress, pv_decompress_free)

/**
 * pv_decompress_feed:
 * @data: the next @size bytes as stored; used until the next call of this function
 *
 * Call it again only after pv_decompress_next() gave 0 bytes.
 */
void pv_decompress_feed(PvDecompress *decompress, const guint8 *data, gsize size);

/**
 * pv_decompress_next:
 * @ret_data: (out): the next bytes of plain content, valid until the next call
 * @ret_size: (out): how many; 0 when more has to be fed
 *
 * Errors: PV_ERROR_SYNTAX (damaged), PV_ERROR_LIMIT (a zstd window above
 * PV_ZSTD_WINDOW_LOG_MAX, more than PV_LAYER_BYTES_MAX bytes, more than PV_LAYER_RATIO_MAX times
 * what was fed).
 * Source: RFC 1952; RFC 8878.
 */
gboolean pv_decompress_next(PvDecompress *decompress, const guint8 **ret_data, gsize *ret_size,
			    GError **error);

/**
 * pv_decompress_finish:
 *
 * Says that no more bytes come. Errors: PV_ERROR_SYNTAX if the stream is cut off.
 */
gboolean pv_decompress_finish(PvDecompress *decompress, GError **error);
