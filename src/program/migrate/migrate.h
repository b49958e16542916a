/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "migrate/listener.h"

/* pavise migrate: the parts of the program. */

#define PV_MIGRATE_COMMAND "pavise migrate"

typedef struct {
	char *data, *store, *trust_dir;
	gboolean dry_run, json, harbor;
} PvMigrateOptions;

/* What was taken and what was not. */
typedef struct {
	const PvMigrateOptions *options;
	const char *kind; /* "repositories", "keys" or "files": what is counted */
	json_t *outcomes;
	guint64 taken, refused;
	PvMigrateListener listener;
} PvMigrateReport;

void pv_migrate_report_init(PvMigrateReport *report, const PvMigrateOptions *options,
			    const char *kind);

/* Prints the summary (or the JSON). Returns: the exit status: 1 if something was not taken. */
int pv_migrate_report_end(PvMigrateReport *report, const char *source);

/* Each does one kind of source and returns FALSE only if it could not be done at all. */
gboolean pv_migrate_run_server(const PvMigrateOptions *options, const char *source,
			       PvMigrateReport *report, GError **error);
gboolean pv_migrate_run_signer(const PvMigrateOptions *options, const char *source,
			       PvMigrateReport *report, GError **error);
gboolean pv_migrate_run_client(const PvMigrateOptions *options, const char *source,
			       PvMigrateReport *report, GError **error);
