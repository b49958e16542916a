/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Statements of a dump: CREATE TABLE names the columns, INSERT and COPY hold the rows; every other
 * statement is passed over. Nothing is kept but the row being read.
 */

#include "migrate/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "migrate/dump_private.h"

const PvDumpDialect pv_dump_mysql = { .has_backslashes = TRUE, .has_hash_comments = TRUE };
const PvDumpDialect pv_dump_postgres = { .has_copy = TRUE, .has_bytea = TRUE };

static gboolean is_mark(const PvDump *dump, char mark)
{
	return dump->token == PV_TOKEN_MARK && dump->text->str[0] == mark;
}

static gboolean is_keyword(const PvDump *dump, const char *word)
{
	return dump->token == PV_TOKEN_WORD && g_ascii_strcasecmp(dump->text->str, word) == 0;
}

static gboolean is_name(const PvDump *dump)
{
	return dump->token == PV_TOKEN_NAME || dump->token == PV_TOKEN_WORD;
}

static gboolean skip_statement(PvDump *dump, GError **error)
{
	while (dump->token != PV_TOKEN_END && !is_mark(dump, ';')) {
		if (!pv_dump_next(dump, error))
			return FALSE;
	}
	return TRUE;
}

/* --- columns ------------------------------------------------------------------------------ */

int pv_dump_wanted(const PvDump *dump, guint position)
{
	if (position >= dump->columns->len)
		return -1;
	for (guint i = 0; i < dump->table->count; i++) {
		if (strcmp(dump->table->columns[i], dump->columns->pdata[position]) == 0)
			return (int)i;
	}
	return -1;
}

gboolean pv_dump_check_columns(const PvDump *dump, GError **error)
{
	const PvMigrateTable *table = dump->table;

	for (guint i = 0; i < table->count - table->optional_count; i++) {
		g_autofree char *why = NULL;

		if (g_ptr_array_find_with_equal_func(dump->columns, table->columns[i], g_str_equal,
						     NULL))
			continue;
		why = g_strdup_printf("table %s has no column %s that the dump tells of",
				      table->name, table->columns[i]);
		return pv_dump_fail(dump, PV_ERROR_SYNTAX, why, error);
	}
	return TRUE;
}

static gboolean add_column(PvDump *dump, GError **error)
{
	if (dump->columns->len >= PV_DUMP_COLUMNS_MAX || dump->text->len > PV_DUMP_NAME_BYTES_MAX)
		return pv_dump_fail(dump, PV_ERROR_LIMIT,
				    "a table with too many or too long columns", error);
	g_ptr_array_add(dump->columns, g_strdup(dump->text->str));
	return TRUE;
}

/* [schema.]table: is it the wanted one? Leaves the token after it. */
static gboolean read_table_name(PvDump *dump, gboolean *ret_is_wanted, GError **error)
{
	do {
		if (is_mark(dump, '.') && !pv_dump_next(dump, error))
			return FALSE;
		*ret_is_wanted = is_name(dump) && strcmp(dump->text->str, dump->table->name) == 0;
		if (!pv_dump_next(dump, error))
			return FALSE;
	} while (is_mark(dump, '.'));
	return TRUE;
}

/* (name, name, …): leaves the token after it. */
static gboolean read_column_list(PvDump *dump, GError **error)
{
	g_ptr_array_set_size(dump->columns, 0);
	for (;;) {
		if (!pv_dump_next(dump, error))
			return FALSE;
		if (is_mark(dump, ')'))
			return pv_dump_next(dump, error);
		if (is_mark(dump, ','))
			continue;
		if (!is_name(dump))
			return pv_dump_fail(dump, PV_ERROR_SYNTAX, "expected a list of columns",
					    error);
		if (!add_column(dump, error))
			return FALSE;
	}
}

static gboolean starts_column(const PvDump *dump)
{
	static const char *const others[] = { "primary", "unique", "key",     "constraint",
					      "index",   "check",  "foreign", "fulltext",
					      "exclude", "like",   "period" };

	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		if (is_keyword(dump, others[i]))
			return FALSE;
	}
	return is_name(dump);
}

static gboolean read_definitions(PvDump *dump, GError **error)
{
	gboolean at_start = TRUE;
	guint depth = 1;

	g_ptr_array_set_size(dump->columns, 0);
	while (depth > 0) {
		if (!pv_dump_next(dump, error))
			return FALSE;
		if (dump->token == PV_TOKEN_END)
			return pv_dump_fail(dump, PV_ERROR_SYNTAX,
					    "the dump ends within a table; is it whole?", error);
		if (at_start && starts_column(dump) && !add_column(dump, error))
			return FALSE;
		at_start = depth == 1 && is_mark(dump, ',');
		depth += is_mark(dump, '(') ? 1 : 0;
		depth -= is_mark(dump, ')') ? 1 : 0;
	}
	return TRUE;
}

