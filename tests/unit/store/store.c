/* SPDX-License-Identifier: Apache-2.0 */

/* What every store must do, on SQLite and on PostgreSQL. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "database.h"
#include "store/pieces.h"

#define GUN        "registry.example/team/app"
#define DAY        ((gint64)24 * 3600)
#define NOW        ((PvTime){ 1800000000, 123456789 })
#define LATE(days) ((PvTime){ 1800000000 + (days)*DAY, 0 })

static void assert_published(Database *database, const char *gun, gint64 version, const char *text,
			     PvTime now)
{
	g_autoptr(GError) error = NULL;

	database_publish(database->store, gun, version, text, now, &error);
	g_assert_no_error(error);
}

static void assert_missing(PvStore *store, const char *gun, const char *role, gint64 version)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_false(pv_store_get(store, gun, role, NULL, version, &file, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

/* --- reading and publishing --------------------------------------------------------------- */

static void test_get(Database *database)
{
	g_auto(PvStoredFile) newest = { 0 };
	g_auto(PvStoredFile) same = { 0 };
	g_autoptr(GError) error = NULL;

	assert_missing(database->store, GUN, "root", 0);
	assert_published(database, GUN, 1, "a", NOW);
	assert_published(database, GUN, 2, "b", LATE(1));
	database_assert_file(database->store, GUN, "targets", 1, "a");
	database_assert_file(database->store, GUN, "targets", 2, "b");
	assert_missing(database->store, GUN, "targets", 3);
	assert_missing(database->store, "registry.example/team/ap", "targets", 0);
	assert_missing(database->store, GUN, "targets/releases", 0);

	g_assert_true(pv_store_get(database->store, GUN, "targets", NULL, 0, &newest, &error));
	g_assert_cmpint(newest.version, ==, 2);
	g_assert_cmpint(newest.created.seconds, ==, LATE(1).seconds);
	g_assert_true(
		pv_store_get(database->store, GUN, "targets", &newest.sha256, 0, &same, &error));
	g_assert_true(g_bytes_equal(same.data, newest.data));
	g_assert_true(pv_store_check(database->store, &error));
	g_assert_no_error(error);
}

