/* SPDX-License-Identifier: Apache-2.0 */
/* What docker save wrote: an image whose manifest can be read again. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "oci/docker_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { NULL, "debian:12", "nobody:here" };
	g_autoptr(PvArchive) archive = NULL;
	int fd = memfd_create("archive", MFD_CLOEXEC);

	g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
	archive = pv_archive_open(fd, "archive", NULL);
	for (gsize i = 0; archive && i < G_N_ELEMENTS(names); i++) {
		g_autoptr(PvDockerArchive) image = pv_docker_archive_read(archive, names[i], NULL);
		g_autoptr(PvManifest) manifest = NULL;

		if (!image)
			continue;
		manifest = pv_manifest_parse(image->manifest, NULL, "manifest", NULL);
		g_assert_nonnull(manifest);
		g_assert_cmpuint(manifest->layer_count, ==, image->layer_count);
	}
	return 0;
}
