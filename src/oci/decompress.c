/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The inflating step of the layer stream: ISA-L for gzip, since inflating is most of the work of a
 * scan and it is twice as fast as zlib; libzstd; and plain bytes passed through. Bounded in memory
 * (fixed buffers, a bounded zstd window) and in what may come out. RFC 1952 (gzip), RFC 8878 (zstd).
 */

#include "oci/decompress.h"

#include <isa-l/igzip_lib.h>
#include <string.h>
#include <zstd.h>

#include "base/error.h"
#include "base/limits.h"

#define STEP_BYTES (256 * PV_KIB) /* of output at a time: stays in the second-level cache */

typedef enum { UNKNOWN, PLAIN, GZIP, ZSTD } Kind;

struct PvDecompress {
	Kind kind;
	guint8 head[4]; /* the first bytes, when they come one by one */
	guint head_size;
	gboolean head_pending;
	const guint8 *data;
	gsize size;
	guint64 fed, given;
	gboolean inside; /* of a member or frame */
	struct inflate_state *gzip;
	ZSTD_DStream *zstd;
	guint8 *output; /* STEP_BYTES */
};

PvDecompress *pv_decompress_new(void)
{
	return g_new0(PvDecompress, 1);
}

void pv_decompress_free(PvDecompress *decompress)
{
	if (!decompress)
		return;
	ZSTD_freeDStream(decompress->zstd);
	g_free(decompress->gzip);
	g_free(decompress->output);
	g_free(decompress);
}

void pv_decompress_feed(PvDecompress *decompress, const guint8 *data, gsize size)
{
	decompress->data = data;
	decompress->size = size;
	decompress->fed += size;
}

static gboolean start(PvDecompress *decompress, Kind kind, GError **error)
{
	decompress->kind = kind;
	decompress->head_pending = TRUE;
	if (kind == PLAIN)
		return TRUE;
	decompress->output = g_malloc(STEP_BYTES);
	decompress->inside = TRUE;
	if (kind == GZIP) {
		decompress->gzip = g_new0(struct inflate_state, 1);
		isal_inflate_init(decompress->gzip);
		decompress->gzip->crc_flag = ISAL_GZIP;
		return TRUE;
	}
	decompress->zstd = ZSTD_createDStream();
	if (!decompress->zstd ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(decompress->zstd, ZSTD_d_windowLogMax,
						PV_ZSTD_WINDOW_LOG_MAX)))
		return pv_fail(error, PV_ERROR_IO, "zstd does not start: out of memory");
	return TRUE;
}

