/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/limits.h"
#include "vuln/database_private.h"

#define RECORD(id, ecosystem, name) \
	"{'id':'" id "','affected':[{'package':{'ecosystem':'" ecosystem "','name':'" name "'}}]}"

/* The ids of the entries for a package, in their order. */
static char *found(PvDatabase *database, const char *ecosystem, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_t) entries = pv_database_find(database, ecosystem, name, &error);
	GString *text = g_string_new(NULL);
	json_t *entry;
	gsize i;

	g_assert_no_error(error);
	json_array_foreach(entries, i, entry) {
		g_string_append_printf(text, "%s ",
				       json_string_value(json_object_get(entry, "id")));
	}
	return g_string_free(text, FALSE);
}

static void check_found(PvDatabase *database, const char *ecosystem, const char *name,
			const char *expected)
{
	g_autofree char *text = found(database, ecosystem, name);

	g_assert_cmpstr(text, ==, expected);
}

static void test_find(Fixture *fixture, const void *data)
{
	static const char *const records[] = {
		RECORD("B", "npm", "a"),
		RECORD("A", "npm", "a"),
		RECORD("C", "npm", "ab"),
		RECORD("D", "np", "ma"),
		RECORD("E", "Debian:1", "a"),
		RECORD("F", "Debian:12", "a"),
		NULL,
	};
	g_autoptr(PvDatabase) database = database_of(fixture, records);
	const json_t *about = pv_database_about(database);
	g_autofree char *long_name = g_strnfill(1000, 'a');

	check_found(database, "npm", "a", "A B ");
	check_found(database, "npm", "ab", "C ");
	check_found(database, "np", "ma", "D ");
	check_found(database, "Debian:1", "a", "E ");
	check_found(database, "Debian:12", "a", "F ");
	check_found(database, "Debian", "a", "");
	check_found(database, "npm", "", "");
	check_found(database, "npm", "b", "");
	check_found(database, "zzz", "a", "");
	check_found(database, "npm", long_name, "");
	g_assert_true(pv_database_covers(database, "np"));
	g_assert_false(pv_database_covers(database, "Debian"));
	g_assert_cmpint(json_integer_value(json_object_get(about, "records")), ==, 6);
	g_assert_cmpint(json_integer_value(json_object_get(about, "entries")), ==, 6);
	g_assert_cmpint(json_integer_value(json_object_get(about, "schema")), ==,
			PV_DATABASE_SCHEMA);
}

static void test_same_id(Fixture *fixture, const void *data)
{
	static const char *const records[] = { RECORD("A", "npm", "a"), RECORD("A", "npm", "b"),
					       RECORD("A", "npm", "a"), NULL };
	g_autoptr(PvDatabase) database = database_of(fixture, records);

	check_found(database, "npm", "a", "A A ");
	check_found(database, "npm", "b", "A ");
}

static char *digest_of(Fixture *fixture, const char *const *records)
{
	g_autoptr(PvDatabase) database = database_of(fixture, records);

	return g_strdup(json_string_value(json_object_get(pv_database_about(database), "digest")));
}

static void test_digest(Fixture *fixture, const void *data)
{
	static const char *const one[] = { RECORD("A", "npm", "a"), RECORD("B", "npm", "b"), NULL };
	static const char *const two[] = { RECORD("B", "npm", "b"), RECORD("A", "npm", "a"), NULL };
	static const char *const other[] = { RECORD("A", "npm", "a"), NULL };
	g_autofree char *first = digest_of(fixture, one), *second = digest_of(fixture, two);
	g_autofree char *third = digest_of(fixture, other);

	g_assert_cmpstr(first, ==, second);
	g_assert_cmpstr(first, !=, third);
	g_assert_cmpuint(strlen(first), ==, strlen("sha256:") + 64);
}

