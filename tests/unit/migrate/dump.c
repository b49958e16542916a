/* SPDX-License-Identifier: Apache-2.0 */

/* Dumps as mysqldump and pg_dump write them, with every option that changes their form; and cut ones. */

#include "migrate/dump.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

/* A text that is given in reads of at most @step bytes: @before, @fill times @filler, @after. */
typedef struct {
	const char *before, *after;
	char filler;
	gsize fill, step, at;
	int fail_at_end;
} Source;

static gssize give(void *data, char *buffer, gsize size)
{
	Source *source = data;
	gsize before = strlen(source->before), end = before + source->fill;
	gsize count = 0, most = MIN(size, source->step);

	while (count < most) {
		gsize left = most - count;

		if (source->at < before) {
			buffer[count] = source->before[source->at];
			left = 1;
		} else if (source->at < end) {
			left = MIN(left, end - source->at);
			memset(buffer + count, source->filler, left);
		} else if (source->at - end < strlen(source->after)) {
			buffer[count] = source->after[source->at - end];
			left = 1;
		} else {
			break;
		}
		count += left;
		source->at += left;
	}
	errno = source->fail_at_end;
	return count == 0 && source->fail_at_end ? -1 : (gssize)count;
}

/* Rows as text: values between bars, a tilde for NULL; rows between slashes. */
static gboolean write_row(void *user_data, const PvMigrateField *fields, GError **error)
{
	GString *rows = user_data;

	for (guint i = 0; i < pv_migrate_changes.count; i++) {
		g_autofree char *bytes = g_strndup(fields[i].data, fields[i].size);
		g_autofree char *text = bytes ? g_strescape(bytes, NULL) : g_strdup("~");

		g_assert_true(!bytes || strlen(bytes) == fields[i].size || !*bytes);
		g_string_append_printf(rows, "%s%s", i ? "|" : "", text);
	}
	g_string_append_c(rows, '/');
	return TRUE;
}

/* @expected: the rows, or "!" and what the error must say. */
static void check(const PvDumpDialect *dialect, const char *text, const char *expected)
{
	static const gsize steps[] = { 1, 7, 4096 };

	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		Source source = { .before = text, .after = "", .step = steps[i] };
		g_autoptr(GString) rows = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		gboolean done = pv_dump_rows(dialect, give, &source, &pv_migrate_changes, write_row,
					     rows, &error);

		if (*expected != '!') {
			g_assert_no_error(error);
			g_assert_true(done);
			g_assert_cmpstr(rows->str, ==, expected);
			continue;
		}
		g_assert_false(done);
		if (!strstr(error->message, expected + 1))
			g_test_message("of %s: said %s", text, error->message);
		g_assert_nonnull(strstr(error->message, expected + 1));
	}
}

/* --- mysqldump ---------------------------------------------------------------------------- */

#define TABLE                                                                                     \
	"CREATE TABLE `changefeed` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n"                  \
	"  `created_at` timestamp NULL DEFAULT current_timestamp(),\n  `gun` varchar(255),\n"     \
	"  `version` int(11) NOT NULL CHECK (`version` in (1,2)),\n"                              \
	"  `sha256` char(64) COMMENT 'it''s, a hash',\n  `category` varchar(20) DEFAULT 'update'" \
	",\n  PRIMARY KEY (`id`),\n  KEY `gun` (`gun`,`version`)\n) ENGINE=InnoDB;\n"

