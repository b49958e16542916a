/* SPDX-License-Identifier: Apache-2.0 */
/* tuf/index: the bytes of an index, and a file that it is said to be of. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tuf/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_through(PvIndexEntry *entry, int fd)
{
	static const char *const names[] = { "", "v1", "v2", "v3", "zz" };
	g_autoptr(PvMetadata) skeleton = NULL;
	gboolean renewed;

	if (!entry->places)
		return;
	pv_index_entry_is_of(entry, fd, G_MAXINT64, &renewed);
	skeleton = pv_index_skeleton(entry, fd, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		PvFileMeta *meta = NULL;

		if (pv_index_find(entry, fd, names[i], &meta, NULL))
			pv_file_meta_free(meta);
	}
}

static GBytes *with_sum(const uint8_t *data, size_t size)
{
	GByteArray *bytes = g_byte_array_new();
	PvDigest sum = pv_digest_of(PV_HASH_SHA256, data, size);

	g_byte_array_append(bytes, data, (guint)size);
	g_byte_array_append(bytes, sum.raw, sum.size);
	return g_byte_array_free_to_bytes(bytes);
}

/* The first two bytes say how many of the others are the index; its sum is put behind it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length = size < 2 ? 0 : (size_t)data[0] + 256 * (size_t)data[1];
	g_autoptr(GBytes) bytes = NULL, again = NULL;
	g_autoptr(GHashTable) index = NULL, twice = NULL;
	GHashTableIter iter;
	PvIndexEntry *entry;
	int fd;

	if (size < 2 || length > size - 2)
		return 0;
	bytes = length % 7 == 6 ? g_bytes_new(data + 2, length) : with_sum(data + 2, length);
	index = pv_index_parse(bytes, NULL);
	if (!index)
		return 0;
	again = pv_index_write(index);
	twice = pv_index_parse(again, NULL);
	g_assert_nonnull(twice);
	g_assert_cmpuint(g_hash_table_size(twice), ==, g_hash_table_size(index));
	fd = memfd_create("metadata", MFD_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(write(fd, data + 2 + length, size - 2 - length), ==,
			(ssize_t)(size - 2 - length));
	g_hash_table_iter_init(&iter, index);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&entry))
		read_through(entry, fd);
	close(fd);
	return 0;
}
