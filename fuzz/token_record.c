/* SPDX-License-Identifier: Apache-2.0 */
/* trust/token_keys: the record of a key on a token; the first line is the id that is its name. */
#include <stdint.h>
#include <string.h>

#include "trust/token_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', MIN(size, 80)) : NULL;
	g_autofree char *id = end ? g_strndup((const char *)data, (gsize)(end - data)) : NULL;
	g_autoptr(GBytes) text = NULL;
	g_autoptr(PvStoredKey) key = NULL;

	if (!id)
		return 0;
	text = g_bytes_new(end + 1, size - (gsize)(end + 1 - data));
	key = pv_token_key_parse(text, "record", id, NULL);
	if (!key)
		return 0;
	g_assert_cmpstr(pv_public_key_id(key->public), ==, id);
	g_assert_nonnull(key->uri);
	g_assert_nonnull(key->file->role);
	g_assert_nonnull(pv_token_origin_name(key->origin));
	return 0;
}
