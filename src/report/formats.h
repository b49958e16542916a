/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "report/report.h"

/* One format a file; each has its row in registry.c. */
extern const PvReportFormat pv_report_json;
extern const PvReportFormat pv_report_table;