static void test_mysql(void)
{
	static const char *const cases[][2] = {
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s','update');\n",
		  "t|g|2|s|update/" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,NULL,'update'),"
			"\n(2,NULL,'h',-3,'','deletion');\n",
		  "t|g|2|~|update/~|h|-3||deletion/" },
		{ TABLE
		  "insert into changefeed values (1,'t','a\\'b''c\\\\d\\n\\t\\%\\\"',2,'','');",
		  "t|a'b'c\\\\d\\n\\t%\\\"|2||/" },
		/* --complete-insert, --insert-ignore, --delayed-insert, --replace, --hex-blob */
		{ "INSERT IGNORE INTO `changefeed` (`category`, `gun`, `version`, `extra`, "
		  "`sha256`, "
		  "`created_at`) VALUES ('c','g',1,5,0x6162,_binary 'x');",
		  "x|g|1|ab|c/" },
		{ TABLE "REPLACE INTO `changefeed` VALUES (1,X'74',_binary'g',2,x'',0x);",
		  "t|g|2||/" },
		{ TABLE "INSERT DELAYED IGNORE INTO `changefeed` VALUES (1,'t','g',2,'s','c');",
		  "t|g|2|s|c/" },
		{ TABLE "INSERT LOW_PRIORITY INTO `lab`.`changefeed` VALUES (1,'t','g',2,'s','c');",
		  "t|g|2|s|c/" },
		/* What is no row. */
		{ "-- MySQL dump 10.13  ';\n/*!40101 SET NAMES 'utf8' */;\n/*M!999999\\- sandbox "
		  "*/\n"
		  "# hash ' comment\n" TABLE "LOCK TABLES `changefeed` WRITE;\n"
		  "/*!40000 ALTER TABLE `changefeed` DISABLE KEYS */;\n"
		  "INSERT INTO `other` VALUES (1,');INSERT INTO `changefeed` VALUES (');\n"
		  "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s','c');\nUNLOCK TABLES;\n",
		  "t|g|2|s|c/" },
		{ TABLE, "" },
		/* An old schema has no category. */
		{ "CREATE TABLE `changefeed` (`id` int, `created_at` int, `gun` int, `version` "
		  "int, "
		  "`sha256` int);INSERT INTO `changefeed` VALUES (1,'t','g',2,'s');",
		  "t|g|2|s|~/" },
		{ "CREATE TABLE IF NOT EXISTS changefeed (a int); CREATE VIEW v AS SELECT 1;", "" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&pv_dump_mysql, cases[i][0], cases[i][1]);
}

