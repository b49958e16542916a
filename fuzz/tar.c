/* SPDX-License-Identifier: Apache-2.0 */
/* The tar reader, fed in steps of a size that the input chooses: names never leave the root. */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "oci/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *path)
{
	g_autofree char *framed = g_strconcat("/", path, "/", NULL);

	g_assert_cmpuint(strlen(path), <, PV_TAR_PATH_BYTES_MAX);
	g_assert_true(!strstr(framed, "/../") && !strstr(framed, "/./"));
	g_assert_true(!*path || !strstr(framed, "//"));
}

static void check(const PvTarEvent *event)
{
	if (event->type != PV_TAR_ENTRY)
		return;
	check_path(event->entry->path);
	if (event->entry->type == PV_TAR_HARDLINK)
		check_path(event->entry->link);
	g_assert_cmpuint(event->entry->mode, <=, 07777);
	for (guint i = 0; i < event->entry->xattr_count; i++)
		g_assert_cmpuint(strlen(event->entry->xattrs[i].name), <=,
				 PV_TAR_XATTR_NAME_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(PvTar) tar = pv_tar_new();
	size_t step = size ? 1 + 37 * (size_t)data[0] : 1;

	for (size_t at = 0; at < size; at += step) {
		const guint8 *piece = data + at;
		gsize left = MIN(step, size - at);
		PvTarEvent event;

		do {
			if (!pv_tar_step(tar, &piece, &left, &event, NULL))
				return 0;
			check(&event);
		} while (event.type != PV_TAR_MORE);
	}
	pv_tar_finish(tar, NULL);
	return 0;
}
