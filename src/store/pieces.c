/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Content-defined cutting (a "gear" hash: FastCDC, USENIX ATC 2016): a metadata file of 10,000 tags
 * changes in three places when a tag is added, and only the pieces around those are new. Pieces
 * have 20 KiB on average.
 */

#include "store/pieces.h"

#define CUT_MASK (((guint64)0x3fff) << 50) /* 14 of the highest bits: they see 64 bytes back */

typedef struct {
	guint64 of_byte[256];
} Gear;

/* Fixed pseudo-random numbers: splitmix64 from 1 on. */
static void gear_fill(Gear *gear)
{
	guint64 state = 1;

	for (guint i = 0; i < 256; i++) {
		guint64 z = state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

		z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
		gear->of_byte[i] = z ^ (z >> 31);
	}
}

static gsize next_cut(const Gear *gear, const guint8 *data, gsize size)
{
	gsize end = MIN(size, PV_PIECE_BYTES_MAX);
	guint64 hash = 0;

	/* The hash forgets what is 64 bytes back, so the rest of the minimum need not be read. */
	for (gsize i = PV_PIECE_BYTES_MIN - 64; i < end; i++) {
		hash = (hash << 1) + gear->of_byte[data[i]];
		if (i >= PV_PIECE_BYTES_MIN && !(hash & CUT_MASK))
			return i;
	}
	return end;
}

GArray *pv_pieces_split(const void *data, gsize size)
{
	GArray *pieces = g_array_new(FALSE, FALSE, sizeof(PvPiece));
	const guint8 *bytes = data;
	gsize at = 0;
	Gear gear;

	gear_fill(&gear);
	do {
		gsize length =
			size <= PV_PIECE_BYTES_MAX ? size : next_cut(&gear, bytes + at, size - at);
		PvPiece piece = { at, length, pv_digest_of(PV_HASH_SHA256, bytes + at, length) };

		g_array_append_val(pieces, piece);
		at += length;
	} while (at < size);
	return pieces;
}
