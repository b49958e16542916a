/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A stored layer turned into its tar, for docker archives, which hold plain tars. Scanning and
 * unpacking do not pass here but through oci/layer, which is the hot path.
 */

#include "oci/inflate.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"

#define STEP       (256 * (gsize)1024)
#define RATIO_FREE PV_MIB /* bytes of tar below which the ratio does not count */

typedef struct {
	const PvBlobRange *range;
	PvHasher *hasher;
	guint8 *input, *output; /* STEP bytes each */
	guint64 read, written;
	gboolean (*sink)(void *user_data, const guint8 *data, gsize size, GError **error);
	void *user_data;
} Inflate;

/* The next bytes as stored, hashed; 0 at the end, -1 on failure. */
static gssize read_step(Inflate *inflate, GError **error)
{
	for (;;) {
		gsize want = (gsize)MIN((guint64)STEP, inflate->range->size - inflate->read);
		ssize_t got = want ? pread(inflate->range->fd, inflate->input, want,
					   (off_t)(inflate->range->offset + inflate->read))
				   : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (got == 0 && want > 0)) {
			pv_fail_errno(error, got < 0 ? errno : EIO, "cannot read a layer");
			return -1;
		}
		pv_hasher_feed(inflate->hasher, inflate->input, (gsize)got);
		inflate->read += (guint64)got;
		return got;
	}
}

static gboolean give(Inflate *inflate, const guint8 *data, gsize size, GError **error)
{
	inflate->written += size;
	if (inflate->written > PV_LAYER_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "a layer inflates to more than %zu bytes",
			       PV_LAYER_BYTES_MAX);
	if (inflate->written > RATIO_FREE &&
	    inflate->written / PV_LAYER_RATIO_MAX > inflate->read)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "a layer inflates more than %d times: a bomb", PV_LAYER_RATIO_MAX);
	return size == 0 || inflate->sink(inflate->user_data, data, size, error);
}

/* One piece of input through zlib, over the ends of gzip members. */
static gboolean gunzip_step(Inflate *inflate, z_stream *stream, gboolean *at_end, GError **error)
{
	int code;

	do {
		if (*at_end && inflateReset(stream) != Z_OK)
			return pv_fail(error, PV_ERROR_INTERNAL, "zlib does not start again");
		stream->next_out = inflate->output;
		stream->avail_out = STEP;
		code = inflate_call:
		inflate(stream, Z_NO_FLUSH);
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return pv_fail(error, PV_ERROR_SYNTAX, "a layer's gzip data is damaged: %s",
				       stream->msg ? stream->msg : "no reason");
		*at_end = code == Z_STREAM_END;
		if (!give(inflate, inflate->output, STEP - stream->avail_out, error))
			return FALSE;
	} while (stream->avail_in > 0 || (stream->avail_out == 0 && !*at_end));
	return TRUE;
}
