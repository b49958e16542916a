/* SPDX-License-Identifier: Apache-2.0 */

/* Several threads, several services, and a database server that goes away. */

#include <string.h>

#include "base/error.h"
#include "database.h"

#define GUN    "registry.example/team/app"
#define NOW    ((PvTime){ 1800000000, 0 })
#define ROUNDS 15
#define RACERS 4

typedef struct {
	PvStore *store;
	const char *gun;
	guint conflicts;
} Racer;

/* Publishes ROUNDS times; who loses reads again and retries. */
static void *race(void *data)
{
	Racer *racer = data;

	for (guint round = 0; round < ROUNDS;) {
		g_autoptr(GError) error = NULL;
		g_auto(PvStoredFile) newest = { 0 };
		gint64 version = 0;

		if (pv_store_get(racer->store, racer->gun, "timestamp", NULL, 0, &newest, NULL))
			version = newest.version;
		if (database_publish(racer->store, racer->gun, version + 1, "raced", NOW, &error)) {
			round++;
			continue;
		}
		g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
		racer->conflicts++;
	}
	return NULL;
}

static void run_race(PvStore *const *stores, const char *const *guns)
{
	Racer racers[RACERS];
	GThread *threads[RACERS];

	for (guint i = 0; i < RACERS; i++) {
		racers[i] = (Racer){ stores[i], guns[i], 0 };
		threads[i] = g_thread_new("race", race, &racers[i]);
	}
	for (guint i = 0; i < RACERS; i++)
		g_thread_join(threads[i]);
}

static void assert_whole_feed(const Database *database, gint64 count)
{
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_changes"), ==, count);
	g_assert_cmpint(database_number(database, "SELECT max(id) FROM trust_changes"), ==, count);
}

static void test_threads(Database *database)
{
	PvStore *const stores[RACERS] = { database->store, database->store, database->store,
					  database->store };
	static const char *const guns[RACERS] = { GUN, GUN, "other", GUN };

	run_race(stores, guns);
	database_assert_file(database->store, GUN, "targets", 3 * ROUNDS, "raced");
	database_assert_file(database->store, "other", "targets", ROUNDS, "raced");
	assert_whole_feed(database, RACERS * ROUNDS);
}

static void test_services(Database *database)
{
	g_autoptr(PvStore) two = database_open(database, &database->options);
	PvStore *const stores[RACERS] = { database->store, two, database->store, two };
	static const char *const guns[RACERS] = { GUN, GUN, GUN, "other" };

	run_race(stores, guns);
	database_assert_file(database->store, GUN, "targets", 3 * ROUNDS, "raced");
	assert_whole_feed(database, RACERS * ROUNDS);
}

/* Who follows the feed while others publish misses no change. */
static void test_feed_misses_nothing(Database *database)
{
	g_autoptr(PvStore) two = database_open(database, &database->options);
	Racer racers[] = { { database->store, GUN, 0 }, { two, "other", 0 } };
	GThread *threads[2];
	gint64 last = 0;
	guint seen = 0;

	for (guint i = 0; i < 2; i++)
		threads[i] = g_thread_new("race", race, &racers[i]);
	while (seen < 2 * ROUNDS) {
		g_autoptr(GPtrArray) changes =
			pv_store_changes(database->store, NULL, last, 100, NULL);

		g_assert_nonnull(changes);
		for (guint i = 0; i < changes->len; i++) {
			g_assert_cmpint(((PvStoreChange *)changes->pdata[i])->id, ==, last + 1);
			last++;
			seen++;
		}
	}
	for (guint i = 0; i < 2; i++)
		g_thread_join(threads[i]);
}

static void *open_one(void *data)
{
	return database_open(data, NULL);
}

static void test_opened_at_once(Database *database)
{
	GThread *threads[8];

	g_clear_pointer(&database->store, pv_store_close);
	database_execute(database,
			 "DROP TABLE trust_attestations, trust_state, trust_files, trust_pieces,"
			 " trust_repositories, trust_changes");
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("open", open_one, database);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		pv_store_close(g_thread_join(threads[i]));
	g_assert_cmpint(database_number(database, "SELECT count(*) FROM trust_state"), ==, 3);
}

