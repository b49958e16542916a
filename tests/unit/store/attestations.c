/* SPDX-License-Identifier: Apache-2.0 */

/* Attestations in the store: of one GUN, replaced whole, counted, and gone with it. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "database.h"

#define GUN   "registry.example/team/app"
#define OTHER "registry.example/team/ap"
#define NOW   ((PvTime){ 1800000000, 123456789 })
#define KEY   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY_2 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void publish(Database *database, const char *gun, gint64 version)
{
	g_autoptr(GError) error = NULL;

	database_publish(database->store, gun, version, "text", NOW, &error);
	g_assert_no_error(error);
}

/* Puts @text. Returns: TRUE if there was none. */
static gboolean put(Database *database, const char *gun, const char *key_id, const char *text,
		    GError **error)
{
	g_autoptr(GBytes) data = g_bytes_new(text, strlen(text));
	gboolean is_new = FALSE;

	return pv_store_put_attestation(database->store, gun, key_id, data, NOW, &is_new, error) &&
	       is_new;
}

static void assert_found(Database *database, const char *gun, const char *key_id, const char *text)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;
	PvDigest sha256;

	pv_store_get_attestation(database->store, gun, key_id, &file, &error);
	if (!text) {
		g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
		return;
	}
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(file.data, NULL), g_bytes_get_size(file.data), text,
			strlen(text));
	sha256 = pv_digest_of(PV_HASH_SHA256, text, strlen(text));
	g_assert_true(pv_digest_equal(&file.sha256, &sha256));
	g_assert_cmpint(file.created.seconds, ==, NOW.seconds);
}

static gint64 bytes_of(Database *database)
{
	return database_number(database,
			       "SELECT bytes FROM trust_repositories WHERE gun = '" GUN "'");
}

static void test_put(Database *database)
{
	g_autoptr(GError) error = NULL;
	gint64 before;

	/* Of what has no trust data nothing is kept, and no row is left behind. */
	g_assert_false(put(database, GUN, KEY, "one", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_repositories"), ==,
			0);
	publish(database, GUN, 1);
	before = bytes_of(database);
	assert_found(database, GUN, KEY, NULL);
	g_assert_true(put(database, GUN, KEY, "one", &error));
	assert_found(database, GUN, KEY, "one");
	g_assert_cmpint(bytes_of(database), ==, before + 3);
	g_assert_false(put(database, GUN, KEY, "one", &error));
	g_assert_cmpint(bytes_of(database), ==, before + 3);
	g_assert_false(put(database, GUN, KEY, "another", &error));
	g_assert_no_error(error);
	assert_found(database, GUN, KEY, "another");
	g_assert_cmpint(bytes_of(database), ==, before + 7);
	g_assert_true(put(database, GUN, KEY_2, "two", &error));
	assert_found(database, GUN, KEY, "another");
	/* The feed tells of metadata alone. */
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_changes"), ==, 1);
	publish(database, GUN, 2);
	assert_found(database, GUN, KEY_2, "two");
}

static void test_each_gun_its_own(Database *database)
{
	publish(database, GUN, 1);
	publish(database, OTHER, 1);
	g_assert_true(put(database, GUN, KEY, "ours", NULL));
	assert_found(database, OTHER, KEY, NULL);
	g_assert_true(put(database, OTHER, KEY, "theirs", NULL));
	assert_found(database, GUN, KEY, "ours");
	g_assert_true(pv_store_remove(database->store, GUN, NOW, NULL));
	assert_found(database, GUN, KEY, NULL);
	assert_found(database, OTHER, KEY, "theirs");
	publish(database, GUN, 1);
	assert_found(database, GUN, KEY, NULL);
}

static void test_quota(Database *database)
{
	publish(database, GUN, 1);
	database->options.gun_bytes_max = (guint64)bytes_of(database) + 10;
	database_reopen(database);
	for (gsize size = 11; size >= 9; size--) {
		g_autofree char *text = g_strnfill(size, 'x');
		g_autoptr(GError) error = NULL;

		put(database, GUN, KEY, text, &error);
		if (size <= 10) {
			g_assert_no_error(error);
			assert_found(database, GUN, KEY, text);
			continue;
		}
		g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		assert_found(database, GUN, KEY, NULL);
	}
}

static void test_count(Database *database)
{
	publish(database, GUN, 1);
	for (int more = -2; more <= 0; more++) {
		g_autofree char *sql = g_strdup_printf(
			"INSERT INTO trust_attestations (gun, key_id, sha256, created, size, data) "
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
			"%d) "
			"SELECT '" GUN
			"', CAST(i AS TEXT), sha256, 0, 0, sha256 FROM n, trust_files "
			"WHERE gun = '" GUN "' AND role = 'root'",
			PV_STORE_ATTESTATIONS_MAX + more + 1);
		g_autoptr(GError) error = NULL;

		database_execute(database, "DELETE FROM trust_attestations");
		database_execute(database, sql);
		g_assert_true(put(database, GUN, KEY, "one", &error) == (more < -1));
		if (more >= -1)
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_damage_is_noticed(Database *database)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;

	publish(database, GUN, 1);
	g_assert_true(put(database, GUN, KEY, "one", NULL));
	database_execute(database, "UPDATE trust_attestations SET data = sha256");
	g_assert_false(pv_store_get_attestation(database->store, GUN, KEY, &file, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_IO);
}

/* A store that the program before this one has left. */
static void test_former_schema(Database *database)
{
	g_autoptr(PvStore) again = NULL;

	publish(database, GUN, 1);
	database_execute(database, "DROP TABLE trust_attestations");
	database_execute(database, "UPDATE trust_state SET value = 2 WHERE name = 'schema'");
	database_reopen(database);
	g_assert_cmpint(database_number(database,
					"SELECT value FROM trust_state WHERE name = 'schema'"),
			==, 3);
	database_assert_file(database->store, GUN, "targets", 1, "text");
	g_assert_true(put(database, GUN, KEY, "one", NULL));
	again = database_open(database, NULL);
	assert_found(database, GUN, KEY, "one");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	database_add_test("attestations/put", NULL, test_put);
	database_add_test("attestations/each-gun-its-own", NULL, test_each_gun_its_own);
	database_add_test("attestations/quota", NULL, test_quota);
	database_add_test("attestations/count", NULL, test_count);
	database_add_test("attestations/damage-is-noticed", NULL, test_damage_is_noticed);
	database_add_test("attestations/former-schema", NULL, test_former_schema);
	return database_run_tests();
}
