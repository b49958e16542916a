/* SPDX-License-Identifier: Apache-2.0 */

/* Rows of tuf_files and changefeed, in any order and in any state, into a store. */

#include "migrate/repositories.h"

#include <string.h>

#include "../tuf/simulator.h"
#include "base/error.h"
#include "base/limits.h"
#include "recorder.h"

#define GUN "registry.example/team/app"

typedef struct {
	Recorder *recorder;
	Simulator *simulator;
	PvStore *store;
	GString *rows;
	const char *key; /* the only one that the signer has */
} Lab;

static Lab lab_new(void)
{
	Lab lab = { .recorder = recorder_new(),
		    .simulator = simulator_new(),
		    .rows = g_string_new(NULL) };
	g_autoptr(GError) error = NULL;

	lab.store = pv_store_open("sqlite", lab.recorder->directory, NULL, &error);
	g_assert_no_error(error);
	return lab;
}

static void lab_clear(Lab *lab)
{
	pv_store_close(lab->store);
	simulator_free(lab->simulator);
	recorder_free(lab->recorder);
	g_string_free(lab->rows, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lab, lab_clear)

/* --- rows --------------------------------------------------------------------------------- */

typedef struct {
	const char *gun, *role, *version;
	GBytes *data;
	const char *sha256; /* NULL: the right one */
	const char *deleted;
} Row;

static void add_row(Lab *lab, const Row *row)
{
	gsize size;
	const void *bytes = g_bytes_get_data(row->data, &size);
	g_autofree char *data = recorder_hex(bytes, size);
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, bytes, size);
	g_autofree char *hex = pv_digest_hex(&digest);

	g_string_append_printf(lab->rows,
			       "INSERT INTO `tuf_files` (created_at, gun, role, version, sha256, "
			       "deleted_at, data) VALUES ('2026-11-25 14:22:50.5', %s, '%s', %s, "
			       "'%s', %s, %s);\n",
			       row->gun, row->role, row->version, row->sha256 ? row->sha256 : hex,
			       row->deleted ? row->deleted : "NULL", data);
}

/* What the simulator's server has of @role now, as a row of @gun. */
static void add_file(Lab *lab, const char *gun, const char *role, const char *version)
{
	g_autofree char *quoted = g_strdup_printf("'%s'", gun);
	Row row = { quoted, role, version, g_hash_table_lookup(lab->simulator->files, role),
		    NULL,   NULL };

	add_row(lab, &row);
}

static const char *const roles[] = { "timestamp", "targets", "root", "targets/releases",
				     "snapshot" };

static void add_repository(Lab *lab, const char *gun)
{
	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
		add_file(lab, gun, roles[i], "1");
}

static void add_change(Lab *lab, const char *gun, const char *version, const char *sha256,
		       const char *category)
{
	g_string_append_printf(lab->rows,
			       "INSERT INTO `changefeed` (created_at, gun, version, sha256, "
			       "category) VALUES ('2026-11-25 14:22:50', '%s', %s, '%s', '%s');\n",
			       gun, version, sha256, category);
}

/* --- migrating ---------------------------------------------------------------------------- */

static gboolean has_key(void *data, const char *gun, const char *role, const char *id)
{
	Lab *lab = data;

	g_assert_cmpstr(role, ==, "timestamp");
	return g_strcmp0(lab->key, id) == 0;
}

static void migrate(Lab *lab, PvStore *store, PvMigrateHasKey keys, const char *const *told)
{
	g_autofree char *text = g_strconcat("CREATE TABLE `tuf_files` (id int);\n"
					    "CREATE TABLE `changefeed` (id int);\n",
					    lab->rows->str, NULL);
	g_autofree char *path = recorder_dump(lab->recorder, text);
	g_autoptr(GError) error = NULL;

	pv_migrate_repositories(path, store, &lab->recorder->listener, keys, lab, &error);
	g_assert_no_error(error);
	recorder_check(lab->recorder, told);
}

static void assert_stored(Lab *lab, const char *gun, const char *role, const char *name)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;

	pv_store_get(lab->store, gun, role, NULL, 0, &file, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(file.data, g_hash_table_lookup(lab->simulator->files, name)));
	g_assert_cmpint(file.created.seconds, ==, 1795616570);
}

