/* SPDX-License-Identifier: Apache-2.0 */

/* Parameters and results of statements: what drivers and the store hand each other. */

#include <string.h>

#include "base/error.h"
#include "store/driver.h"

PvSqlValue pv_sql_integer(gint64 value)
{
	return (PvSqlValue){ PV_SQL_INTEGER, value, NULL, 0 };
}

PvSqlValue pv_sql_text(const char *text)
{
	if (!text)
		return (PvSqlValue){ PV_SQL_NULL, 0, NULL, 0 };
	return (PvSqlValue){ PV_SQL_TEXT, 0, text, strlen(text) };
}

PvSqlValue pv_sql_bytes(const void *data, gsize size)
{
	return (PvSqlValue){ PV_SQL_BYTES, 0, data ? data : "", size };
}

PvSqlValue pv_sql_digest(const PvDigest *digest)
{
	return pv_sql_bytes(digest->raw, digest->size);
}

static void clear_cell(void *data)
{
	g_clear_pointer(&((PvSqlCell *)data)->bytes, g_bytes_unref);
}

PvSqlCell pv_sql_cell_bytes(const void *data, gsize size)
{
	PvSqlCell cell = { FALSE, 0, NULL };
	char *copy = g_malloc(size + 1);

	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	cell.bytes = g_bytes_new_take(copy, size);
	return cell;
}

PvSqlResult *pv_sql_result_new(guint columns)
{
	PvSqlResult *result = g_new0(PvSqlResult, 1);

	result->columns = columns;
	result->cells = g_array_new(FALSE, TRUE, sizeof(PvSqlCell));
	g_array_set_clear_func(result->cells, clear_cell);
	return result;
}

void pv_sql_result_free(PvSqlResult *result)
{
	g_array_unref(result->cells);
	g_free(result);
}

GPtrArray *pv_sql_results_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)pv_sql_result_free);
}

guint pv_sql_rows(const PvSqlResult *result)
{
	return result->columns ? result->cells->len / result->columns : 0;
}

static const PvSqlCell *cell_of(const PvSqlResult *result, guint row, guint column)
{
	g_assert(column < result->columns && row < pv_sql_rows(result));
	return &g_array_index(result->cells, PvSqlCell, row * result->columns + column);
}

gint64 pv_sql_get_integer(const PvSqlResult *result, guint row, guint column)
{
	return cell_of(result, row, column)->integer;
}

const char *pv_sql_get_text(const PvSqlResult *result, guint row, guint column)
{
	const PvSqlCell *cell = cell_of(result, row, column);

	return cell->bytes ? g_bytes_get_data(cell->bytes, NULL) : "";
}

GBytes *pv_sql_get_bytes(const PvSqlResult *result, guint row, guint column)
{
	return cell_of(result, row, column)->bytes;
}

gboolean pv_sql_check_schema(gint64 version, GError **error)
{
	if (version == PV_STORE_SCHEMA)
		return TRUE;
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "the store has schema %" G_GINT64_FORMAT
		       ", this program knows %d; use the program that wrote it, or an empty store",
		       version, PV_STORE_SCHEMA);
}
