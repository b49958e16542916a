/* SPDX-License-Identifier: Apache-2.0 */

/* A plain-text dump of MySQL or MariaDB: mysqldump, mariadb-dump. */

#include <string.h>

#include "migrate/dump.h"

static gboolean matches(const char *source, const char *start)
{
	return strstr(start, "MySQL dump") || strstr(start, "MariaDB dump") ||
	       strstr(start, "INSERT INTO `") || strstr(start, "CREATE TABLE `");
}

static gboolean read_rows(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			  void *user_data, GError **error)
{
	return pv_dump_file_rows(&pv_dump_mysql, source, table, row, user_data, error);
}

const PvMigrateDriver pv_migrate_mysqldump = { "mysqldump", "a file of mysqldump or mariadb-dump",
					       matches, read_rows };
