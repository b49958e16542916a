/* SPDX-License-Identifier: Apache-2.0 */

/* A passphrase or PIN from a file or a descriptor, read straight into locked memory. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/secret.h"

static int open_source(const char *source, GError **error)
{
	guint64 number;
	int fd;

	if (!g_str_has_prefix(source, "fd:")) {
		fd = open(source, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			pv_fail_errno(error, errno, "%s", source);
		return fd;
	}
	if (!g_ascii_string_to_unsigned(source + strlen("fd:"), 10, 0, G_MAXINT, &number, NULL)) {
		pv_fail(error, PV_ERROR_USAGE, "\"%.64s\": expected fd:NUMBER or a file", source);
		return -1;
	}
	fd = fcntl((int)number, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		pv_fail_errno(error, errno, "secret from %s", source);
	return fd;
}

PvSecret *pv_secret_read(const char *source, GError **error)
{
	int fd = open_source(source, error);
	g_autoptr(PvSecret) buffer = NULL;
	gsize used = 0;
	ssize_t got = 1;

	if (fd < 0)
		return NULL;
	buffer = pv_secret_new(PV_PASSPHRASE_BYTES_MAX + 1);
	while (got != 0 && used < buffer->size && !memchr(buffer->data, '\n', used)) {
		got = read(fd, buffer->data + used, buffer->size - used);
		if (got < 0 && errno != EINTR) {
			pv_fail_errno(error, errno, "secret from %s", source);
			close(fd);
			return NULL;
		}
		used += got > 0 ? (gsize)got : 0;
	}
	close(fd);
	used = strcspn(buffer->data, "\r\n");
	if (used > PV_PASSPHRASE_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "secret from %s: more than %d bytes",
				    source, PV_PASSPHRASE_BYTES_MAX);
	return pv_secret_new_copy(buffer->data, used);
}
