/* SPDX-License-Identifier: Apache-2.0 */
/* References and sources: what is accepted and written again reads as the same name. */
#include <stdint.h>
#include <string.h>

#include "oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(PvReference) reference = { 0 }, again = { 0 };
	g_auto(PvSource) source = { 0 };
	g_autofree char *written = NULL, *repository = NULL, *second = NULL;

	if (pv_source_parse(text, &source, NULL) && source.kind != PV_SOURCE_REGISTRY)
		g_assert_true(source.kind == PV_SOURCE_STDIN || *source.path);
	if (!pv_reference_parse(text, &reference, NULL))
		return 0;
	written = pv_reference_format(&reference);
	g_assert_true(pv_reference_parse(written, &again, NULL));
	second = pv_reference_format(&again);
	g_assert_cmpstr(written, ==, second);
	repository = pv_reference_repository(&reference);
	g_assert_true(g_str_has_prefix(written, repository));
	g_assert_true(reference.tag || reference.has_digest);
	return 0;
}