static gboolean read_create(PvDump *dump, GError **error)
{
	gboolean is_wanted = FALSE;

	if (!pv_dump_next(dump, error))
		return FALSE;
	if (!is_keyword(dump, "table"))
		return skip_statement(dump, error);
	do {
		if (!pv_dump_next(dump, error))
			return FALSE;
	} while (is_keyword(dump, "if") || is_keyword(dump, "not") || is_keyword(dump, "exists"));
	if (!read_table_name(dump, &is_wanted, error))
		return FALSE;
	if (is_wanted && is_mark(dump, '(')) {
		dump->has_table = TRUE;
		if (!read_definitions(dump, error))
			return FALSE;
	}
	return skip_statement(dump, error);
}

/* --- rows --------------------------------------------------------------------------------- */

void pv_dump_start_row(PvDump *dump)
{
	for (guint i = 0; i < dump->table->count; i++)
		dump->is_set[i] = FALSE;
}

/* Is the column one of bytes, which PostgreSQL writes in hexadecimal? */
static gboolean is_binary(const char *column)
{
	return strcmp(column, "data") == 0 || strcmp(column, "public") == 0 ||
	       strcmp(column, "private") == 0;
}

static gboolean settle_value(PvDump *dump, guint column, GError **error)
{
	GString *value = dump->values[column];
	gsize size = value->len;

	if (dump->dialect->has_bytea && is_binary(dump->table->columns[column]) &&
	    g_str_has_prefix(value->str, "\\x")) {
		g_string_erase(value, 0, 2);
		if (!pv_migrate_decode_hex(value->str, value->len, &size))
			return pv_dump_fail(dump, PV_ERROR_SYNTAX,
					    "a hexadecimal value with other characters", error);
		g_string_truncate(value, size);
	}
	if (size > PV_MIGRATE_FIELD_BYTES_MAX)
		return pv_dump_fail(dump, PV_ERROR_LIMIT, "a value is too long", error);
	return TRUE;
}

gboolean pv_dump_end_row(PvDump *dump, GError **error)
{
	PvMigrateField fields[PV_MIGRATE_COLUMNS_MAX] = { 0 };

	for (guint i = 0; i < dump->table->count; i++) {
		if (!dump->is_set[i])
			continue;
		if (!settle_value(dump, i, error))
			return FALSE;
		fields[i] = (PvMigrateField){ dump->values[i]->str, dump->values[i]->len };
	}
	return dump->row(dump->row_data, fields, error);
}

/* One value of VALUES (…): leaves the token after it. */
static gboolean read_value(PvDump *dump, guint position, GError **error)
{
	int column = pv_dump_wanted(dump, position);
	gboolean is_null = is_keyword(dump, "null"), is_negative = is_mark(dump, '-');

	if (is_negative && !pv_dump_next(dump, error))
		return FALSE;
	if (dump->token != PV_TOKEN_STRING && dump->token != PV_TOKEN_WORD)
		return pv_dump_fail(dump, PV_ERROR_SYNTAX, "expected a value", error);
	if (column >= 0 && !is_null) {
		GString *swap = dump->values[column];

		if (is_negative)
			g_string_prepend_c(dump->text, '-');
		dump->values[column] = dump->text;
		dump->text = swap;
		dump->is_set[column] = TRUE;
	}
	return pv_dump_next(dump, error);
}

/* After the opening parenthesis; leaves the token after the closing one. */
static gboolean read_values(PvDump *dump, GError **error)
{
	guint position = 0;

	pv_dump_start_row(dump);
	do {
		if (!pv_dump_next(dump, error) || !read_value(dump, position++, error))
			return FALSE;
		if (position > PV_DUMP_COLUMNS_MAX)
			return pv_dump_fail(dump, PV_ERROR_LIMIT, "a row with too many values",
					    error);
	} while (is_mark(dump, ','));
	if (!is_mark(dump, ')') || position != dump->columns->len)
		return pv_dump_fail(dump, PV_ERROR_SYNTAX,
				    "a row that has not the table's columns; is the dump whole?",
				    error);
	return pv_dump_end_row(dump, error) && pv_dump_next(dump, error);
}

