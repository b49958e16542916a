/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A running PostgreSQL, by libpq. The password comes from $PGPASSWORD or ~/.pgpass, which the
 * library reads itself, never from the address: that would stand in the list of processes.
 */

#include <libpq-fe.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "migrate/source.h"

#define TYPE_BYTEA 17 /* in every PostgreSQL: pg_type.dat */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGresult, PQclear)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PGconn, PQfinish)

static gboolean matches(const char *source, const char *start)
{
	return g_str_has_prefix(source, "postgresql://") || g_str_has_prefix(source, "postgres://");
}

static gboolean check_address(const char *source, GError **error)
{
	PQconninfoOption *options = PQconninfoParse(source, NULL);
	gboolean has_password = FALSE;

	if (!options)
		return pv_fail(error, PV_ERROR_USAGE,
			       "the address is not of the form "
			       "postgresql://USER@HOST:PORT/DATABASE");
	for (PQconninfoOption *option = options; option->keyword; option++)
		has_password |= strcmp(option->keyword, "password") == 0 && option->val;
	PQconninfoFree(options);
	if (has_password)
		return pv_fail(
			error, PV_ERROR_USAGE,
			"a password in an address can be read by every user of this machine; "
			"set PGPASSWORD, or write it into ~/.pgpass");
	return TRUE;
}

static gboolean fail_postgres(PGconn *pg, PvErrorCode code, GError **error)
{
	g_autofree char *why = g_strdup(PQerrorMessage(pg));

	return pv_fail(error, code, "the database server says: %s",
		       g_strchomp(g_strdelimit(why, "\n", ' ')));
}

static PGconn *connect_to(const char *source, GError **error)
{
	static const char *const names[] = { "dbname", "connect_timeout", "client_encoding",
					     "options", NULL };
	const char *values[] = { source, "60", "UTF8", "-c bytea_output=hex -c TimeZone=UTC",
				 NULL };
	g_autoptr(PGconn) pg = NULL;

	if (!check_address(source, error))
		return NULL;
	pg = PQconnectdbParams(names, values, 1);
	if (PQstatus(pg) != CONNECTION_OK) {
		fail_postgres(pg, PV_ERROR_UNREACHABLE, error);
		return NULL;
	}
	return g_steal_pointer(&pg);
}

static gboolean has_column(PGconn *pg, const PvMigrateTable *table, const char *column)
{
	const char *values[] = { table->name, column };
	g_autoptr(PGresult) result = PQexecParams(pg,
						  "SELECT 1 FROM pg_attribute WHERE attrelid = "
						  "to_regclass($1) AND attname = $2 AND NOT "
						  "attisdropped",
						  2, NULL, values, NULL, NULL, 0);

	return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
}

static char *select_query(PGconn *pg, const PvMigrateTable *table)
{
	GString *query = g_string_new("SELECT ");

	for (guint i = 0; i < table->count; i++) {
		gboolean is_optional = i >= table->count - table->optional_count;

		if (is_optional && !has_column(pg, table, table->columns[i]))
			g_string_append_printf(query, "%sNULL", i ? ", " : "");
		else
			g_string_append_printf(query, "%s\"%s\"", i ? ", " : "", table->columns[i]);
	}
	g_string_append_printf(query, " FROM %s ORDER BY %s", table->name, table->order);
	return g_string_free(query, FALSE);
}

static gboolean give_row(const PGresult *result, const PvMigrateTable *table, PvMigrateRow row,
			 void *user_data, GError **error)
{
	PvMigrateField fields[PV_MIGRATE_COLUMNS_MAX] = { 0 };

	for (int i = 0; i < (int)table->count; i++) {
		char *value = PQgetvalue(result, 0, i);
		gsize size = (gsize)PQgetlength(result, 0, i);

		if (PQgetisnull(result, 0, i))
			continue;
		if (PQftype(result, i) == TYPE_BYTEA &&
		    (!g_str_has_prefix(value, "\\x") ||
		     !pv_migrate_decode_hex(value += 2, size - 2, &size)))
			return pv_fail(error, PV_ERROR_SERVER, "%s.%s: no bytes in hexadecimal",
				       table->name, table->columns[i]);
		if (size > PV_MIGRATE_FIELD_BYTES_MAX)
			return pv_fail(error, PV_ERROR_LIMIT,
				       "%s.%s: a value of %zu bytes is too long", table->name,
				       table->columns[i], size);
		fields[i] = (PvMigrateField){ value, size };
	}
	return row(user_data, fields, error);
}

static gboolean read_rows(const char *source, const PvMigrateTable *table, PvMigrateRow row,
			  void *user_data, GError **error)
{
	g_autoptr(PGconn) pg = connect_to(source, error);
	g_autofree char *query = pg ? select_query(pg, table) : NULL;

	if (!query)
		return FALSE;
	/* Row by row: a table of many gigabytes is not held here. */
	if (!PQsendQuery(pg, query) || !PQsetSingleRowMode(pg))
		return fail_postgres(pg, PV_ERROR_SERVER, error);
	for (;;) {
		g_autoptr(PGresult) result = PQgetResult(pg);

		if (!result)
			return TRUE;
		if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
			if (!give_row(result, table, row, user_data, error))
				return FALSE;
		} else if (PQresultStatus(result) != PGRES_TUPLES_OK) {
			return fail_postgres(pg, PV_ERROR_SERVER, error);
		}
	}
}

const PvMigrateDriver pv_migrate_postgres = { "postgresql", "a PostgreSQL server", matches,
					      read_rows };
