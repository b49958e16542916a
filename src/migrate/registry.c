/* SPDX-License-Identifier: Apache-2.0 */

/* The sources that can be read, and Notary's three tables. To add a source, add a row. */

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "migrate/source.h"

#define START_BYTES 4096 /* of a dump: its first comment tells who wrote it */

static const PvMigrateDriver *const drivers[] = {
	&pv_migrate_mysql,
	&pv_migrate_postgres,
	&pv_migrate_mysqldump,
	&pv_migrate_pgdump,
};

static const char *const file_columns[] = { "gun",    "role",       "version",   "data",
					    "sha256", "created_at", "deleted_at" };
const PvMigrateTable pv_migrate_files = { "tuf_files", file_columns, G_N_ELEMENTS(file_columns), 1,
					  "gun, role, version DESC" };

static const char *const change_columns[] = { "created_at", "gun", "version", "sha256",
					      "category" };
const PvMigrateTable pv_migrate_changes = { "changefeed", change_columns,
					    G_N_ELEMENTS(change_columns), 1, "id" };

static const char *const key_columns[] = {
	"key_id",  "keywrap_alg", "encryption_alg", "algorithm", "passphrase_alias", "public",
	"private", "gun",         "role",           "last_used", "deleted_at"
};
const PvMigrateTable pv_migrate_keys = { "private_keys", key_columns, G_N_ELEMENTS(key_columns), 4,
					 "key_id" };
G_STATIC_ASSERT(G_N_ELEMENTS(key_columns) <= PV_MIGRATE_COLUMNS_MAX);

/* What a file starts with; "" if it cannot be read, which the driver will say better. */
static void read_start(const char *path, char *ret_start)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gssize size = fd < 0 ? -1 : read(fd, ret_start, START_BYTES - 1);

	if (fd >= 0)
		close(fd);
	ret_start[MAX(size, 0)] = '\0';
}

gboolean pv_migrate_read(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			 void *user_data, GError **error)
{
	char start[START_BYTES] = "";

	if (!strstr(source, "://"))
		read_start(source, start);
	for (gsize i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (!drivers[i]->matches(source, start))
			continue;
		return drivers[i]->read(source, table, row, user_data, error);
	}
	if (!strstr(source, "://") && access(source, R_OK) != 0)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: no such file", source);
	return pv_fail(error, PV_ERROR_USAGE,
		       "%s is no source; expected mysql://USER@HOST:PORT/DATABASE, "
		       "postgresql://USER@HOST:PORT/DATABASE, or a plain-text file of mysqldump or "
		       "pg_dump",
		       source);
}

gboolean pv_migrate_decode_hex(char *text, gsize size, gsize *ret_size)
{
	if (size % 2 != 0)
		return FALSE;
	for (gsize i = 0; i < size; i += 2) {
		int high = g_ascii_xdigit_value(text[i]), low = g_ascii_xdigit_value(text[i + 1]);

		if (high < 0 || low < 0)
			return FALSE;
		text[i / 2] = (char)(high << 4 | low);
	}
	*ret_size = size / 2;
	return TRUE;
}
