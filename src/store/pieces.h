/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/digest.h"

/* One piece of a file. */
typedef struct {
	gsize offset;
	gsize size;
	PvDigest sha256;
} PvPiece;

/* A file up to this size is one piece; PV_PIECE_BYTES_MAX is also the largest piece. */
#define PV_PIECE_BYTES_MIN ((gsize)4 * 1024)
#define PV_PIECE_BYTES_MAX ((gsize)64 * 1024)

/**
 * pv_pieces_split:
 *
 * Cuts a file where its content says so, so that two files that differ in one place have all other
 * pieces in common. The same bytes are cut the same way for ever: stored recipes do not depend on
 * it, but how much two versions share does.
 *
 * Returns: (transfer full): of PvPiece, in order, at least one.
 */
GArray *pv_pieces_split(const void *data, gsize size);
