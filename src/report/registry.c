/* SPDX-License-Identifier: Apache-2.0 */

/* The list of report formats. To add one, add a row. */

#include <string.h>

#include "report/formats.h"

const PvReportFormat *const pv_report_formats[] = {
	&pv_report_table,
	&pv_report_json,
};

const gsize pv_report_formats_count = G_N_ELEMENTS(pv_report_formats);

const PvReportFormat *pv_report_format(const char *name)
{
	for (gsize i = 0; i < pv_report_formats_count; i++) {
		if (strcmp(pv_report_formats[i]->name, name) == 0)
			return pv_report_formats[i];
	}
	return NULL;
}