static gboolean read_insert(PvDump *dump, GError **error)
{
	gboolean is_wanted = FALSE;

	do {
		if (!pv_dump_next(dump, error))
			return FALSE;
	} while (is_keyword(dump, "into") || is_keyword(dump, "ignore") ||
		 is_keyword(dump, "delayed") || is_keyword(dump, "low_priority"));
	if (!read_table_name(dump, &is_wanted, error))
		return FALSE;
	if (!is_wanted)
		return skip_statement(dump, error);
	dump->has_table = TRUE;
	if (is_mark(dump, '(') && !read_column_list(dump, error))
		return FALSE;
	while (dump->token == PV_TOKEN_WORD && !is_keyword(dump, "values")) {
		if (!pv_dump_next(dump, error)) /* OVERRIDING SYSTEM VALUE */
			return FALSE;
	}
	if (!is_keyword(dump, "values"))
		return pv_dump_fail(dump, PV_ERROR_SYNTAX, "INSERT without VALUES", error);
	if (!pv_dump_check_columns(dump, error))
		return FALSE;
	do {
		if (!pv_dump_next(dump, error))
			return FALSE;
		if (!is_mark(dump, '('))
			return pv_dump_fail(dump, PV_ERROR_SYNTAX,
					    "expected a row; is the dump whole?", error);
		if (!read_values(dump, error))
			return FALSE;
	} while (is_mark(dump, ','));
	if (is_keyword(dump, "on") && !skip_statement(dump, error)) /* CONFLICT DO NOTHING */
		return FALSE;
	if (!is_mark(dump, ';'))
		return pv_dump_fail(dump, PV_ERROR_SYNTAX,
				    "INSERT without an end; is the dump whole?", error);
	return TRUE;
}

static gboolean read_copy(PvDump *dump, GError **error)
{
	gboolean is_wanted = FALSE;

	if (!pv_dump_next(dump, error) || !read_table_name(dump, &is_wanted, error))
		return FALSE;
	if (is_mark(dump, '(') && !read_column_list(dump, error))
		return FALSE;
	if (!skip_statement(dump, error))
		return FALSE;
	if (is_wanted) {
		dump->has_table = TRUE;
		if (!pv_dump_check_columns(dump, error))
			return FALSE;
	} else {
		g_ptr_array_set_size(dump->columns, 0);
	}
	return pv_dump_copy_rows(dump, error);
}

static gboolean read_statement(PvDump *dump, GError **error)
{
	if (is_keyword(dump, "create"))
		return read_create(dump, error);
	if (is_keyword(dump, "insert") || is_keyword(dump, "replace"))
		return read_insert(dump, error);
	if (is_keyword(dump, "copy") && dump->dialect->has_copy)
		return read_copy(dump, error);
	if (is_mark(dump, '\\') && dump->dialect->has_copy) { /* \connect, \restrict */
		int byte;

		do
			byte = pv_dump_get(dump);
		while (byte >= 0 && byte != '\n');
		return TRUE;
	}
	return skip_statement(dump, error);
}

static void dump_clear(PvDump *dump)
{
	g_free(dump->buffer);
	g_string_free(dump->text, TRUE);
	g_ptr_array_unref(dump->columns);
	for (guint i = 0; i < PV_MIGRATE_COLUMNS_MAX; i++)
		g_string_free(dump->values[i], TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvDump, dump_clear)

gboolean pv_dump_rows(const PvDumpDialect *dialect, PvDumpRead read, void *data,
		      const PvMigrateTable *table, PvMigrateRow row, void *user_data,
		      GError **error)
{
	g_auto(PvDump) dump = { .dialect = dialect,
				.read = read,
				.read_data = data,
				.buffer = g_malloc(PV_DUMP_BUFFER_BYTES),
				.line = 1,
				.text = g_string_new(NULL),
				.table = table,
				.row = row,
				.row_data = user_data,
				.columns = g_ptr_array_new_with_free_func(g_free) };

	for (guint i = 0; i < PV_MIGRATE_COLUMNS_MAX; i++)
		dump.values[i] = g_string_new(NULL);
	for (;;) {
		if (!pv_dump_next(&dump, error))
			return FALSE;
		if (dump.token == PV_TOKEN_END)
			break;
		if (!read_statement(&dump, error))
			return FALSE;
	}
	return dump.has_table ? TRUE
			      : pv_fail(error, PV_ERROR_NOT_FOUND, "there is no table %s in it",
					table->name);
}

static gssize read_file(void *data, char *buffer, gsize size)
{
	gssize got;

	do
		got = read(*(int *)data, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

gboolean pv_dump_file_rows(const PvDumpDialect *dialect, const char *path,
			   const PvMigrateTable *table, PvMigrateRow row, void *user_data,
			   GError **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gboolean done;

	if (fd < 0)
		return pv_fail_errno(error, errno, "cannot open %s", path);
	done = pv_dump_rows(dialect, read_file, &fd, table, row, user_data, error);
	close(fd);
	return done || pv_fail_wrap(error, "%s", path);
}