/* A frame of zstd, or one that zstd skips (zstd:chunked begins or ends with one). */
static gboolean is_zstd(const guint8 *head)
{
	static const guint8 frame[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	return memcmp(head, frame, 4) == 0 ||
	       ((head[0] & 0xf0) == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18);
}

/* Collects the first four bytes and tells the kind by them. */
static gboolean recognise(PvDecompress *decompress, GError **error)
{
	while (decompress->head_size < 4 && decompress->size > 0) {
		decompress->head[decompress->head_size++] = *decompress->data++;
		decompress->size--;
	}
	if (decompress->head_size < 4)
		return TRUE;
	if (decompress->head[0] == 0x1f && decompress->head[1] == 0x8b)
		return start(decompress, GZIP, error);
	return start(decompress, is_zstd(decompress->head) ? ZSTD : PLAIN, error);
}

static const char *gzip_reason(int code)
{
	switch (code) {
	case ISAL_INVALID_BLOCK:
		return "an invalid block";
	case ISAL_INVALID_SYMBOL:
		return "an invalid symbol";
	case ISAL_INVALID_LOOKBACK:
		return "a reference before the beginning";
	case ISAL_INVALID_WRAPPER:
		return "no gzip header where one belongs";
	case ISAL_INCORRECT_CHECKSUM:
		return "a wrong checksum";
	default:
		return "an unknown method";
	}
}

static gboolean next_gzip(PvDecompress *decompress, const guint8 **from, gsize *left,
			  gsize *ret_size, GError **error)
{
	struct inflate_state *state = decompress->gzip;
	int code;

	if (!decompress->inside) { /* another member */
		isal_inflate_reset(state);
		state->crc_flag = ISAL_GZIP;
		decompress->inside = TRUE;
	}
	state->next_in = (guint8 *)(guintptr)*from; /* ISA-L reads it only */
	state->avail_in = (guint32)MIN(*left, (gsize)1 << 30);
	state->next_out = decompress->output;
	state->avail_out = (guint32)STEP_BYTES;
	code = isal_inflate(state);
	if (code < 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "gzip data is damaged: %s",
			       gzip_reason(code));
	*left -= (gsize)(state->next_in - *from);
	*from = state->next_in;
	*ret_size = STEP_BYTES - state->avail_out;
	decompress->inside = state->block_state != ISAL_BLOCK_FINISH;
	return TRUE;
}

static gboolean next_zstd(PvDecompress *decompress, const guint8 **from, gsize *left,
			  gsize *ret_size, GError **error)
{
	ZSTD_inBuffer in = { *from, *left, 0 };
	ZSTD_outBuffer out = { decompress->output, STEP_BYTES, 0 };
	size_t code = ZSTD_decompressStream(decompress->zstd, &out, &in);

	if (ZSTD_isError(code))
		return pv_fail(error, PV_ERROR_SYNTAX, "zstd data is damaged: %s",
			       ZSTD_getErrorName(code));
	*from += in.pos;
	*left -= in.pos;
	*ret_size = out.pos;
	decompress->inside = code != 0;
	return TRUE;
}

/* One call of the library on @from; output may be still in it when no input is left. */
static gboolean next_step(PvDecompress *decompress, const guint8 **from, gsize *left,
			  const guint8 **ret_data, gsize *ret_size, GError **error)
{
	*ret_data = decompress->output;
	if (decompress->kind == GZIP)
		return next_gzip(decompress, from, left, ret_size, error);
	if (decompress->kind == ZSTD)
		return next_zstd(decompress, from, left, ret_size, error);
	*ret_data = *from;
	*ret_size = *left;
	*from += *left;
	*left = 0;
	return TRUE;
}

static gboolean check_bounds(PvDecompress *decompress, gsize size, GError **error)
{
	decompress->given += size;
	if (decompress->given > PV_LAYER_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "the layer inflates to more than %zu bytes",
			       PV_LAYER_BYTES_MAX);
	if (decompress->given > PV_LAYER_RATIO_FREE &&
	    decompress->given / PV_LAYER_RATIO_MAX > decompress->fed)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "the layer inflates more than %d times: a decompression bomb",
			       PV_LAYER_RATIO_MAX);
	return TRUE;
}

gboolean pv_decompress_next(PvDecompress *decompress, const guint8 **ret_data, gsize *ret_size,
			    GError **error)
{
	const guint8 *data = NULL;
	gsize size = 0;

	if (decompress->kind == UNKNOWN && !recognise(decompress, error))
		return FALSE;
	while (decompress->kind != UNKNOWN && size == 0) {
		const guint8 *head = decompress->head;
		gsize head_size = decompress->head_size, before;
		gboolean from_head = decompress->head_pending;
		gboolean flushing = decompress->kind != PLAIN && decompress->inside;

		if (!from_head && decompress->size == 0 && !flushing)
			break;
		before = from_head ? head_size : decompress->size;
		if (!next_step(decompress, from_head ? &head : &decompress->data,
			       from_head ? &head_size : &decompress->size, &data, &size, error))
			return FALSE;
		if (from_head) { /* four bytes are never a whole member, so all are used */
			decompress->head_pending = FALSE;
			continue;
		}
		if (size == 0 && decompress->size == before)
			break; /* nothing moved: it waits for input */
	}
	if (!check_bounds(decompress, size, error))
		return FALSE;
	*ret_data = data;
	*ret_size = size;
	return TRUE;
}

gboolean pv_decompress_finish(PvDecompress *decompress, GError **error)
{
	if (decompress->kind == UNKNOWN && decompress->head_size > 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "the layer is cut off after %u bytes",
			       decompress->head_size);
	if (decompress->inside)
		return pv_fail(error, PV_ERROR_SYNTAX, "the compressed layer is cut off");
	return TRUE;
}
