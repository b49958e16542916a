/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/clock.h"
#include "migrate/source.h"

/* (transfer full) (nullable): valid, non-empty UTF-8 of at most @max_bytes, else NULL. */
char *pv_value_text(const PvMigrateField *field, gsize max_bytes);

gboolean pv_value_number(const PvMigrateField *field, gint64 *ret_number);

/* "2026-11-25 14:22:50.123456", with or without "+00", as the databases write UTC. */
gboolean pv_value_time(const PvMigrateField *field, PvTime *ret_time);

/* How many rows were read, and how many of them have to be kept. */
typedef struct {
	guint64 read, kept;
} PvRowCount;

/* Counts one more. Errors: PV_ERROR_LIMIT (PV_MIGRATE_ROWS_MAX are kept already). */
gboolean pv_row_count_add(PvRowCount *count, gboolean is_kept, GError **error);
