/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What became of one repository or key. */
typedef struct {
	const char *gun;
	const char *role; /* of a key, else NULL */
	const char *id;   /* of a key, else NULL */
	const char *why;  /* why it was not taken; NULL if it was */
	GPtrArray *notes; /* (nullable) char*: what its owner should know */
} PvMigrateOutcome;

/* Who is told while a migration runs. */
typedef struct {
	void (*outcome)(void *data, const PvMigrateOutcome *outcome);
	void (*progress)(void *data, const char *what, guint64 done);
	void *data;
} PvMigrateListener;
