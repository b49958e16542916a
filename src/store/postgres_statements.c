/* SPDX-License-Identifier: Apache-2.0 */

/* The statements of statements.h on PostgreSQL: prepared once a connection, many in one pipeline. */

#include <string.h>

#include "base/error.h"
#include "store/postgres_private.h"

#define BATCH    64 /* statements on their way at one time */
#define INT2_OID 21
#define INT4_OID 23
#define INT8_OID 20

static gboolean prepare(PvPostgres *connection, PvStatement which, char *ret_name, GError **error)
{
	g_autoptr(PGresult) result = NULL;

	g_snprintf(ret_name, 16, "s%d", (int)which);
	if (connection->prepared[which])
		return TRUE;
	if (connection->broken ||
	    !PQsendPrepare(connection->pg, ret_name, pv_sql_statements[which], 0, NULL))
		return pv_postgres_fail_lost(connection, error);
	result = pv_postgres_only_result(connection, error);
	if (!result)
		return FALSE;
	if (!pv_postgres_is_good(result))
		return pv_postgres_fail_result(connection, result, error);
	connection->prepared[which] = TRUE;
	return TRUE;
}

#define PARAMETERS_MAX 8

/* Sends one execution. Numbers go as text, the rest as bytes. */
static gboolean send_one(PvPostgres *connection, const char *name, const PvSqlValue *values,
			 guint count, GError **error)
{
	const char *data[PARAMETERS_MAX];
	char numbers[PARAMETERS_MAX][24];
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];

	g_assert(count <= PARAMETERS_MAX);
	for (guint i = 0; i < count; i++) {
		const PvSqlValue *value = &values[i];

		data[i] = value->data;
		lengths[i] = (int)value->size;
		formats[i] = value->kind == PV_SQL_BYTES;
		if (value->kind == PV_SQL_NULL)
			data[i] = NULL;
		if (value->kind == PV_SQL_INTEGER) {
			g_snprintf(numbers[i], sizeof numbers[i], "%" G_GINT64_FORMAT,
				   value->integer);
			data[i] = numbers[i];
		}
	}
	if (connection->broken ||
	    !PQsendQueryPrepared(connection->pg, name, (int)count, data, lengths, formats, 1))
		return pv_postgres_fail_lost(connection, error);
	return TRUE;
}

static gint64 integer_of(const guint8 *value, int size)
{
	guint64 bits = 0;

	for (int i = 0; i < size; i++)
		bits = bits << 8 | value[i];
	return size == 8 ? (gint64)bits : size == 4 ? (gint32)bits : (gint16)bits;
}

static PvSqlCell cell_of(const PGresult *result, int row, int column)
{
	const char *value = PQgetvalue(result, row, column);
	int size = PQgetlength(result, row, column);
	PvSqlCell cell = { PQgetisnull(result, row, column), 0, NULL };
	Oid type = PQftype(result, column);

	if (cell.is_null)
		return cell;
	if (type != INT8_OID && type != INT4_OID && type != INT2_OID)
		return pv_sql_cell_bytes(value, (gsize)size);
	cell.integer = integer_of((const guint8 *)value, size);
	return cell;
}

/* (transfer full): NULL and an error if @from is not good. */
static PvSqlResult *result_of(PvPostgres *connection, const PGresult *from, GError **error)
{
	PvSqlResult *result;

	if (!from || !pv_postgres_is_good(from)) {
		pv_postgres_fail_result(connection, from, error);
		return NULL;
	}
	result = pv_sql_result_new((guint)PQnfields(from));
	result->changed = g_ascii_strtoll(PQcmdTuples((PGresult *)from), NULL, 10);
	for (int row = 0; row < PQntuples(from); row++) {
		for (int column = 0; column < PQnfields(from); column++) {
			PvSqlCell cell = cell_of(from, row, column);

			g_array_append_val(result->cells, cell);
		}
	}
	return result;
}

PvSqlResult *pv_postgres_query(void *data, PvStatement which, const PvSqlValue *values, guint count,
			       GError **error)
{
	PvPostgres *connection = data;
	g_autoptr(PGresult) result = NULL;
	char name[16];

	if (!prepare(connection, which, name, error) ||
	    !send_one(connection, name, values, count, error))
		return NULL;
	result = pv_postgres_only_result(connection, error);
	return result ? result_of(connection, result, error) : NULL;
}

/* Takes what @rows statements of a pipeline and its end answer; the first error is the error. */
static gboolean collect(PvPostgres *connection, guint rows, GPtrArray *results, GError **error)
{
	gint64 until = pv_postgres_deadline(connection);
	g_autoptr(GError) failure = NULL;

	for (guint i = 0; i <= rows; i++) {
		g_autoptr(GError) lost = NULL;
		g_autoptr(PGresult) result = pv_postgres_next_result(connection, until, &lost);
		PvSqlResult *one;
		PGresult *end;

		if (lost) {
			g_propagate_error(error, g_steal_pointer(&lost));
			return FALSE;
		}
		if (i == rows) /* the mark at the end of a pipeline, which nothing follows */
			break;
		if (!failure && (one = result_of(connection, result, &failure)))
			g_ptr_array_add(results, one);
		end = pv_postgres_next_result(connection, until, &lost);
		PQclear(end);
		if (lost) {
			g_propagate_error(error, g_steal_pointer(&lost));
			return FALSE;
		}
	}
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return *error == NULL;
}

static gboolean run_pipeline(PvPostgres *connection, const char *name, const PvSqlValue *values,
			     guint count, guint rows, GPtrArray *results, GError **error)
{
	gboolean done = TRUE;

	if (!PQenterPipelineMode(connection->pg))
		return pv_postgres_fail_lost(connection, error);
	for (guint i = 0; done && i < rows; i++)
		done = send_one(connection, name, values + (gsize)i * count, count, error);
	if (done && !PQpipelineSync(connection->pg))
		done = pv_postgres_fail_lost(connection, error);
	done = done && collect(connection, rows, results, error);
	if (!connection->broken && !PQexitPipelineMode(connection->pg))
		connection->broken = TRUE;
	return done;
}

GPtrArray *pv_postgres_query_many(void *data, PvStatement which, const PvSqlValue *values,
				  guint count, guint rows, GError **error)
{
	PvPostgres *connection = data;
	g_autoptr(GPtrArray) results = pv_sql_results_new();
	g_autoptr(GError) failure = NULL;
	char name[16];

	if (rows > 0 && !prepare(connection, which, name, error))
		return NULL;
	for (guint done = 0; done < rows; done += BATCH) {
		if (!run_pipeline(connection, name, values + (gsize)done * count, count,
				  MIN(BATCH, rows - done), results, &failure)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	return g_steal_pointer(&results);
}
