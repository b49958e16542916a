/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How a blob gets into a layout: into ingest/ first, hashed as it is written, and renamed to
 * blobs/ once its length and digest are right and it is on disk. A process that dies in between
 * leaves a beginning, which the next one hashes and continues.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "oci/layout_private.h"

#define COPY_BYTES (256 * (gsize)1024)
#define SYNC_BYTES (8 * PV_MIB) /* after so many, writing to disk is begun */

struct PvIngest {
	PvLayout *layout;
	PvDescriptor descriptor;
	char *path; /* in ingest/ */
	int fd;
	guint64 offset, synced;
	PvHasher *hasher;
};

void pv_ingest_free(PvIngest *ingest)
{
	if (ingest->fd >= 0 && ingest->offset == 0)
		unlink(ingest->path);
	if (ingest->fd >= 0)
		close(ingest->fd);
	g_clear_pointer(&ingest->hasher, pv_hasher_free);
	g_free(ingest->path);
	g_free(ingest);
}

guint64 pv_ingest_offset(const PvIngest *ingest)
{
	return ingest->offset;
}

/* Opens and locks the file; another process may have renamed it away while we waited. */
static gboolean open_locked(PvIngest *ingest, GError **error)
{
	for (;;) {
		struct stat held, named;

		ingest->fd = open(ingest->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (ingest->fd < 0)
			return pv_fail_errno(error, errno, "%s: cannot write", ingest->path);
		while (flock(ingest->fd, LOCK_EX) < 0) {
			if (errno != EINTR)
				return pv_fail_errno(error, errno, "%s: cannot lock", ingest->path);
		}
		if (fstat(ingest->fd, &held) == 0 && stat(ingest->path, &named) == 0 &&
		    held.st_ino == named.st_ino && held.st_dev == named.st_dev)
			return S_ISREG(held.st_mode) ||
			       pv_fail(error, PV_ERROR_IO, "%s: not a regular file", ingest->path);
		close(ingest->fd);
		ingest->fd = -1;
	}
}

gboolean pv_ingest_restart(PvIngest *ingest, GError **error)
{
	if (ftruncate(ingest->fd, 0) < 0)
		return pv_fail_errno(error, errno, "%s: cannot truncate", ingest->path);
	pv_hasher_free(ingest->hasher);
	ingest->hasher = pv_hasher_new(ingest->descriptor.digest.hash);
	ingest->offset = 0;
	ingest->synced = 0;
	return TRUE;
}

static gboolean hash_present(PvIngest *ingest, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(COPY_BYTES);

	for (;;) {
		ssize_t got = pread(ingest->fd, buffer, COPY_BYTES, (off_t)ingest->offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pv_fail_errno(error, errno, "%s: cannot read", ingest->path);
		if (got == 0)
			return TRUE;
		pv_hasher_feed(ingest->hasher, buffer, (gsize)got);
		ingest->offset += (guint64)got;
		if (ingest->offset > ingest->descriptor.size)
			return pv_ingest_restart(ingest, error);
	}
}

PvIngest *pv_ingest_open(PvLayout *layout, const PvDescriptor *descriptor, GError **error)
{
	g_autoptr(PvIngest) ingest = g_new0(PvIngest, 1);
	char digest[PV_DIGEST_TEXT_SIZE];

	pv_digest_format(&descriptor->digest, digest);
	*strchr(digest, ':') = '-';
	ingest->fd = -1;
	ingest->layout = layout;
	ingest->descriptor = *descriptor;
	ingest->path = g_build_filename(layout->directory, PV_LAYOUT_INGEST, digest, NULL);
	ingest->hasher = pv_hasher_new(descriptor->digest.hash);
	if (!open_locked(ingest, error) || !hash_present(ingest, error))
		return NULL;
	return g_steal_pointer(&ingest);
}

gboolean pv_ingest_feed(PvIngest *ingest, const guint8 *data, gsize size, GError **error)
{
	gsize rest = size;

	if (size > ingest->descriptor.size - ingest->offset)
		return pv_fail(error, PV_ERROR_DIGEST,
			       "blob is longer than the %" G_GUINT64_FORMAT
			       " bytes its manifest says",
			       ingest->descriptor.size);
	while (rest > 0) {
		ssize_t put = pwrite(ingest->fd, data + (size - rest), rest, (off_t)ingest->offset);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return pv_fail_errno(error, errno, "%s: cannot write", ingest->path);
		pv_hasher_feed(ingest->hasher, data + (size - rest), (gsize)put);
		ingest->offset += (guint64)put;
		rest -= (gsize)put;
	}
	if (ingest->offset - ingest->synced >= SYNC_BYTES) {
		/* So that little is left to wait for at the end; a hint, its failure is fdatasync's. */
		(void)sync_file_range(ingest->fd, (off_t)ingest->synced,
				      (off_t)(ingest->offset - ingest->synced),
				      SYNC_FILE_RANGE_WRITE);
		ingest->synced = ingest->offset;
	}
	return TRUE;
}

static gboolean check_content(PvIngest *ingest, GError **error)
{
	char wanted[PV_DIGEST_TEXT_SIZE], found[PV_DIGEST_TEXT_SIZE];
	PvDigest digest;

	pv_digest_format(&ingest->descriptor.digest, wanted);
	if (ingest->offset != ingest->descriptor.size)
		return pv_fail(error, PV_ERROR_DIGEST,
			       "blob %s has %" G_GUINT64_FORMAT " bytes, its manifest says "
			       "%" G_GUINT64_FORMAT,
			       wanted, ingest->offset, ingest->descriptor.size);
	digest = pv_hasher_finish(g_steal_pointer(&ingest->hasher));
	if (pv_digest_equal(&digest, &ingest->descriptor.digest))
		return TRUE;
	pv_digest_format(&digest, found);
	return pv_fail(error, PV_ERROR_DIGEST, "blob %s was changed: its bytes have the digest %s",
		       wanted, found);
}

gboolean pv_ingest_commit(PvIngest *ingest, GError **error)
{
	g_autofree char *target = pv_layout_blob_path(ingest->layout, &ingest->descriptor.digest);

	if (!check_content(ingest, error)) {
		ingest->offset = 0; /* removed when it is freed */
		return FALSE;
	}
	if (fdatasync(ingest->fd) < 0)
		return pv_fail_errno(error, errno, "%s: cannot write", ingest->path);
	if (ingest->descriptor.digest.hash == PV_HASH_SHA512) {
		g_autofree char *directory = g_path_get_dirname(target);

		if (!pv_file_make_directory(directory, 0755, error))
			return FALSE;
	}
	if (rename(ingest->path, target) < 0)
		return pv_fail_errno(error, errno, "%s: cannot store", target);
	close(ingest->fd);
	ingest->fd = -1;
	return TRUE;
}

static gboolean feed_range(PvIngest *ingest, const PvBlobRange *range, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(COPY_BYTES);

	while (ingest->offset < range->size) {
		gsize want = (gsize)MIN((guint64)COPY_BYTES, range->size - ingest->offset);
		ssize_t got =
			pread(range->fd, buffer, want, (off_t)(range->offset + ingest->offset));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return pv_fail_errno(error, errno, "cannot read a blob");
		if (got == 0)
			return TRUE; /* too short: commit says so */
		if (!pv_ingest_feed(ingest, buffer, (gsize)got, error))
			return FALSE;
	}
	return TRUE;
}

gboolean pv_ingest_copy(PvLayout *layout, const PvDescriptor *descriptor, const PvBlobRange *range,
			GError **error)
{
	g_autoptr(PvIngest) ingest = NULL;

	if (pv_layout_has(layout, descriptor))
		return TRUE;
	ingest = pv_ingest_open(layout, descriptor, error);
	return ingest && pv_ingest_restart(ingest, error) && feed_range(ingest, range, error) &&
	       pv_ingest_commit(ingest, error);
}
