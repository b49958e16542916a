/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "vuln/match.h"

/* What a report tells. */
typedef struct {
	const PvInventory *inventory;
	const PvMatch *match;
	const json_t *database; /* pv_database_about() */
	gboolean colour;
} PvReport;

/* A format is a driver in a file of its own and a row in registry.c. */
typedef struct {
	const char *name;
	const char *description;
	/* (transfer full): the whole report, ending in a newline. */
	char *(*write)(const PvReport *report);
} PvReportFormat;

extern const PvReportFormat *const pv_report_formats[];
extern const gsize pv_report_formats_count;

/* (transfer none): the format called @name, or NULL. */
const PvReportFormat *pv_report_format(const char *name);
