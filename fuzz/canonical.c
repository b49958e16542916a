/* SPDX-License-Identifier: Apache-2.0 */
/* base/canonical: what it accepts jansson accepts; the canonical form is a fixed point. */
#include <jansson.h>
#include <stdint.h>

#include "base/canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) text = g_bytes_new(data, size);
	g_autoptr(PvDocument) document = pv_document_parse(text, "fuzz", NULL);
	g_autoptr(GBytes) canonical = NULL, again = NULL, file = NULL;
	g_autoptr(PvDocument) twice = NULL;
	json_t *oracle;

	if (!document)
		return 0;
	oracle = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			    NULL);
	g_assert_nonnull(oracle);
	json_decref(oracle);
	canonical = pv_node_canonical(pv_document_root(document));
	file = pv_canonical_file_form(canonical, NULL);
	if (!file)
		return 0; /* a raw control character: not to be written */
	twice = pv_document_parse(file, "file form", NULL);
	g_assert_nonnull(twice);
	again = pv_node_canonical(pv_document_root(twice));
	g_assert_true(g_bytes_equal(canonical, again));
	return 0;
}
