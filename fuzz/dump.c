/* SPDX-License-Identifier: Apache-2.0 */
/* migrate/dump: text of mysqldump and pg_dump, in the small reads that a pipe gives. */
#include <stdint.h>
#include <string.h>

#include "migrate/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
	const uint8_t *data;
	size_t size, step;
} Source;

static gssize give(void *data, char *buffer, gsize size)
{
	Source *source = data;
	gsize count = MIN(MIN(size, source->step), source->size);

	memcpy(buffer, source->data, count);
	source->data += count;
	source->size -= count;
	return (gssize)count;
}

static gboolean see(void *user_data, const PvMigrateField *fields, GError **error)
{
	const PvMigrateTable *table = user_data;
	guint sum = 0;

	for (guint i = 0; i < table->count; i++) {
		for (gsize k = 0; fields[i].data && k < fields[i].size; k++)
			sum += (guint8)fields[i].data[k];
	}
	return sum != G_MAXUINT;
}

/* The first byte chooses dialect, table and the size of a read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const PvMigrateTable *const tables[] = { &pv_migrate_files, &pv_migrate_changes,
							&pv_migrate_keys };
	const PvDumpDialect *dialect;
	const PvMigrateTable *table;
	g_autoptr(GError) error = NULL;
	Source source;
	gboolean done;

	if (size == 0)
		return 0;
	dialect = data[0] & 1 ? &pv_dump_postgres : &pv_dump_mysql;
	table = tables[(data[0] >> 1) % G_N_ELEMENTS(tables)];
	source = (Source){ data + 1, size - 1, data[0] & 0x40 ? 7 : 4096 };
	done = pv_dump_rows(dialect, give, &source, table, see, (void *)table, &error);
	g_assert_true(done == (error == NULL));
	return 0;
}