/* A hash opens one role of one GUN and nothing else (trust.md 1.8). */
static void test_hash_is_no_key_elsewhere(Database *database)
{
	static const char *const others[][2] = { { GUN, "root" },
						 { GUN, "targets/releases" },
						 { "registry.example/other", "targets" } };
	g_auto(PvStoredFile) file = { 0 };

	assert_published(database, GUN, 1, "secret", NOW);
	assert_published(database, "registry.example/other", 1, "theirs", NOW);
	g_assert_true(pv_store_get(database->store, GUN, "targets", NULL, 0, &file, NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		g_auto(PvStoredFile) found = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_store_get(database->store, others[i][0], others[i][1],
					    &file.sha256, 0, &found, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
	}
}

static void test_conflicts(Database *database)
{
	PvDigest wrong = pv_digest_of(PV_HASH_SHA256, "x", 1);
	PvStoreUpdate updates[] = { database_update("targets", 3, "new targets"),
				    database_update("snapshot", 2, "old snapshot"),
				    database_update("timestamp", 3, "new timestamp") };
	g_autoptr(GError) error = NULL;
	PvDigest base;

	assert_published(database, GUN, 1, "a", NOW);
	assert_published(database, GUN, 2, "b", NOW);
	g_assert_true(database_base(database->store, GUN, &base));
	/* The snapshot is not newer: nothing of it all is stored. */
	g_assert_false(pv_store_publish(database->store, GUN, &base, updates, 3, NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
	g_clear_error(&error);
	assert_missing(database->store, GUN, "targets", 3);
	/* Made on top of another timestamp, or of none. */
	updates[1].version = 3;
	g_assert_false(pv_store_publish(database->store, GUN, &wrong, updates, 3, NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_false(pv_store_publish(database->store, GUN, NULL, updates, 3, NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_changes"), ==, 2);
	g_assert_true(pv_store_publish(database->store, GUN, &base, updates, 3, NOW, &error));
	g_assert_no_error(error);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_changes"), ==, 3);
	for (gsize i = 0; i < G_N_ELEMENTS(updates); i++)
		g_bytes_unref(updates[i].data);
}

/* --- pieces ------------------------------------------------------------------------------- */

static char *long_text(gsize size, guint32 seed)
{
	char *text = g_malloc(size + 1);

	for (gsize i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		text[i] = (char)('a' + (seed >> 28));
	}
	text[size] = '\0';
	return text;
}

static void test_sizes(Database *database)
{
	static const gsize sizes[] = { PV_PIECE_BYTES_MAX - 100, PV_PIECE_BYTES_MAX,
				       PV_PIECE_BYTES_MAX + 1, 3000000 };

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *text = long_text(sizes[i], (guint32)i);

		assert_published(database, GUN, (gint64)i + 1, text, NOW);
		database_assert_file(database->store, GUN, "targets", (gint64)i + 1, text);
	}
	database_reopen(database);
	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *text = long_text(sizes[i], (guint32)i);

		database_assert_file(database->store, GUN, "targets", (gint64)i + 1, text);
	}
}

/* What is counted for a GUN is what its pieces take. */
static void assert_counted(const Database *database)
{
	g_assert_cmpint(database_number(database, "SELECT bytes FROM trust_repositories"), ==,
			database_number(database, "SELECT sum(size) FROM trust_pieces"));
	g_assert_cmpint(database_number(database, "SELECT sum(length(data)) FROM trust_pieces"), ==,
			database_number(database, "SELECT sum(size) FROM trust_pieces"));
}

static void publish_targets(Database *database, gint64 version, const char *text, PvTime now)
{
	g_autofree char *stamp = g_strdup_printf("timestamp %" G_GINT64_FORMAT, version);
	PvStoreUpdate updates[] = { database_update("targets", version, text),
				    database_update("timestamp", version, stamp),
				    database_update("root", 1, "root") };
	gboolean is_old;
	PvDigest base;
	g_autoptr(GError) error = NULL;

	is_old = database_base(database->store, GUN, &base);
	pv_store_publish(database->store, GUN, is_old ? &base : NULL, updates, is_old ? 2 : 3, now,
			 &error);
	g_assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(updates); i++)
		g_bytes_unref(updates[i].data);
}

static void assert_targets(PvStore *store, gint64 version, const char *text)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;

	pv_store_get(store, GUN, "targets", NULL, version, &file, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(file.data, NULL), g_bytes_get_size(file.data), text,
			strlen(text));
}

/* A large role with a small change in each of its versions is not stored again and again. */
static void test_versions_share(Database *database)
{
	g_autofree char *text = long_text(2000000, 7);
	g_autoptr(GString) targets = g_string_new(text);

	for (gint64 version = 1; version <= 10; version++) {
		g_string_insert(targets, version * 150000, "one more tag");
		publish_targets(database, version, targets->str, NOW);
		assert_targets(database->store, version, targets->str);
	}
	g_assert_cmpint(database_number(database, "SELECT sum(size) FROM trust_pieces"), <,
			2000000 + 10 * 3 * (gint64)PV_PIECE_BYTES_MAX);
	assert_counted(database);
}

static void test_damage_is_noticed(Database *database)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;

	assert_published(database, GUN, 1, "a", NOW);
	database_execute(database, "UPDATE trust_pieces SET data = sha256 WHERE role = 'targets'");
	g_assert_false(pv_store_get(database->store, GUN, "targets", NULL, 0, &file, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_IO);
	g_assert_nonnull(strstr(error->message, "was changed"));
}

/* --- retention ---------------------------------------------------------------------------- */

static void test_retention(Database *database)
{
	database->options.keep_versions = 2;
	database->options.keep_seconds = 30 * DAY;
	database_reopen(database);
	for (gint64 version = 1; version <= 6; version++) /* every ten days */
		assert_published(database, GUN, version, "a", LATE(10 * (version - 1)));
	/* Day 50: version 3 was current on day 20 and is needed; 1 and 2 ended on days 10 and 20. */
	for (gint64 version = 1; version <= 6; version++) {
		database_assert_file(database->store, GUN, "root", version, "a");
		if (version < 3)
			assert_missing(database->store, GUN, "targets", version);
		else
			database_assert_file(database->store, GUN, "targets", version, "a");
	}
	/* After a year of silence the newest versions are there still. */
	assert_published(database, GUN, 7, "a", LATE(400));
	assert_missing(database->store, GUN, "targets", 5);
	database_assert_file(database->store, GUN, "targets", 6, "a");
	assert_published(database, GUN, 8, "a", LATE(401));
	database_assert_file(database->store, GUN, "targets", 6, "a"); /* current on day 371 */
	g_assert_cmpint(database_number(database,
					"SELECT count(*) FROM trust_files WHERE role = 'root'"),
			==, 8);
	assert_counted(database);
}

static void test_keeps_all(Database *database)
{
	database->options.keep_versions = 1;
	database->options.keep_seconds = 0;
	database_reopen(database);
	for (gint64 version = 1; version <= 5; version++)
		assert_published(database, GUN, version, "a", LATE(1000 * version));
	database_assert_file(database->store, GUN, "targets", 1, "a");
}

/* Pieces go with the last version that has them, also when they come and go and come again. */
static void test_pieces_go(Database *database)
{
	g_autofree char *one = long_text(400000, 1);
	g_autofree char *two = long_text(400000, 2);

	database->options.keep_versions = 1;
	database->options.keep_seconds = DAY;
	database_reopen(database);
	publish_targets(database, 1, one, LATE(0));
	publish_targets(database, 2, two, LATE(0));
	publish_targets(database, 3, one, LATE(0));
	g_assert_cmpint(database_number(database, "SELECT bytes FROM trust_repositories"), <,
			800000 + 1000);
	publish_targets(database, 4, "short", LATE(10)); /* 1 and 2 go, 3 was current yesterday */
	assert_missing(database->store, GUN, "targets", 2);
	assert_targets(database->store, 3, one);
	assert_counted(database);
	publish_targets(database, 5, "shorter", LATE(20));
	assert_missing(database->store, GUN, "targets", 3);
	assert_targets(database->store, 4, "short");
	g_assert_cmpint(database_number(database, "SELECT bytes FROM trust_repositories"), <, 1000);
	assert_counted(database);
}

/* --- quotas ------------------------------------------------------------------------------- */

static void assert_refused(Database *database, const char *gun, gint64 version, const char *text,
			   PvTime now, const char *why)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(database_publish(database->store, gun, version, text, now, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_assert_nonnull(strstr(error->message, why));
}

static void test_quota_of_bytes(Database *database)
{
	gint64 bytes;

	assert_published(database, GUN, 1, "0123456789", NOW);
	bytes = database_number(database, "SELECT bytes FROM trust_repositories");
	for (int more = 1; more >= -1; more--) {
		database->options.gun_bytes_max = (guint64)(2 * bytes - more);
		database_reopen(database);
		if (more > 0)
			assert_refused(database, GUN, 2, "9876543210", NOW, "more than the");
		else
			assert_published(database, GUN, more == 0 ? 2 : 3,
					 more == 0 ? "9876543210" : "", NOW);
		if (more == 0) /* room for the last step */
			database_execute(database, "UPDATE trust_repositories SET bytes = 1");
	}
}

static void test_quota_of_guns(Database *database)
{
	database->options.guns_max = 2;
	database_reopen(database);
	assert_published(database, "one", 1, "a", NOW);
	assert_published(database, "two", 1, "a", NOW);
	assert_refused(database, "three", 1, "a", NOW, "holds 2 repositories");
	assert_published(database, "two", 2, "b", NOW);
	g_assert_true(pv_store_remove(database->store, "one", NOW, NULL));
	assert_published(database, "three", 1, "a", NOW);
}

static void test_quota_of_changes(Database *database)
{
	PvStoreUpdate update = database_update("timestamp", 9, "renewed");
	g_autoptr(GError) error = NULL;
	PvDigest base;

	database->options.changes_max = 3;
	database->options.changes_window_s = 100;
	database_reopen(database);
	for (gint64 version = 1; version <= 3; version++)
		assert_published(database, GUN, version, "a", NOW);
	assert_refused(database, GUN, 4, "a", (PvTime){ NOW.seconds + 99, 0 },
		       "changed 3 times in 100 seconds");
	assert_published(database, "another", 1, "a", NOW);
	assert_published(database, GUN, 4, "a", (PvTime){ NOW.seconds + 100, 0 });
	/* What the server signs by itself does not count. */
	g_assert_true(database_base(database->store, GUN, &base));
	pv_store_renew(database->store, GUN, &base, &update, 1, NOW, &error);
	g_assert_no_error(error);
	g_bytes_unref(update.data);
}

static void test_options(Database *database)
{
	static const struct {
		guint connections, timeout_ms, versions;
		gboolean good;
	} cases[] = {
		{ 0, 1000, 1, FALSE },
		{ 1, 1000, 1, TRUE },
		{ PV_STORE_CONNECTIONS_MAX - 1, 1000, 1, TRUE },
		{ PV_STORE_CONNECTIONS_MAX, 1000, 1, TRUE },
		{ PV_STORE_CONNECTIONS_MAX + 1, 1000, 1, FALSE },
		{ 1, 99, 1, FALSE },
		{ 1, 100, 1, TRUE },
		{ 1, 600000, 1, TRUE },
		{ 1, 600001, 1, FALSE },
		{ 1, 1000, 0, FALSE },
		{ 1, 1000, PV_STORE_KEEP_VERSIONS_MAX - 1, TRUE },
		{ 1, 1000, PV_STORE_KEEP_VERSIONS_MAX, TRUE },
		{ 1, 1000, PV_STORE_KEEP_VERSIONS_MAX + 1, FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		PvStoreOptions options = database->options;
		g_autoptr(GError) error = NULL;
		g_autoptr(PvStore) store = NULL;

		options.connections = cases[i].connections;
		options.statement_timeout_ms = cases[i].timeout_ms;
		options.keep_versions = cases[i].versions;
		store = pv_store_open(database->location, database->directory, &options, &error);
		if (cases[i].good)
			g_assert_no_error(error);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	}
}

/* --- removal, feed, renewal, import ------------------------------------------------------- */

static void test_remove(Database *database)
{
	PvStoreUpdate updates[] = { database_update("targets", 9, "targets"),
				    database_update("timestamp", 9, "timestamp") };
	g_autoptr(GError) error = NULL;
	PvDigest base;

	g_assert_true(pv_store_remove(database->store, GUN, NOW, &error));
	assert_published(database, GUN, 1, "a", NOW);
	assert_published(database, "other", 1, "a", NOW);
	g_assert_true(database_base(database->store, GUN, &base));
	g_assert_true(pv_store_remove(database->store, GUN, NOW, &error));
	g_assert_true(pv_store_remove(database->store, GUN, NOW, &error));
	assert_missing(database->store, GUN, "root", 0);
	assert_missing(database->store, GUN, "targets", 1);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_files"), ==, 4);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_pieces"), ==, 4);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_repositories"), ==,
			1);
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_changes"), ==, 3);
	/* A publish that began before does not bring half of it back. */
	g_assert_false(pv_store_publish(database->store, GUN, &base, updates, 2, NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_false(pv_store_publish(database->store, GUN, NULL, updates, 2, NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
	g_bytes_unref(updates[0].data);
	g_bytes_unref(updates[1].data);
	database_assert_file(database->store, "other", "root", 1, "a");
	assert_published(database, GUN, 1, "anew", NOW);
	database_assert_file(database->store, GUN, "root", 1, "anew");
}

static void assert_feed(PvStore *store, const char *gun, gint64 after, gint64 records,
			const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) changes = pv_store_changes(store, gun, after, records, &error);
	g_autoptr(GString) ids = g_string_new(NULL);

	g_assert_no_error(error);
	for (guint i = 0; i < changes->len; i++)
		g_string_append_printf(ids, "%d ", (int)((PvStoreChange *)changes->pdata[i])->id);
	g_assert_cmpstr(ids->str, ==, expected);
}

static void test_changes(Database *database)
{
	g_autoptr(GPtrArray) changes = NULL;
	const PvStoreChange *change;

	assert_feed(database->store, NULL, 0, 10, "");
	for (gint64 version = 1; version <= 2; version++) {
		assert_published(database, GUN, version, "a", NOW);
		assert_published(database, "other", version, "a", NOW);
	}
	g_assert_true(pv_store_remove(database->store, GUN, LATE(1), NULL));
	assert_feed(database->store, NULL, 0, 10, "1 2 3 4 5 ");
	assert_feed(database->store, NULL, 2, 2, "3 4 ");
	assert_feed(database->store, GUN, 0, 10, "1 3 5 ");
	assert_feed(database->store, GUN, 1, 1, "3 ");
	assert_feed(database->store, NULL, 4, -2, "2 3 ");
	assert_feed(database->store, NULL, 0, -2, "4 5 ");
	assert_feed(database->store, NULL, -1, -1, "5 ");
	assert_feed(database->store, GUN, -1, -2, "3 5 ");
	assert_feed(database->store, NULL, -1, 5, "");
	assert_feed(database->store, "unknown", 0, 5, "");
	changes = pv_store_changes(database->store, GUN, 1, 2, NULL);
	change = changes->pdata[0];
	g_assert_cmpstr(change->gun, ==, GUN);
	g_assert_cmpint(change->version, ==, 2);
	g_assert_cmpuint(strlen(change->sha256), ==, 64);
	g_assert_cmpint(change->created.seconds, ==, NOW.seconds);
	g_assert_cmpint(change->created.nanoseconds, ==, NOW.nanoseconds);
	change = changes->pdata[1];
	g_assert_true(change->is_deletion);
	g_assert_cmpstr(change->sha256, ==, "");
}

static guint expiring_at(Database *database, PvTime now, gint64 before)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) guns =
		pv_store_expiring(database->store, now, (PvTime){ before, 0 }, 10, &error);

	g_assert_no_error(error);
	return guns->len;
}

static void test_expiring(Database *database)
{
	PvStoreUpdate update = database_update("timestamp", 2, "renewed");
	PvTime later = { NOW.seconds + PV_STORE_CLAIM_S, 0 };
	PvDigest base;

	assert_published(database, GUN, 1, "a", NOW); /* until 4000000000 */
	g_assert_cmpuint(expiring_at(database, NOW, 4000000000), ==, 0);
	g_assert_cmpuint(expiring_at(database, NOW, 4000000001), ==, 1);
	/* It is in somebody's hands, until that takes too long. */
	g_assert_cmpuint(expiring_at(database, NOW, 4000000001), ==, 0);
	g_assert_cmpuint(expiring_at(database, later, 4000000001), ==, 1);
	g_assert_true(database_base(database->store, GUN, &base));
	update.expires = (PvTime){ 5000000000, 0 };
	g_assert_true(pv_store_renew(database->store, GUN, &base, &update, 1, NOW, NULL));
	g_bytes_unref(update.data);
	g_assert_cmpuint(expiring_at(database, later, 4000000001), ==, 0);
	g_assert_cmpuint(expiring_at(database, NOW, 5000000001), ==, 1);
}

static void test_import(Database *database)
{
	PvStoreUpdate updates[] = { database_update("root", 1, "root one"),
				    database_update("root", 2, "root two"),
				    database_update("targets", 5, "targets five"),
				    database_update("timestamp", 77, "timestamp") };
	PvStoreChange change = { 0, NOW, (char *)GUN, 76, (char *)"00", FALSE };
	g_autoptr(GPtrArray) changes = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	g_auto(PvStoredFile) file = { 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(updates); i++)
		updates[i].created = LATE(-1000);
	g_ptr_array_add(changes, &change);
	for (int round = 0; round < 2; round++) {
		pv_store_import(database->store, GUN, updates, 4, changes, &error);
		g_assert_no_error(error);
	}
	assert_feed(database->store, GUN, 0, 10, "1 ");
	g_assert_true(pv_store_get(database->store, GUN, "root", NULL, 1, &file, &error));
	g_assert_cmpint(file.created.seconds, ==, LATE(-1000).seconds);
	/* Another content, or an order that cannot be. */
	g_bytes_unref(updates[3].data);
	updates[3].data = g_bytes_new_static("other", 5);
	g_assert_false(pv_store_import(database->store, GUN, updates, 4, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_EXISTS);
	g_clear_error(&error);
	updates[1].version = 1;
	g_assert_false(pv_store_import(database->store, "new", updates, 4, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	g_clear_error(&error);
	g_assert_false(pv_store_import(database->store, "new", updates + 2, 2, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	g_clear_error(&error);
	updates[1].version = 2;
	pv_store_import(database->store, "new", updates, 4, NULL, &error);
	g_assert_no_error(error);
	assert_feed(database->store, "new", 0, 10, "2 ");
	for (gsize i = 0; i < G_N_ELEMENTS(updates); i++)
		g_bytes_unref(updates[i].data);
}

/* --- opening ------------------------------------------------------------------------------ */

static void test_schema_version(Database *database)
{
	g_autoptr(GError) error = NULL;

	database_execute(database, "UPDATE trust_state SET value = 99 WHERE name = 'schema'");
	g_assert_null(pv_store_open(database->location, database->directory, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNSUPPORTED);
	g_assert_nonnull(strstr(error->message, "schema 99"));
}

static void test_locations(void)
{
	static const char *const wrong[] = { "", "sqlit", "mysql://user:hidden@host/db",
					     "user:hidden@host",
					     "postgresql://user:hidden@[host/db" };

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(pv_store_open(wrong[i], "/nonexistent", NULL, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
		g_assert_null(strstr(error->message, "hidden"));
	}
}

static void test_generation(Database *database)
{
	guint64 before, other;

	/* On PostgreSQL nothing is known until the feed was read once. */
	while (pv_store_generation(database->store, GUN) == 0)
		g_usleep(1000);
	before = pv_store_generation(database->store, GUN);
	other = pv_store_generation(database->store, "another");
	assert_published(database, GUN, 1, "a", NOW);
	g_assert_cmpuint(pv_store_generation(database->store, GUN), !=, before);
	g_assert_cmpuint(pv_store_generation(database->store, "another"), ==, other);
	before = pv_store_generation(database->store, GUN);
	g_assert_true(pv_store_remove(database->store, GUN, NOW, NULL));
	g_assert_cmpuint(pv_store_generation(database->store, GUN), !=, before);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/locations", test_locations);
	database_add_test("get", NULL, test_get);
	database_add_test("hash-is-no-key-elsewhere", NULL, test_hash_is_no_key_elsewhere);
	database_add_test("conflicts", NULL, test_conflicts);
	database_add_test("sizes", NULL, test_sizes);
	database_add_test("versions-share", NULL, test_versions_share);
	database_add_test("damage-is-noticed", NULL, test_damage_is_noticed);
	database_add_test("retention", NULL, test_retention);
	database_add_test("keeps-all", NULL, test_keeps_all);
	database_add_test("pieces-go", NULL, test_pieces_go);
	database_add_test("quota-of-bytes", NULL, test_quota_of_bytes);
	database_add_test("quota-of-guns", NULL, test_quota_of_guns);
	database_add_test("quota-of-changes", NULL, test_quota_of_changes);
	database_add_test("options", NULL, test_options);
	database_add_test("remove", NULL, test_remove);
	database_add_test("changes", NULL, test_changes);
	database_add_test("expiring", NULL, test_expiring);
	database_add_test("import", NULL, test_import);
	database_add_test("schema-version", NULL, test_schema_version);
	database_add_test("generation", NULL, test_generation);
	return database_run_tests();
}