static guint64 known_generation(PvStore *store)
{
	guint64 generation;

	while ((generation = pv_store_generation(store, GUN)) == 0)
		g_usleep(1000);
	return generation;
}

static void test_generation(Database *database)
{
	g_autoptr(PvStore) two = database_open(database, &database->options);
	guint64 before = known_generation(two);

	g_assert_true(database_publish(database->store, GUN, 1, "a", NOW, NULL));
	while (pv_store_generation(two, GUN) == before)
		g_usleep(1000);
	database_assert_file(two, GUN, "timestamp", 1, "a");
	before = known_generation(two);
	g_assert_true(pv_store_remove(database->store, GUN, NOW, NULL));
	while (pv_store_generation(two, GUN) == before)
		g_usleep(1000);
}

static void test_restart(Database *database)
{
	guint64 before;

	g_assert_true(database_publish(database->store, GUN, 1, "a", NOW, NULL));
	before = known_generation(database->store);
	database_server("restart");
	database_assert_file(database->store, GUN, "timestamp", 1, "a");
	g_assert_true(database_publish(database->store, GUN, 2, "b", NOW, NULL));
	database_assert_file(database->store, GUN, "timestamp", 2, "b");
	/* What was remembered before the restart counts no more. */
	while (pv_store_generation(database->store, GUN) == before)
		g_usleep(1000);
	known_generation(database->store);
}

static void *start_later(void *data)
{
	g_usleep(500000);
	database_server("up");
	return NULL;
}

static void test_away(Database *database)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;
	GThread *thread;
	gint64 began;

	g_assert_true(database_publish(database->store, GUN, 1, "a", NOW, NULL));
	database_server("down");
	g_assert_false(pv_store_get(database->store, GUN, "root", NULL, 0, &file, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_assert_nonnull(strstr(error->message, "PostgreSQL"));
	g_clear_error(&error);
	g_assert_false(pv_store_check(database->store, NULL));
	began = g_get_monotonic_time();
	g_assert_false(pv_store_remove(database->store, GUN, NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 20 * G_USEC_PER_SEC);
	g_assert_cmpuint(pv_store_generation(database->store, GUN), ==, 0);
	/* A short absence is waited out by who writes. */
	thread = g_thread_new("start", start_later, NULL);
	g_clear_error(&error);
	pv_store_remove(database->store, GUN, NOW, &error);
	g_assert_no_error(error);
	g_thread_join(thread);
	g_assert_false(pv_store_get(database->store, GUN, "root", NULL, 0, &file, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

/* A service that hangs in the middle of a publish does not hold others up for ever. */
static void test_hanging_neighbour(Database *database)
{
	g_autoptr(PvStore) impatient = NULL;
	g_autoptr(GError) error = NULL;
	PvStoreOptions options = database->options;
	gint64 began;
	void *lock;

	g_assert_true(database_publish(database->store, GUN, 1, "a", NOW, NULL));
	options.statement_timeout_ms = 300;
	impatient = database_open(database, &options);
	lock = database_lock(database, "SELECT * FROM trust_repositories FOR UPDATE");
	began = g_get_monotonic_time();
	g_assert_false(database_publish(impatient, GUN, 2, "b", NOW, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
	g_assert_cmpint(g_get_monotonic_time() - began, <, 20 * G_USEC_PER_SEC);
	database_unlock(lock);
	g_clear_error(&error);
	database_publish(impatient, GUN, 2, "b", NOW, &error);
	g_assert_no_error(error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A server that goes away is warned of, as it should. */
	g_log_set_always_fatal((GLogLevelFlags)(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL));
	database_add_test("threads", NULL, test_threads);
	database_add_test("services", "postgresql", test_services);
	database_add_test("feed-misses-nothing", "postgresql", test_feed_misses_nothing);
	database_add_test("opened-at-once", "postgresql", test_opened_at_once);
	database_add_test("generation-of-others", "postgresql", test_generation);
	database_add_test("restart", "postgresql", test_restart);
	database_add_test("away", "postgresql", test_away);
	database_add_test("hanging-neighbour", "postgresql", test_hanging_neighbour);
	return database_run_tests();
}
