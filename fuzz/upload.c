/* SPDX-License-Identifier: Apache-2.0 */
/* service/upload: a content type in the first line, a multipart body after it. */
#include <stdint.h>
#include <string.h>

#include "service/upload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	g_autofree char *type = end ? g_strndup((const char *)data, (gsize)(end - data)) : NULL;
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GPtrArray) parts = NULL;

	if (!type)
		return 0;
	body = g_bytes_new(end + 1, size - (gsize)(end + 1 - data));
	parts = pv_upload_parse(type, body, NULL);
	for (guint i = 0; parts && i < parts->len; i++) {
		const PvUploadPart *part = parts->pdata[i];

		g_assert_nonnull(part->filename);
		g_assert_cmpuint(g_bytes_get_size(part->data), <=, size);
	}
	return 0;
}
