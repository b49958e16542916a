/* SPDX-License-Identifier: Apache-2.0 */
/* The cataloger apk. */
#include "cataloger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_cataloger(&pv_catalog_apk, data, size);
}
