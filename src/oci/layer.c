/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one pass through a layer: stored bytes → digest → inflate → diff id → tar → sinks. Nothing
 * is read twice and nothing is kept but fixed buffers. design.md section 3; OCI image-spec 1.1,
 * layer.md and config.md ("Layer DiffID").
 */

#include "oci/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "oci/decompress.h"
#include "oci/tar.h"

#define CHUNK_BYTES (256 * PV_KIB) /* read at a time */

typedef struct {
	int fd;
	guint64 offset, size, done;
	const PvLayerSink *sinks;
	guint sink_count;
	guint64 wanted; /* bit i: sink i wants the content of the present entry */
	guint64 tar_size;
	PvDecompress *decompress;
	PvTar *tar;
	PvHasher *stored, *plain;
	guint8 *chunk;
} Reader;

static gboolean give_entry(Reader *reader, const PvTarEntry *entry, GError **error)
{
	reader->wanted = 0;
	for (guint i = 0; i < reader->sink_count; i++) {
		const PvLayerSink *sink = &reader->sinks[i];

		if (!sink->entry(sink->sink, entry, error))
			return FALSE;
		if (entry->type == PV_TAR_FILE && entry->whiteout == PV_WHITEOUT_NONE &&
		    (!sink->wants || sink->wants(sink->sink, entry)))
			reader->wanted |= (guint64)1 << i;
	}
	return TRUE;
}

static gboolean give_event(Reader *reader, const PvTarEvent *event, GError **error)
{
	if (event->type == PV_TAR_ENTRY)
		return give_entry(reader, event->entry, error);
	for (guint i = 0; i < reader->sink_count; i++) {
		const PvLayerSink *sink = &reader->sinks[i];

		if (!(reader->wanted & (guint64)1 << i))
			continue;
		if (event->type == PV_TAR_CONTENT && sink->content &&
		    !sink->content(sink->sink, event->data, event->size, error))
			return FALSE;
		if (event->type == PV_TAR_END && sink->end && !sink->end(sink->sink, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean walk(Reader *reader, const guint8 *data, gsize size, GError **error)
{
	PvTarEvent event;

	pv_hasher_feed(reader->plain, data, size);
	reader->tar_size += size;
	do {
		if (!pv_tar_step(reader->tar, &data, &size, &event, error))
			return FALSE;
		if (event.type != PV_TAR_MORE && !give_event(reader, &event, error))
			return FALSE;
	} while (event.type != PV_TAR_MORE);
	return TRUE;
}

/* The next stored bytes; 0 of them only at the end. */
static gboolean read_chunk(Reader *reader, gsize *ret_size, GError **error)
{
	gsize want = (gsize)MIN((guint64)CHUNK_BYTES, reader->size - reader->done);
	ssize_t got = 0;

	while (want > 0) {
		got = pread(reader->fd, reader->chunk, want,
			    (off_t)(reader->offset + reader->done));
		if (got >= 0 || errno != EINTR)
			break;
	}
	if (got < 0)
		return pv_fail_errno(error, errno, "cannot read the layer");
	if (got == 0 && want > 0)
		return pv_fail(error, PV_ERROR_IO,
			       "the layer's file ends %" G_GUINT64_FORMAT " bytes early",
			       reader->size - reader->done);
	reader->done += (guint64)got;
	*ret_size = (gsize)got;
	return TRUE;
}

static gboolean read_all(Reader *reader, GError **error)
{
	const guint8 *data;
	gsize stored, size;

	for (;;) {
		if (!read_chunk(reader, &stored, error))
			return FALSE;
		if (stored == 0)
			return pv_decompress_finish(reader->decompress, error) &&
			       pv_tar_finish(reader->tar, error);
		pv_hasher_feed(reader->stored, reader->chunk, stored);
		pv_decompress_feed(reader->decompress, reader->chunk, stored);
		do {
			if (!pv_decompress_next(reader->decompress, &data, &size, error) ||
			    !walk(reader, data, size, error))
				return FALSE;
		} while (size > 0);
	}
}

static gboolean check_size(guint64 offset, guint64 size, GError **error)
{
	if (size > PV_BLOB_BYTES_MAX || offset > G_MAXINT64 - size)
		return pv_fail(error, PV_ERROR_LIMIT, "a layer of more than %zu bytes",
			       PV_BLOB_BYTES_MAX);
	return TRUE;
}

gboolean pv_layer_hash(int fd, guint64 offset, guint64 size, PvHash hash, PvDigest *ret_digest,
		       GError **error)
{
	g_autoptr(PvHasher) hasher = pv_hasher_new(hash);
	g_autofree guint8 *chunk = g_malloc(CHUNK_BYTES);
	Reader reader = { .fd = fd, .offset = offset, .size = size, .chunk = chunk };
	gsize stored;

	if (!check_size(offset, size, error))
		return FALSE;
	do {
		if (!read_chunk(&reader, &stored, error))
			return FALSE;
		pv_hasher_feed(hasher, chunk, stored);
	} while (stored > 0);
	*ret_digest = pv_hasher_finish(g_steal_pointer(&hasher));
	return TRUE;
}

gboolean pv_layer_read(int fd, guint64 offset, guint64 size, const char *media_type,
		       const PvLayerSink *sinks, guint sink_count, PvLayerResult *ret_result,
		       GError **error)
{
	g_autoptr(PvDecompress) decompress = pv_decompress_new();
	g_autoptr(PvTar) tar = pv_tar_new();
	g_autoptr(PvHasher) stored = pv_hasher_new(PV_HASH_SHA256);
	g_autoptr(PvHasher) plain = pv_hasher_new(PV_HASH_SHA256);
	g_autofree guint8 *chunk = g_malloc(CHUNK_BYTES);
	Reader reader = { .fd = fd,
			  .offset = offset,
			  .size = size,
			  .sinks = sinks,
			  .sink_count = sink_count,
			  .decompress = decompress,
			  .tar = tar,
			  .stored = stored,
			  .plain = plain,
			  .chunk = chunk };

	g_return_val_if_fail(sink_count <= 64, FALSE);
	if (!check_size(offset, size, error))
		return FALSE;
	posix_fadvise(fd, (off_t)offset, (off_t)size, POSIX_FADV_SEQUENTIAL);
	if (!read_all(&reader, error))
		return FALSE;
	*ret_result = (PvLayerResult){ .digest = pv_hasher_finish(g_steal_pointer(&stored)),
				       .diff_id = pv_hasher_finish(g_steal_pointer(&plain)),
				       .size = size,
				       .tar_size = reader.tar_size,
				       .entries = pv_tar_entries(tar) };
	return TRUE;
}
