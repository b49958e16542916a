/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stored layer turned into its tar, for docker archives, which hold plain tars. Scanning and
 * unpacking do not pass here but through oci/layer, which also walks the tar.
 */

#include "oci/inflate.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "oci/decompress.h"

#define STEP (256 * (gsize)1024)

/* The next bytes as stored; 0 at the end, -1 on failure. */
static gssize read_step(const PvBlobRange *range, guint64 at, guint8 *input, GError **error)
{
	gsize want = (gsize)MIN((guint64)STEP, range->size - at);
	gssize got;

	if (want == 0)
		return 0;
	do {
		got = pread(range->fd, input, want, (off_t)(range->offset + at));
	} while (got < 0 && errno == EINTR);
	if (got <= 0) {
		pv_fail_errno(error, got < 0 ? errno : EIO, "cannot read a layer");
		return -1;
	}
	return got;
}

gboolean pv_inflate_range(const PvBlobRange *range, PvHash hash,
			  gboolean (*sink)(void *user_data, const guint8 *data, gsize size,
					   GError **error),
			  void *user_data, PvDigest *ret_stored, GError **error)
{
	g_autoptr(PvDecompress) decompress = pv_decompress_new();
	g_autoptr(PvHasher) hasher = pv_hasher_new(hash);
	g_autofree guint8 *input = g_malloc(STEP);
	guint64 at = 0;
	gssize got;

	while ((got = read_step(range, at, input, error)) > 0) {
		const guint8 *data;
		gsize size;

		at += (guint64)got;
		pv_hasher_feed(hasher, input, (gsize)got);
		pv_decompress_feed(decompress, input, (gsize)got);
		do {
			if (!pv_decompress_next(decompress, &data, &size, error) ||
			    (size > 0 && !sink(user_data, data, size, error)))
				return FALSE;
		} while (size > 0);
	}
	if (got < 0 || !pv_decompress_finish(decompress, error))
		return FALSE;
	*ret_stored = pv_hasher_finish(g_steal_pointer(&hasher));
	return TRUE;
}
