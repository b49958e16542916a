/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A target's bytes against what is signed of them (specification 5.7): length and every hash of a
 * known kind, counted as the bytes come, so that no more are taken than were signed.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/tuf1_client.h"

struct PvTuf1TargetCheck {
	const PvFileMeta *meta;
	guint64 size;
	PvHasher *sha256, *sha512; /* NULL if that hash is not signed */
};

PvTuf1TargetCheck *pv_tuf1_target_check_new(const PvFileMeta *meta, GError **error)
{
	PvTuf1TargetCheck *check;

	if (meta->sha256.size == 0 && meta->sha512.size == 0)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "neither a sha256 nor a sha512 of the target is signed");
	if (meta->length > PV_BLOB_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "the target has %" G_GUINT64_FORMAT
				    " bytes, at most %zu allowed",
				    meta->length, PV_BLOB_BYTES_MAX);
	check = g_new0(PvTuf1TargetCheck, 1);
	check->meta = meta;
	if (meta->sha256.size > 0)
		check->sha256 = pv_hasher_new(PV_HASH_SHA256);
	if (meta->sha512.size > 0)
		check->sha512 = pv_hasher_new(PV_HASH_SHA512);
	return check;
}

gboolean pv_tuf1_target_check_feed(PvTuf1TargetCheck *check, const void *data, gsize size,
				   GError **error)
{
	if (size > check->meta->length - check->size)
		return pv_fail(error, PV_ERROR_DIGEST,
			       "the target has more than the %" G_GUINT64_FORMAT
			       " bytes that are signed",
			       check->meta->length);
	check->size += size;
	if (check->sha256)
		pv_hasher_feed(check->sha256, data, size);
	if (check->sha512)
		pv_hasher_feed(check->sha512, data, size);
	return TRUE;
}

static gboolean hash_is(PvHasher **hasher, const PvDigest *expected)
{
	PvDigest found;

	if (!*hasher)
		return TRUE;
	found = pv_hasher_finish(g_steal_pointer(hasher));
	return pv_digest_equal(&found, expected);
}

gboolean pv_tuf1_target_check_finish(PvTuf1TargetCheck *check, GError **error)
{
	if (check->size != check->meta->length)
		return pv_fail(error, PV_ERROR_DIGEST,
			       "the target has %" G_GUINT64_FORMAT
			       " bytes, signed are %" G_GUINT64_FORMAT,
			       check->size, check->meta->length);
	return (hash_is(&check->sha256, &check->meta->sha256) &&
		hash_is(&check->sha512, &check->meta->sha512)) ||
	       pv_fail(error, PV_ERROR_DIGEST, "the target is not the one whose hash is signed");
}

void pv_tuf1_target_check_free(PvTuf1TargetCheck *check)
{
	if (!check)
		return;
	pv_hasher_free(check->sha256);
	pv_hasher_free(check->sha512);
	g_free(check);
}

static gboolean feed_file(PvTuf1TargetCheck *check, int fd)
{
	guint8 step[64 * 1024];
	ssize_t got;

	while ((got = read(fd, step, sizeof(step))) > 0) {
		if (!pv_tuf1_target_check_feed(check, step, (gsize)got, NULL))
			return FALSE;
	}
	return got == 0 && pv_tuf1_target_check_finish(check, NULL);
}

gboolean pv_tuf1_target_is_current(const char *path, const PvFileMeta *meta)
{
	g_autoptr(PvTuf1TargetCheck) check = pv_tuf1_target_check_new(meta, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	gboolean current;

	if (fd < 0)
		return FALSE;
	current = check && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		  (guint64)st.st_size == meta->length && feed_file(check, fd);
	close(fd);
	return current;
}