static void test_mysql_broken(void)
{
	static const char *const cases[][2] = {
		{ "", "!there is no table changefeed in it" },
		{ "CREATE TABLE `changefeeds` (`gun` int);",
		  "!there is no table changefeed in it" },
		{ "CREATE TABLE `changefeed` (`gun` int", "!the dump ends within a table" },
		{ "INSERT INTO `changefeed` VALUES (1);",
		  "!no column created_at that the dump tells" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s');",
		  "!line 11: a row that has not the table's columns" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s','c','d');",
		  "!a row that has not the table's columns" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s','c'",
		  "!is the dump whole?" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s','c')",
		  "!INSERT without an end" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g',2,'s','c'),",
		  "!expected a row" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g",
		  "!the dump ends within quotes" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,'t','g\\",
		  "!the dump ends within quotes" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,;", "!expected a value" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,0x123);", "!a hexadecimal value" },
		{ TABLE "INSERT INTO `changefeed` VALUES (1,X'zz');", "!a hexadecimal value" },
		{ TABLE "INSERT INTO `changefeed` SELECT 1;", "!INSERT without VALUES" },
		{ TABLE "INSERT INTO `changefeed` ('a') VALUES (1);",
		  "!expected a list of columns" },
		{ "/* never ended", "!the dump ends within a comment" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&pv_dump_mysql, cases[i][0], cases[i][1]);
}

/* --- pg_dump ------------------------------------------------------------------------------ */

#define COPY "COPY public.changefeed (id, created_at, gun, version, sha256, category) FROM stdin;\n"

static void test_postgres(void)
{
	static const char *const cases[][2] = {
		{ COPY "1\tt\tg\t2\ts\tupdate\n2\t\\N\th\t-3\t\tdeletion\n\\.\n\n",
		  "t|g|2|s|update/~|h|-3||deletion/" },
		{ COPY "1\tt\ta\\tb\\\\c\\nd\\b\\f\\r\\v\t2\ts\tc\n\\.\n",
		  "t|a\\tb\\\\c\\nd\\b\\f\\r\\v|2|s|c/" },
		/* Only a whole \N is NULL; \. ends only at the start of a line. */
		{ COPY "1\tt\tN\t2\t\\\\N\t.\n\\.\n", "t|N|2|\\\\N|./" },
		{ COPY "\\.\n", "" },
		{ "COPY public.other (a) FROM stdin;\n'\"$$;(\n\\.\n\n" COPY
		  "1\tt\tg\t2\ts\tc\n\\.\n",
		  "t|g|2|s|c/" },
		/* --inserts, --column-inserts, --rows-per-insert, --on-conflict-do-nothing */
		{ "CREATE TABLE public.changefeed (\n    id integer NOT NULL,\n"
		  "    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP,\n"
		  "    gun character varying(255) NOT NULL,\n    version integer NOT NULL,\n"
		  "    sha256 character(64) DEFAULT NULL::bpchar,\n    category character "
		  "varying(20) "
		  "DEFAULT 'update'::character varying NOT NULL\n);\n"
		  "INSERT INTO public.changefeed VALUES (1, 't', 'it''s \\n', 2, NULL, "
		  "'\\x6162');\n",
		  "t|it's \\\\n|2|~|\\\\x6162/" },
		{ "INSERT INTO public.changefeed (id, created_at, gun, \"version\", sha256, "
		  "category) "
		  "OVERRIDING SYSTEM VALUE VALUES\n\t(1, 't', E'g\\n', 2, 's', 'c'),\n\t(2, 't', "
		  "'h', 3, "
		  "'s', 'c') ON CONFLICT DO NOTHING;\n",
		  "t|g\\n|2|s|c/t|h|3|s|c/" },
		/* psql's commands, functions */
		{ "\\restrict x'y\n\\connect notaryserver\nCREATE FUNCTION f() AS $_$ it's; $ $x$ "
		  "INSERT INTO changefeed $_$ LANGUAGE sql;\n" COPY
		  "1\tt\tg\t2\ts\tc\n\\.\n\\unrestrict",
		  "t|g|2|s|c/" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&pv_dump_postgres, cases[i][0], cases[i][1]);
}

static void test_postgres_broken(void)
{
	static const char *const cases[][2] = {
		{ COPY "1\tt\tg\t2\ts\tc\n", "!line 3: the dump ends within a table" },
		{ COPY "1\tt\tg\t2\ts", "!the dump ends within a table" },
		{ COPY "1\tt\tg\t2\ts\n\\.\n", "!a row that has not the table's columns" },
		{ COPY "1\tt\tg\t2\ts\tc\td\n\\.\n", "!a row that has not the table's columns" },
		{ COPY "1\tt\tg\t2\t\\Nx\tc\n\\.\n", "!a NULL with more after it" },
		{ "COPY public.changefeed (id, gun) FROM stdin;\n\\.\n",
		  "!has no column created_at" },
		{ "COPY public.changefeeds (id) FROM stdin;\n\\.\n",
		  "!there is no table changefeed" },
		{ "CREATE FUNCTION f() AS $$ never ended", "!the dump ends within a function" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check(&pv_dump_postgres, cases[i][0], cases[i][1]);
}

static void test_read_error(void)
{
	Source source = { .before = COPY "1\tt", .after = "", .step = 9, .fail_at_end = EIO };
	g_autoptr(GError) error = NULL;

	g_assert_false(pv_dump_rows(&pv_dump_postgres, give, &source, &pv_migrate_changes,
				    write_row, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_IO);
	g_assert_nonnull(strstr(error->message, "cannot read the dump"));
}

/* --- limits ------------------------------------------------------------------------------- */

static void check_limit(const PvDumpDialect *dialect, const char *text, gboolean is_over)
{
	check(dialect, text, is_over ? "!too many or too long columns" : "");
}

static void test_columns(void)
{
	for (guint count = PV_DUMP_COLUMNS_MAX - 1; count <= PV_DUMP_COLUMNS_MAX + 1; count++) {
		g_autoptr(GString) names =
			g_string_new("created_at, gun, version, sha256, category");
		g_autoptr(GString) values = g_string_new("'t', 'g', 1, 's', 'c'");
		g_autofree char *created = NULL;
		g_autofree char *inserted = NULL;
		gboolean is_over = count > PV_DUMP_COLUMNS_MAX;

		for (guint i = 5; i < count; i++) {
			g_string_append_printf(names, ", more%u", i);
			g_string_append(values, ", 0");
		}
		created = g_strdup_printf("CREATE TABLE changefeed (%s);", names->str);
		check_limit(&pv_dump_mysql, created, is_over);
		inserted = g_strdup_printf("INSERT INTO changefeed (%s) VALUES (%s);", names->str,
					   values->str);
		check(&pv_dump_postgres, inserted, is_over ? "!too many or" : "t|g|1|s|c/");
	}
}

static void test_values(void)
{
	for (guint count = PV_DUMP_COLUMNS_MAX - 1; count <= PV_DUMP_COLUMNS_MAX + 1; count++) {
		g_autoptr(GString) text = g_string_new(TABLE "INSERT INTO `changefeed` VALUES (1");

		for (guint i = 1; i < count; i++)
			g_string_append(text, ",1");
		g_string_append(text, ");");
		check(&pv_dump_mysql, text->str,
		      count > PV_DUMP_COLUMNS_MAX ? "!a row with too many values"
						  : "!a row that has not the table's columns");
	}
}

static void test_names(void)
{
	for (gsize size = PV_DUMP_NAME_BYTES_MAX - 1; size <= PV_DUMP_NAME_BYTES_MAX + 1; size++) {
		g_autofree char *name = g_strnfill(size, 'n');
		g_autofree char *text =
			g_strdup_printf("CREATE TABLE `changefeed` (`%s` int);", name);

		check_limit(&pv_dump_mysql, text, size > PV_DUMP_NAME_BYTES_MAX);
	}
}

static gboolean see_size(void *user_data, const PvMigrateField *fields, GError **error)
{
	*(gsize *)user_data = fields[PV_FILE_DATA].size;
	return TRUE;
}

/* A value of @fill bytes between @before and @after: the size that arrives, or -1 if it is too long. */
static gssize value_size(const PvDumpDialect *dialect, const char *before, gsize fill,
			 const char *after)
{
	Source source = {
		.before = before, .after = after, .filler = '6', .fill = fill, .step = G_MAXSIZE
	};
	g_autoptr(GError) error = NULL;
	gsize size = 0;

	if (pv_dump_rows(dialect, give, &source, &pv_migrate_files, see_size, &size, &error))
		return (gssize)size;
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_nonnull(strstr(error->message, "line 1: a value is too long"));
	return -1;
}

#define FILE_VALUES                                                                     \
	"INSERT INTO tuf_files (created_at, gun, role, version, sha256, data) VALUES (" \
	"'t', 'g', 'r', 1, 's', '"

static void test_value_size(void)
{
	static const gsize most = PV_MIGRATE_FIELD_BYTES_MAX;

	for (gsize size = most - 1; size <= most + 1; size++) {
		gssize expected = size > most ? -1 : (gssize)size;

		g_assert_cmpint(value_size(&pv_dump_mysql, FILE_VALUES, size, "');"), ==, expected);
		if (size >= most)
			g_assert_cmpint(value_size(&pv_dump_postgres, FILE_VALUES "\\x", 2 * size,
						   "');"),
					==, expected);
	}
	/* What nobody ends is not collected for ever. */
	g_assert_cmpint(value_size(&pv_dump_mysql, FILE_VALUES, G_MAXSIZE / 2, ""), ==, -1);
}

/* Values that end at, before and after the end of a read. */
static void test_buffer(void)
{
	for (gsize size = PV_DUMP_BUFFER_BYTES - 3; size <= PV_DUMP_BUFFER_BYTES + 3; size++) {
		gsize fill = size - strlen(FILE_VALUES);

		g_assert_cmpint(value_size(&pv_dump_mysql, FILE_VALUES, fill, "\\'''');"), ==,
				(gssize)fill + 3 - 1);
		g_assert_cmpint(value_size(&pv_dump_postgres, FILE_VALUES, fill, "''');"), ==,
				(gssize)fill + 1);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/migrate/dump/mysql", test_mysql);
	g_test_add_func("/migrate/dump/mysql-broken", test_mysql_broken);
	g_test_add_func("/migrate/dump/postgres", test_postgres);
	g_test_add_func("/migrate/dump/postgres-broken", test_postgres_broken);
	g_test_add_func("/migrate/dump/read-error", test_read_error);
	g_test_add_func("/migrate/dump/columns", test_columns);
	g_test_add_func("/migrate/dump/values", test_values);
	g_test_add_func("/migrate/dump/names", test_names);
	g_test_add_func("/migrate/dump/value-size", test_value_size);
	g_test_add_func("/migrate/dump/buffer", test_buffer);
	return g_test_run();
}
