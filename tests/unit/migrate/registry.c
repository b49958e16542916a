/* SPDX-License-Identifier: Apache-2.0 */

/* Which driver reads a source, and what is said of one that none can read. */

#include <string.h>

#include "base/error.h"
#include "migrate/source.h"
#include "recorder.h"

static gboolean count_rows(void *user_data, const PvMigrateField *fields, GError **error)
{
	++*(guint *)user_data;
	return TRUE;
}

static void refuse(const char *source, PvErrorCode code, const char *words)
{
	g_autoptr(GError) error = NULL;
	guint rows = 0;

	g_assert_false(pv_migrate_read(source, &pv_migrate_changes, count_rows, &rows, &error));
	if (!strstr(error->message, words))
		g_test_message("of %s: said %s", source, error->message);
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, words));
	g_assert_cmpuint(rows, ==, 0);
}

static void test_addresses(void)
{
	refuse("oracle://db/notaryserver", PV_ERROR_USAGE, "oracle://db/notaryserver is no source");
	refuse("mysql://db/notaryserver", PV_ERROR_USAGE, "mysql://USER@HOST:PORT/DATABASE");
	refuse("mysql://notary@db", PV_ERROR_USAGE, "mysql://USER@HOST:PORT/DATABASE");
	refuse("mysql://notary@db/", PV_ERROR_USAGE, "mysql://USER@HOST:PORT/DATABASE");
	refuse("mysql://notary@db/a/b", PV_ERROR_USAGE, "mysql://USER@HOST:PORT/DATABASE");
	refuse("mysql://notary:word@db/a", PV_ERROR_USAGE, "set MYSQL_PWD");
	refuse("postgresql://notary@db:port/a", PV_ERROR_UNREACHABLE, "port");
	refuse("postgresql://notary@db/a?unknown=1", PV_ERROR_USAGE,
	       "postgresql://USER@HOST:PORT/DATABASE");
	refuse("postgres://notary:word@db/a", PV_ERROR_USAGE, "set PGPASSWORD");
	refuse("postgresql://db/a?password=word", PV_ERROR_USAGE, "set PGPASSWORD");
	refuse("postgresql://notary@127.0.0.1:1/a", PV_ERROR_UNREACHABLE,
	       "the database server says: ");
	refuse("mysql://notary@127.0.0.1:1/a", PV_ERROR_UNREACHABLE, "the database server says: ");
}

static void test_files(void)
{
	static const struct {
		const char *text;
		guint rows;
	} good[] = {
		{ "-- MySQL dump 10.13\nCREATE TABLE changefeed (a int);", 0 },
		{ "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n"
		  "CREATE TABLE changefeed (a int);",
		  0 },
		{ "INSERT INTO `changefeed` (gun, version, sha256, category, created_at) "
		  "VALUES (1,2,3,4,5),(1,2,3,4,'a\\'b');",
		  2 },
		{ "--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.changefeed (a int);",
		  0 },
		{ "--\n-- PostgreSQL database cluster dump\n--\nCREATE TABLE changefeed (a int);",
		  0 },
		{ "COPY public.changefeed (gun, version, sha256, category, created_at) FROM stdin;"
		  "\n1\t2\t3\t4\t5\n\\.\n",
		  1 },
		{ "INSERT INTO public.changefeed (gun, version, sha256, category, created_at) "
		  "VALUES (1,2,3,4,'a\\');",
		  1 },
	};
	g_autoptr(Recorder) recorder = recorder_new();
	g_autofree char *other = recorder_dump(recorder, "PGDMP\1\2\3");
	g_autofree char *empty = recorder_dump(recorder, "");
	g_autofree char *none = g_strconcat(other, ".none", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *path = recorder_dump(recorder, good[i].text);
		g_autoptr(GError) error = NULL;
		guint rows = 0;

		pv_migrate_read(path, &pv_migrate_changes, count_rows, &rows, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(rows, ==, good[i].rows);
	}
	refuse(other, PV_ERROR_USAGE, "a plain-text file of mysqldump or pg_dump");
	refuse(empty, PV_ERROR_USAGE, "is no source");
	refuse(none, PV_ERROR_NOT_FOUND, "no such file");
	refuse(recorder->directory, PV_ERROR_USAGE, "is no source");
}

static void test_hex(void)
{
	static const char *const bad[] = { "1", "123", "0g", "g0", "  " };
	char good[] = "00fFAb7e";
	gsize size = 0;

	g_assert_true(pv_migrate_decode_hex(good, 8, &size));
	g_assert_cmpmem(good, size, "\0\xff\xab\x7e", 4);
	g_assert_true(pv_migrate_decode_hex(good, 0, &size));
	g_assert_cmpuint(size, ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *text = g_strdup(bad[i]);

		g_assert_false(pv_migrate_decode_hex(text, strlen(text), &size));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/migrate/registry/addresses", test_addresses);
	g_test_add_func("/migrate/registry/files", test_files);
	g_test_add_func("/migrate/registry/hex", test_hex);
	return g_test_run();
}
