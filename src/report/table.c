/* SPDX-License-Identifier: Apache-2.0 */

/* The report for people: what was looked at, findings worst first, what could not be read. */

#include <string.h>

#include "base/json.h"
#include "base/terminal.h"
#include "report/formats.h"

#define COLUMNS    6
#define COLUMN_MAX 48 /* characters: longer cells are not padded for */

static const char *const headings[COLUMNS] = { "SEVERITY", "ID",    "PACKAGE",
					       "VERSION",  "FIXED", "LAYER" };

static const char *const colours[PV_SEVERITY_COUNT] = {
	[PV_SEVERITY_CRITICAL] = "\033[1;31m",
	[PV_SEVERITY_HIGH] = "\033[31m",
	[PV_SEVERITY_MEDIUM] = "\033[33m",
};

static char **cells_of(const PvFinding *finding)
{
	char **cells = g_new0(char *, COLUMNS + 1);

	cells[0] = g_strdup(pv_severity_name(finding->severity));
	cells[1] = pv_terminal_safe(finding->id);
	cells[2] = pv_terminal_safe(finding->package->name);
	cells[3] = pv_terminal_safe(finding->package->version);
	cells[4] = *finding->fixed ? pv_terminal_safe(finding->fixed) : g_strdup("-");
	cells[5] = g_strdup_printf("%u", finding->package->layer);
	return cells;
}

static void append_row(GString *text, char *const *cells, const gsize *widths, const char *colour)
{
	if (colour)
		g_string_append(text, colour);
	for (guint i = 0; i < COLUMNS; i++) {
		gsize length = strlen(cells[i]);

		g_string_append(text, cells[i]);
		if (i + 1 < COLUMNS)
			g_string_append_printf(text, "%*s",
					       (int)(MAX(widths[i], length) - length) + 2, "");
		if (colour && i == 0)
			g_string_append(text, "\033[0m");
	}
	g_string_append_c(text, '\n');
}

static void append_findings(GString *text, const PvReport *report)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
	gsize widths[COLUMNS];

	if (report->match->findings->len == 0)
		return;
	for (guint i = 0; i < COLUMNS; i++)
		widths[i] = strlen(headings[i]);
	for (guint i = 0; i < report->match->findings->len; i++) {
		char **cells = cells_of(report->match->findings->pdata[i]);

		g_ptr_array_add(rows, cells);
		for (guint k = 0; k < COLUMNS; k++)
			widths[k] = MAX(widths[k], MIN(strlen(cells[k]), (gsize)COLUMN_MAX));
	}
	append_row(text, (char *const *)headings, widths, NULL);
	for (guint i = 0; i < rows->len; i++) {
		const PvFinding *finding = report->match->findings->pdata[i];

		append_row(text, rows->pdata[i], widths,
			   report->colour ? colours[finding->severity] : NULL);
	}
	g_string_append_c(text, '\n');
}

static void append_head(GString *text, const PvReport *report)
{
	const PvInventory *inventory = report->inventory;
	g_autofree char *reference = pv_terminal_safe(inventory->reference);
	g_autofree char *distro = pv_terminal_safe(inventory->distro.pretty_name);
	const char *created = pv_json_string(report->database, "created");

	g_string_append_printf(text, "%s: %s, %u package%s in %u layer%s; advisories of %.10s\n\n",
			       reference, *distro ? distro : "unknown distribution",
			       inventory->packages->len, inventory->packages->len == 1 ? "" : "s",
			       inventory->layers->len, inventory->layers->len == 1 ? "" : "s",
			       created ? created : "unknown date");
}

static void append_sum(GString *text, const PvReport *report)
{
	const PvMatch *match = report->match;
	gboolean first = TRUE;

	g_string_append_printf(text, "%u finding%s", match->findings->len,
			       match->findings->len == 1 ? "" : "s");
	for (int i = PV_SEVERITY_COUNT - 1; i >= 0; i--) {
		if (match->counts[i] == 0)
			continue;
		g_string_append_printf(text, "%s%u %s", first ? ": " : ", ", match->counts[i],
				       pv_severity_name((PvSeverity)i));
		first = FALSE;
	}
	g_string_append_c(text, '\n');
}

static void append_unreadable(GString *text, const PvInventory *inventory)
{
	if (inventory->unreadable->len > 0)
		g_string_append(text, "\nnot read, so nothing is known of it:\n");
	for (guint i = 0; i < inventory->unreadable->len; i++) {
		const PvUnreadable *one = &g_array_index(inventory->unreadable, PvUnreadable, i);
		g_autofree char *path = pv_terminal_safe(one->path);
		g_autofree char *why = pv_terminal_safe(one->why);

		g_string_append_printf(text, "  layer %u: %s: %s\n", one->layer, path, why);
	}
}

/* What no advisory could have been found for: without this an unknown distribution looks clean. */
static void append_unmatched(GString *text, const PvReport *report)
{
	const GArray *unmatched = report->match->unmatched;
	const PvDistro *distro = &report->inventory->distro;
	g_autofree char *id =
		pv_terminal_safe(*distro->id ? distro->id : "an unknown distribution");
	g_autofree char *version = pv_terminal_safe(distro->version_id);

	if (unmatched->len > 0)
		g_string_append(text, "\nnot matched, so nothing is known of them:\n");
	for (guint i = 0; i < unmatched->len; i++) {
		const PvUnmatched *one = &g_array_index(unmatched, PvUnmatched, i);
		g_autofree char *ecosystem = pv_terminal_safe(one->ecosystem);
		g_autofree char *type = pv_terminal_safe(one->type);

		g_string_append_printf(text, "  %u %s package%s: ", one->packages, type,
				       one->packages == 1 ? "" : "s");
		if (*ecosystem)
			g_string_append_printf(text, "the advisory database holds nothing of %s\n",
					       ecosystem);
		else
			g_string_append_printf(text, "advisories of %s%s%s are not read\n", id,
					       *version ? " " : "", version);
	}
}

static char *write_report(const PvReport *report)
{
	GString *text = g_string_new(NULL);

	append_head(text, report);
	append_findings(text, report);
	append_sum(text, report);
	append_unreadable(text, report->inventory);
	append_unmatched(text, report);
	return g_string_free(text, FALSE);
}

const PvReportFormat pv_report_table = {
	.name = "table",
	.description = "for people",
	.write = write_report,
};
