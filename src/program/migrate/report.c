/* SPDX-License-Identifier: Apache-2.0 */

/* What a migration says: a line for each thing that needs attention, a summary, or JSON. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/terminal.h"
#include "program/migrate/migrate.h"

/* "registry.example/app: why", with role and the start of the id for a key. */
static void print_line(const PvMigrateOutcome *outcome, const char *what)
{
	g_autofree char *place = outcome->id ? g_strdup_printf("%s %s key %.7s", outcome->gun,
							       outcome->role, outcome->id)
					     : g_strdup(outcome->gun);
	g_autofree char *safe_place = pv_terminal_safe(place);
	g_autofree char *safe_what = pv_terminal_safe(what);

	fprintf(stderr, "%s: %s\n", safe_place, safe_what);
}

static json_t *notes_of(const PvMigrateOutcome *outcome)
{
	json_t *notes = json_array();

	for (guint i = 0; outcome->notes && i < outcome->notes->len; i++)
		json_array_append_new(notes, json_string(outcome->notes->pdata[i]));
	return notes;
}

static void on_outcome(void *data, const PvMigrateOutcome *outcome)
{
	PvMigrateReport *report = data;

	report->taken += !outcome->why;
	report->refused += outcome->why != NULL;
	if (report->options->json) {
		json_t *said = json_pack("{s:s}", "gun", outcome->gun);

		if (outcome->id)
			json_object_update_new(said, json_pack("{s:s, s:s}", "role", outcome->role,
							       "id", outcome->id));
		json_object_set_new(said, "taken", json_boolean(!outcome->why));
		if (outcome->why)
			json_object_set_new(said, "why", json_string(outcome->why));
		json_object_set_new(said, "notes", notes_of(outcome));
		json_array_append_new(report->outcomes, said);
		return;
	}
	if (isatty(STDERR_FILENO))
		pv_terminal_step_end();
	if (outcome->why) {
		g_autofree char *what = g_strconcat("not taken: ", outcome->why, NULL);

		print_line(outcome, what);
	}
	for (guint i = 0; outcome->notes && i < outcome->notes->len; i++)
		print_line(outcome, outcome->notes->pdata[i]);
}

static void on_progress(void *data, const char *what, guint64 done)
{
	if (isatty(STDERR_FILENO))
		pv_terminal_step("%" G_GUINT64_FORMAT " %s", done, what);
}

void pv_migrate_report_init(PvMigrateReport *report, const PvMigrateOptions *options,
			    const char *kind)
{
	*report = (PvMigrateReport){ .options = options,
				     .kind = kind,
				     .outcomes = json_array(),
				     .listener = { on_outcome, on_progress, report } };
}

int pv_migrate_report_end(PvMigrateReport *report, const char *source)
{
	g_autoptr(json_t) outcomes = report->outcomes;
	gboolean is_dry = report->options->dry_run;

	if (isatty(STDERR_FILENO))
		pv_terminal_step_end();
	if (report->options->json) {
		g_autoptr(json_t) said =
			json_pack("{s:s, s:b, s:I, s:I, s:O}", "source", source, "dry_run", is_dry,
				  "taken", (json_int_t)report->taken, "refused",
				  (json_int_t)report->refused, report->kind, outcomes);
		g_autofree char *text = pv_json_text(said, FALSE);

		fputs(text, stdout);
	} else {
		printf("%" G_GUINT64_FORMAT " %s %s, %" G_GUINT64_FORMAT " not\n", report->taken,
		       report->kind, is_dry ? "can be taken over" : "taken over", report->refused);
		if (is_dry)
			puts("nothing was written (--dry-run)");
	}
	return report->refused ? 1 : 0;
}
