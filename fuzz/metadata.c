/* SPDX-License-Identifier: Apache-2.0 */
/* tuf/notary: role and metadata; what is accepted can be written again and reads the same. */
#include <stdint.h>
#include <string.h>

#include "tuf/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
