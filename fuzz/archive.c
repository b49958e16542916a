/* SPDX-License-Identifier: Apache-2.0 */
/* The outer tar of an image archive: what it finds lies inside the file. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "oci/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "index.json", "manifest.json", "a",
					     "./b/../c",   "link",          "/abs" };
	g_autoptr(PvArchive) archive = NULL;
	int fd = memfd_create("archive", MFD_CLOEXEC);

	g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
	archive = pv_archive_open(fd, "archive", NULL);
	for (gsize i = 0; archive && i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GBytes) bytes = pv_archive_read(archive, names[i], PV_MIB, NULL);
		PvBlobRange range;

		if (!pv_archive_find(archive, names[i], &range))
			continue;
		g_assert_cmpuint(range.offset, <=, size);
		g_assert_cmpuint(range.size, <=, size - range.offset);
		g_assert_nonnull(bytes);
	}
	return 0;
}
