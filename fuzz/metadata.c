/* SPDX-License-Identifier: Apache-2.0 */
/* tuf/notary: role and metadata; what is accepted can be written again and reads the same, and what
 * is read by heart says what it says as any JSON. */
#include <stdint.h>
#include <string.h>

#include "tuf/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean is_equal(const PvFileMeta *a, const PvFileMeta *b)
{
	return a->length == b->length && pv_digest_equal(&a->sha256, &b->sha256) &&
	       pv_digest_equal(&a->sha512, &b->sha512) && !a->custom == !b->custom;
}

/* A blank after the brace makes each file's description one that is not known by heart. */
static void compare_spaced(const char *role, GBytes *file, const PvMetadata *metadata)
{
	gsize size;
	const char *text = g_bytes_get_data(file, &size);
	g_autoptr(GString) spaced = g_string_new_len(text, (gssize)size);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(PvMetadata) general = NULL;
	GHashTableIter iter;
	void *name;
	PvFileMeta *meta;

	g_string_replace(spaced, "{\"hashes\":", "{ \"hashes\":", 0);
	bytes = g_bytes_new(spaced->str, spaced->len);
	general = pv_metadata_parse(role, bytes, NULL);
	g_assert_true(!general == !metadata);
	if (!metadata)
		return;
	g_assert_cmpuint(g_hash_table_size(general->files), ==, g_hash_table_size(metadata->files));
	g_hash_table_iter_init(&iter, metadata->files);
	while (g_hash_table_iter_next(&iter, &name, (void **)&meta))
		g_assert_true(is_equal(meta, g_hash_table_lookup(general->files, name)));
}

/* The first line names the role. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', MIN(size, 300)) : NULL;
	g_autofree char *role = end ? g_strndup((const char *)data, (gsize)(end - data)) : NULL;
	g_autoptr(GBytes) file = NULL, again = NULL;
	g_autoptr(PvMetadata) metadata = NULL, twice = NULL;

	if (!role)
		return 0;
	file = g_bytes_new(end + 1, size - (gsize)(end + 1 - data));
	metadata = pv_metadata_parse(role, file, NULL);
	compare_spaced(role, file, metadata);
	if (!metadata)
		return 0;
	pv_metadata_check_expiry(metadata, pv_time_now(), NULL);
	again = pv_metadata_write_file(metadata->canonical, metadata->signatures, NULL);
	if (!again)
		return 0; /* a control character: not to be written */
	twice = pv_metadata_parse(role, again, NULL);
	g_assert_nonnull(twice);
	g_assert_true(g_bytes_equal(metadata->canonical, twice->canonical));
	return 0;
}
