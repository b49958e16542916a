/* SPDX-License-Identifier: Apache-2.0 */
/* pv_time_parse(): what is accepted and written again reads as the same moment. */
#include <stdint.h>
#include <string.h>

#include "base/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[PV_TIME_TEXT_SIZE];
	PvTime time, again;

	if (!pv_time_parse((const char *)data, size, &time, NULL))
		return 0;
	if (time.seconds < -62135596800 || time.seconds > 253402300799)
		return 0; /* an offset moved it out of years 1 … 9999 */
	pv_time_format(time, text);
	g_assert_true(pv_time_parse(text, strlen(text), &again, NULL));
	g_assert_cmpint(pv_time_compare(time, again), ==, 0);
	return 0;
}