static void test_refused_records(Fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDatabaseWriter) writer = pv_database_writer_new(fixture->path, &error);
	g_autofree char *name = g_strnfill(PV_DATABASE_KEY_BYTES_MAX, 'n');
	g_autofree char *text =
		g_strdup_printf("{'id':'A','affected':[{'package':{'ecosystem':'npm','name':'a'}},"
				"{'package':{'ecosystem':'npm','name':'%s'}}]}",
				name);
	g_autoptr(GBytes) long_name = record_of(text), broken = record_of("{"),
			  good = record_of(RECORD("G", "npm", "a"));
	g_autoptr(json_t) sources = json_array();
	g_autoptr(PvDatabase) database = NULL;

	g_assert_false(pv_database_writer_add(writer, broken, "x", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_clear_error(&error);
	g_assert_false(pv_database_writer_add(writer, long_name, "x", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_false(pv_database_writer_has_failed(writer));
	g_assert_true(pv_database_writer_add(writer, good, "x", &error));
	g_assert_cmpuint(pv_database_writer_records(writer), ==, 1);
	g_assert_true(pv_database_writer_finish(writer, sources, 2, &error));
	database = pv_database_open(fixture->path, &error);
	check_found(database, "npm", "a", "G "); /* nothing of the record that had a long name */
}

/* Keys up to LMDB's 511 bytes: "npm\0", the name and NUL, "I\0", 4 bytes. */
static void test_key_limit(Fixture *fixture, const void *data)
{
	guint8 key[PV_DATABASE_KEY_BYTES_MAX];
	const gsize most = PV_DATABASE_KEY_BYTES_MAX - 4 - 1 - 2 - 4;

	for (gsize length = most - 1; length <= most + 1; length++) {
		g_autofree char *name = g_strnfill(length, 'n');

		g_assert_cmpuint(pv_database_key("npm", name, "I", 0, key), ==,
				 length <= most ? length + 11 : 0);
	}
}

/* What one record may become: entries share its names, so a small record can grow. */
static void test_entries_limit(Fixture *fixture, const void *data)
{
	GString *names = g_string_new(NULL), *affected = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDatabaseWriter) writer = pv_database_writer_new(fixture->path, &error);
	g_autofree char *text = NULL;
	g_autoptr(GBytes) record = NULL;

	for (guint i = 0; i < 8000; i++)
		g_string_append_printf(names, "%s'GHSA-%u'", i ? "," : "", i);
	for (guint i = 0; i < 2000; i++)
		g_string_append_printf(affected, "%s{'package':{'ecosystem':'npm','name':'%u'}}",
				       i ? "," : "", i);
	text = g_strdup_printf("{'id':'A','aliases':[%s],'affected':[%s]}", names->str,
			       affected->str);
	record = record_of(text);
	g_assert_cmpuint(g_bytes_get_size(record), <, PV_MIB);
	g_assert_false(pv_database_writer_add(writer, record, "x", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==,
			"x: more than 67108864 bytes for the packages it affects");
	g_assert_false(pv_database_writer_has_failed(writer));
	g_string_free(names, TRUE);
	g_string_free(affected, TRUE);
}

static void test_ecosystems_limit(Fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDatabaseWriter) writer = pv_database_writer_new(fixture->path, &error);

	for (guint i = 0; i <= PV_ECOSYSTEMS_MAX; i++) {
		g_autofree char *text = g_strdup_printf(
			"{'id':'%u','affected':[{'package':{'ecosystem':'E%u','name':'a'}}]}", i,
			i);
		g_autoptr(GBytes) record = record_of(text);

		if (i < PV_ECOSYSTEMS_MAX) {
			pv_database_writer_add(writer, record, "x", &error);
			g_assert_no_error(error);
			continue;
		}
		g_assert_false(pv_database_writer_add(writer, record, "x", &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		g_assert_cmpstr(error->message, ==,
				"x: more than 16384 ecosystems in one database");
	}
}

/* Far more than one map step: the map grows between transactions. */
static void test_growth(Fixture *fixture, const void *data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvDatabaseWriter) writer = pv_database_writer_new(fixture->path, &error);
	g_autoptr(PvDatabase) database = NULL;
	g_autoptr(json_t) sources = json_array();
	g_autoptr(json_t) entries = NULL;
	GString *versions = g_string_new(NULL);
	struct stat status;

	for (guint i = 0; i < 8000; i++)
		g_string_append_printf(versions, "%s'%0*u'", i ? "," : "", 1000, i);
	for (guint i = 0; i < 34; i++) {
		g_autofree char *text = g_strdup_printf(
			"{'id':'R%02u','affected':[{'package':{'ecosystem':'npm','name':'a%u'},"
			"'versions':[%s]}]}",
			i, i % 17, versions->str);
		g_autoptr(GBytes) record = record_of(text);

		pv_database_writer_add(writer, record, "x", &error);
		g_assert_no_error(error);
	}
	g_string_free(versions, TRUE);
	pv_database_writer_finish(writer, sources, 0, &error);
	g_assert_no_error(error);
	g_assert_cmpint(stat(fixture->path, &status), ==, 0);
	g_assert_cmpint(status.st_size, >, 256 * 1024 * 1024);
	database = pv_database_open(fixture->path, &error);
	g_assert_no_error(error);
	entries = pv_database_find(database, "npm", "a1", &error);
	g_assert_cmpuint(json_array_size(entries), ==, 2);
}

static void check_open_fails(Fixture *fixture, PvErrorCode code, const char *said)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(pv_database_open(fixture->path, &error));
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, fixture->path));
	g_assert_nonnull(g_str_has_suffix(error->message, said) ? said : NULL);
}

