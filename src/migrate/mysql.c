/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A running MySQL or MariaDB, by libmariadb. The password comes from the library's own option files
 * (~/.my.cnf, group client) or $MYSQL_PWD, never from the address: that would stand in the list of
 * processes.
 */

#include <mysql.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/secret.h"
#include "migrate/source.h"

#define SCHEME    "mysql://"
#define TIMEOUT_S 60

typedef struct {
	char *user, *host, *database;
	guint16 port;
} Address;

static void address_clear(Address *address)
{
	g_free(address->user);
	g_free(address->host);
	g_free(address->database);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Address, address_clear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MYSQL, mysql_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MYSQL_RES, mysql_free_result)

static gboolean matches(const char *source, const char *start)
{
	return g_str_has_prefix(source, SCHEME);
}

static gboolean parse_address(const char *source, Address *address, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(source, G_URI_FLAGS_HAS_PASSWORD, NULL);
	const char *path = uri ? g_uri_get_path(uri) : "";

	if (!uri || !g_uri_get_user(uri) || !*g_uri_get_user(uri) || *path != '/' || !path[1] ||
	    strchr(path + 1, '/'))
		return pv_fail(error, PV_ERROR_USAGE,
			       "the address is not of the form mysql://USER@HOST:PORT/DATABASE");
	if (g_uri_get_password(uri))
		return pv_fail(
			error, PV_ERROR_USAGE,
			"a password in an address can be read by every user of this machine; "
			"set MYSQL_PWD, or write it into ~/.my.cnf");
	address->user = g_strdup(g_uri_get_user(uri));
	address->host = g_strdup(g_uri_get_host(uri));
	address->database = g_strdup(path + 1);
	address->port = (guint16)MAX(g_uri_get_port(uri), 0);
	return TRUE;
}

static gboolean fail_mysql(MYSQL *mysql, PvErrorCode code, GError **error)
{
	return pv_fail(error, code, "the database server says: %s", mysql_error(mysql));
}

/* (nullable): $MYSQL_PWD, taken out of the environment once, for the connection of each table. */
static const PvSecret *environment_password(void)
{
	static gsize taken;
	static PvSecret *password;

	if (g_once_init_enter(&taken)) {
		password = pv_secret_take_environment("MYSQL_PWD");
		g_once_init_leave(&taken, 1);
	}
	return password;
}

static MYSQL *connect_to(const char *source, GError **error)
{
	g_auto(Address) address = { 0 };
	g_autoptr(MYSQL) mysql = NULL;
	const PvSecret *password = environment_password();
	unsigned int timeout = TIMEOUT_S;

	if (!parse_address(source, &address, error))
		return NULL;
	mysql = mysql_init(NULL);
	if (!mysql)
		return pv_fail_null(error, PV_ERROR_INTERNAL, "libmariadb does not start");
	mysql_options(mysql, MYSQL_READ_DEFAULT_GROUP, "client");
	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &timeout);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &timeout);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* The server must not ask for files of this machine. */
	mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &(unsigned int){ 0 });
	if (!mysql_real_connect(mysql, address.host, address.user, password ? password->data : NULL,
				address.database, address.port, NULL, 0)) {
		fail_mysql(mysql, PV_ERROR_UNREACHABLE, error);
		return NULL;
	}
	if (mysql_query(mysql, "SET time_zone = '+00:00'") != 0) {
		fail_mysql(mysql, PV_ERROR_SERVER, error);
		return NULL;
	}
	return g_steal_pointer(&mysql);
}

/* Which columns of the table there are: a deployment of an old schema lacks some. */
static GPtrArray *find_columns(MYSQL *mysql, const PvMigrateTable *table, GError **error)
{
	g_autofree char *query = g_strdup_printf("SHOW COLUMNS FROM %s", table->name);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(MYSQL_RES) result = NULL;
	MYSQL_ROW row;

	if (mysql_query(mysql, query) != 0 || !(result = mysql_store_result(mysql))) {
		fail_mysql(mysql, PV_ERROR_SERVER, error);
		return NULL;
	}
	while ((row = mysql_fetch_row(result)))
		g_ptr_array_add(found, g_strdup(row[0]));
	return g_steal_pointer(&found);
}

static char *select_query(const PvMigrateTable *table, GPtrArray *found)
{
	GString *query = g_string_new("SELECT ");

	for (guint i = 0; i < table->count; i++) {
		gboolean is_missing = i >= table->count - table->optional_count &&
				      !g_ptr_array_find_with_equal_func(found, table->columns[i],
									g_str_equal, NULL);

		if (is_missing)
			g_string_append_printf(query, "%sNULL", i ? ", " : "");
		else
			g_string_append_printf(query, "%s`%s`", i ? ", " : "", table->columns[i]);
	}
	g_string_append_printf(query, " FROM %s ORDER BY %s", table->name, table->order);
	return g_string_free(query, FALSE);
}

static gboolean give_row(MYSQL_RES *result, MYSQL_ROW values, const PvMigrateTable *table,
			 PvMigrateRow row, void *user_data, GError **error)
{
	const unsigned long *sizes = mysql_fetch_lengths(result);
	PvMigrateField fields[PV_MIGRATE_COLUMNS_MAX] = { 0 };

	for (guint i = 0; i < table->count; i++) {
		if (sizes[i] > PV_MIGRATE_FIELD_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "%s.%s: a value of %lu bytes is too long", table->name,
				       table->columns[i], sizes[i]);
		fields[i] = (PvMigrateField){ values[i], sizes[i] };
	}
	return row(user_data, fields, error);
}

static gboolean read_rows(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			  void *user_data, GError **error)
{
	g_autoptr(MYSQL) mysql = connect_to(source, error);
	g_autoptr(GPtrArray) found = mysql ? find_columns(mysql, table, error) : NULL;
	g_autofree char *query = found ? select_query(table, found) : NULL;
	g_autoptr(MYSQL_RES) result = NULL;
	MYSQL_ROW values;

	if (!query)
		return FALSE;
	/* Row by row: a table of many gigabytes is not held here. */
	if (mysql_query(mysql, query) != 0 || !(result = mysql_use_result(mysql)))
		return fail_mysql(mysql, PV_ERROR_SERVER, error);
	while ((values = mysql_fetch_row(result))) {
		if (!give_row(result, values, table, row, user_data, error))
			return FALSE;
	}
	return mysql_errno(mysql) == 0 || fail_mysql(mysql, PV_ERROR_UNREACHABLE, error);
}

const PvMigrateDriver pv_migrate_mysql = { "mysql", "a MySQL or MariaDB server", matches,
					   read_rows };
