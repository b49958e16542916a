/* SPDX-License-Identifier: Apache-2.0 */

/* A plain-text dump of PostgreSQL: pg_dump or pg_dumpall, with COPY or --inserts. */

#include <string.h>

#include "migrate/dump.h"

static gboolean matches(const char *source, const char *start)
{
	return strstr(start, "PostgreSQL database") || strstr(start, "COPY public.") ||
	       strstr(start, "INSERT INTO public.") || strstr(start, "CREATE TABLE public.");
}

static gboolean read_rows(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			  void *user_data, GError **error)
{
	return pv_dump_file_rows(&pv_dump_postgres, source, table, row, user_data, error);
}

const PvMigrateDriver pv_migrate_pgdump = { "pg_dump", "a plain-text file of pg_dump", matches,
					    read_rows };