static void assert_missing(Lab *lab, const char *gun)
{
	g_auto(PvStoredFile) file = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_false(pv_store_get(lab->store, gun, "root", NULL, 0, &file, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

static const char *const taken[] = { GUN ": taken", NULL };

static void test_whole(void)
{
	g_auto(Lab) lab = lab_new();

	add_repository(&lab, GUN);
	migrate(&lab, NULL, NULL, taken);
	assert_missing(&lab, GUN);
	for (guint try = 0; try < 2; try++) {
		migrate(&lab, lab.store, NULL, taken);
		for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
			assert_stored(&lab, GUN, roles[i], roles[i]);
	}
	g_assert_cmpuint(lab.recorder->progress, ==, 3);
}

/* Rows of one role before and after the newest, and rows that were marked as deleted. */
static void test_versions(void)
{
	g_auto(Lab) lab = lab_new();
	GBytes *garbage = g_bytes_new_static("garbage", 7);
	Row row = { "'" GUN "'", "timestamp", "9", garbage, NULL, "'2026-11-25 14:22:50'" };

	add_row(&lab, &row);
	add_file(&lab, GUN, "timestamp", "1");
	add_file(&lab, GUN, "targets", "1");
	lab.simulator->targets.version = lab.simulator->timestamp.version = 12;
	simulator_publish(lab.simulator);
	add_file(&lab, GUN, "timestamp", "12");
	add_file(&lab, GUN, "targets", "12");
	add_file(&lab, GUN, "snapshot", "1");
	add_file(&lab, GUN, "root", "1");
	add_file(&lab, GUN, "targets/releases", "1");
	row = (Row){ "'" GUN "'", "timestamp", "11", garbage, NULL, NULL };
	add_row(&lab, &row);
	migrate(&lab, lab.store, NULL, taken);
	assert_stored(&lab, GUN, "timestamp", "timestamp");
	assert_stored(&lab, GUN, "targets", "targets");
	g_bytes_unref(garbage);
}

/* A repository with a fault is told, and the others are taken. */
static void test_faults(void)
{
	static const char zeros[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	g_auto(Lab) lab = lab_new();
	GBytes *root = g_hash_table_lookup(lab.simulator->files, "root");
	Row row = { "'b'", "root", "1", root, zeros, NULL };

	add_repository(&lab, "a");
	add_row(&lab, &row);
	row = (Row){ "'c'", "root", "1", root, "", NULL };
	add_row(&lab, &row);
	add_file(&lab, "d", "root", "1");
	row = (Row){ "NULL", "root", "1", root, NULL, NULL };
	add_row(&lab, &row);
	row = (Row){ "'e'", "root", "0", root, NULL, NULL };
	add_row(&lab, &row);
	row = (Row){ "'f'", "root", "'one'", root, NULL, NULL };
	add_row(&lab, &row);
	row = (Row){ "'g'", "", "1", root, NULL, NULL };
	add_row(&lab, &row);
	add_repository(&lab, "z");
	migrate(&lab, lab.store, NULL,
		(const char *const[]){
			": a row without a usable repository name",
			"e: a row without role, version or data was passed over",
			"f: a row without role, version or data was passed over",
			"g: a row without role, version or data was passed over", "a: taken",
			"b: root version 1: the bytes do not have the sha256 of their row",
			"c: root version 1: the bytes do not have the sha256 of their row",
			"d: there is no timestamp", "z: taken", NULL });
	assert_stored(&lab, "a", "root", "root");
	assert_stored(&lab, "z", "root", "root");
	assert_missing(&lab, "b");
	assert_missing(&lab, "d");
}

/* What went on here is not put back; another repository of that name is not written over. */
static void test_there_already(void)
{
	g_auto(Lab) lab = lab_new();
	g_auto(Lab) other = lab_new();

	add_repository(&other, GUN);
	add_repository(&lab, GUN);
	migrate(&lab, lab.store, NULL, taken);
	migrate(&other, lab.store, NULL, (const char *const[]){ GUN ": ", NULL });
	assert_stored(&lab, GUN, "root", "root");
}

static void test_keys(void)
{
	g_auto(Lab) lab = lab_new();
	g_autoptr(GHashTable) ids = simulator_keys_of(lab.simulator, "timestamp");
	g_autoptr(GList) list = g_hash_table_get_keys(ids);

	add_repository(&lab, GUN);
	migrate(&lab, NULL, has_key,
		(const char *const[]){ GUN ": taken", "note: its timestamp key is not here",
				       NULL });
	lab.key = list->data;
	migrate(&lab, NULL, has_key, taken);
}

static void test_changes(void)
{
	static const char sha256[] =
		"abababababababababababababababababababababababababababababababab";
	g_auto(Lab) lab = lab_new();
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;
	const PvStoreChange *first, *deletion;

	add_change(&lab, GUN, "1", sha256, "update");
	add_change(&lab, GUN, "0", "", "deletion");
	add_change(&lab, GUN, "1", "short", "update");
	add_change(&lab, GUN, "NULL", sha256, "update");
	add_change(&lab, "another/app", "1", sha256, "update");
	add_change(&lab, GUN, "2", sha256, "update");
	add_repository(&lab, GUN);
	migrate(&lab, lab.store, NULL, taken);
	changes = pv_store_changes(lab.store, NULL, 0, 100, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(changes->len, ==, 3);
	first = changes->pdata[0];
	g_assert_cmpstr(first->gun, ==, GUN);
	g_assert_cmpstr(first->sha256, ==, sha256);
	g_assert_cmpint(first->created.seconds, ==, 1795616570);
	deletion = changes->pdata[1];
	g_assert_true(deletion->is_deletion);
	g_assert_cmpint(((PvStoreChange *)changes->pdata[2])->version, ==, 2);
}

static void test_sources(void)
{
	g_auto(Lab) lab = lab_new();
	g_autofree char *path = recorder_dump(lab.recorder, "CREATE TABLE `tuf_files` (id int);");
	g_autoptr(GError) error = NULL;

	g_assert_false(pv_migrate_repositories(path, lab.store, &lab.recorder->listener, NULL, NULL,
					       &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "there is no table changefeed in it"));
}

static void test_limits(void)
{
	for (gsize size = PV_GUN_BYTES_MAX - 1; size <= PV_GUN_BYTES_MAX + 1; size++) {
		g_auto(Lab) lab = lab_new();
		g_autofree char *gun = g_strnfill(size, 'g');
		g_autofree char *told = g_strconcat(gun, ": there is no timestamp", NULL);

		add_file(&lab, gun, "root", "1");
		migrate(&lab, lab.store, NULL,
			(const char *const[]){ size > PV_GUN_BYTES_MAX
						       ? ": a row without a usable repository name"
						       : told,
					       NULL });
	}
	for (gsize size = PV_ROLE_NAME_BYTES_MAX - 1; size <= PV_ROLE_NAME_BYTES_MAX + 1; size++) {
		g_auto(Lab) lab = lab_new();
		g_autofree char *role = g_strnfill(size, 'r');
		Row row = { "'" GUN "'", role,
			    "1",         g_hash_table_lookup(lab.simulator->files, "root"),
			    NULL,        NULL };

		add_row(&lab, &row);
		migrate(&lab, lab.store, NULL,
			(const char *const[]){ size > PV_ROLE_NAME_BYTES_MAX
						       ? GUN ": a row without role, version or data"
						       : GUN ": there is no root",
					       NULL });
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/migrate/repositories/whole", test_whole);
	g_test_add_func("/migrate/repositories/versions", test_versions);
	g_test_add_func("/migrate/repositories/faults", test_faults);
	g_test_add_func("/migrate/repositories/there-already", test_there_already);
	g_test_add_func("/migrate/repositories/keys", test_keys);
	g_test_add_func("/migrate/repositories/changes", test_changes);
	g_test_add_func("/migrate/repositories/sources", test_sources);
	g_test_add_func("/migrate/repositories/limits", test_limits);
	return g_test_run();
}