static void test_bad_files(Fixture *fixture, const void *data)
{
	static const char *const records[] = { RECORD("A", "npm", "a"), NULL };
	g_autofree char *bytes = NULL;
	gsize size;

	check_open_fails(fixture, PV_ERROR_NOT_FOUND,
			 "; make one with `pavise db update` or `pavise db import`");
	g_assert_true(g_file_set_contents(fixture->path, "", 0, NULL));
	check_open_fails(fixture, PV_ERROR_SYNTAX, " is no advisory database");
	g_assert_true(g_file_set_contents(fixture->path, "{\"id\": \"this is JSON, not LMDB\"}", -1,
					  NULL));
	check_open_fails(fixture, PV_ERROR_SYNTAX, " is no advisory database");
	pv_database_close(database_of(fixture, records));
	g_assert_true(g_file_get_contents(fixture->path, &bytes, &size, NULL));
	g_assert_true(g_file_set_contents(fixture->path, bytes, (gssize)size - 1, NULL));
	check_open_fails(fixture, PV_ERROR_SYNTAX, " is cut off; import it again");
	g_assert_true(g_file_set_contents(fixture->path, bytes, 8192, NULL));
	check_open_fails(fixture, PV_ERROR_SYNTAX, " is cut off; import it again");
	g_assert_cmpint(g_unlink(fixture->path), ==, 0);
	g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
	check_open_fails(fixture, PV_ERROR_SYNTAX, " is no advisory database");
}

/* Until the rename the old database is what readers see; what is given up leaves nothing. */
static void test_given_up(Fixture *fixture, const void *data)
{
	static const char *const records[] = { RECORD("OLD", "npm", "a"), NULL };
	g_autoptr(GBytes) record = record_of(RECORD("NEW", "npm", "a"));
	g_autofree char *temporary = g_strconcat(fixture->path, ".new", NULL);
	PvDatabase *database = database_of(fixture, records);
	PvDatabaseWriter *writer = pv_database_writer_new(fixture->path, NULL);

	g_assert_true(pv_database_writer_add(writer, record, "x", NULL));
	check_found(database, "npm", "a", "OLD ");
	pv_database_close(database);
	g_assert_true(g_file_test(temporary, G_FILE_TEST_EXISTS));
	pv_database_writer_free(writer);
	g_assert_false(g_file_test(temporary, G_FILE_TEST_EXISTS));
	database = pv_database_open(fixture->path, NULL);
	check_found(database, "npm", "a", "OLD ");
	pv_database_close(database);
}

/* kill -9 in the middle: the old database stays, and the next import goes over what was left. */
static void test_killed(Fixture *fixture, const void *data)
{
	static const char *const before[] = { RECORD("OLD", "npm", "a"), NULL };
	static const char *const after[] = { RECORD("NEW", "npm", "a"), NULL };
	PvDatabase *database = database_of(fixture, before);
	pid_t child;
	int status;

	pv_database_close(database);
	child = fork();
	g_assert_cmpint(child, >=, 0);
	if (child == 0) {
		PvDatabaseWriter *writer = pv_database_writer_new(fixture->path, NULL);

		for (guint i = 0; i < 20000; i++) {
			g_autofree char *text = g_strdup_printf("{'id':'%u','affected':[{'package':"
								"{'ecosystem':'npm','name':'a'}}]}",
								i);
			g_autoptr(GBytes) record = record_of(text);

			pv_database_writer_add(writer, record, "x", NULL);
		}
		raise(SIGKILL);
	}
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status));
	database = pv_database_open(fixture->path, NULL);
	check_found(database, "npm", "a", "OLD ");
	pv_database_close(database);
	database = database_of(fixture, after);
	check_found(database, "npm", "a", "NEW ");
	pv_database_close(database);
}

static void test_path(Fixture *fixture, const void *data)
{
	g_autofree char *named = pv_database_path("x");
	g_autofree char *from_environment = NULL, *of_host = NULL;

	g_assert_cmpstr(named, ==, "x");
	g_setenv("PAVISE_DB", "y", TRUE);
	from_environment = pv_database_path(NULL);
	g_assert_cmpstr(from_environment, ==, "y");
	g_setenv("PAVISE_DB", "", TRUE);
	of_host = pv_database_path(NULL);
	g_assert_true(g_str_has_suffix(of_host, "/pavise/advisories.mdb"));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(Fixture *, const void *);
	} tests[] = {
		{ "/vuln/database/find", test_find },
		{ "/vuln/database/same-id", test_same_id },
		{ "/vuln/database/digest", test_digest },
		{ "/vuln/database/refused-records", test_refused_records },
		{ "/vuln/database/key-limit", test_key_limit },
		{ "/vuln/database/entries-limit", test_entries_limit },
		{ "/vuln/database/ecosystems-limit", test_ecosystems_limit },
		{ "/vuln/database/growth", test_growth },
		{ "/vuln/database/bad-files", test_bad_files },
		{ "/vuln/database/given-up", test_given_up },
		{ "/vuln/database/killed", test_killed },
		{ "/vuln/database/path", test_path },
	};

	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].name, Fixture, NULL, fixture_set_up, tests[i].run,
			   fixture_tear_down);
	return g_test_run();
}
