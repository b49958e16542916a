/* SPDX-License-Identifier: Apache-2.0 */

/* What of a repository is taken over, what is only told, and what is refused. */

#include "migrate/chain.h"

#include <string.h>

#include "../tuf/simulator.h"
#include "base/error.h"

typedef struct {
	Simulator *simulator;
	GPtrArray *files, *notes, *timestamp_keys, *snapshot_keys;
} Lab;

static void add_file(Lab *lab, const char *role, gint64 version, const char *name)
{
	GBytes *data = g_hash_table_lookup(lab->simulator->files, name);
	PvMigrateFile *file = g_new0(PvMigrateFile, 1);

	g_assert_nonnull(data);
	file->role = g_strdup(role);
	file->version = version;
	file->data = g_bytes_ref(data);
	g_ptr_array_add(lab->files, file);
}

/* As a database has it: all that the simulator's server has now but roots, which add_root() adds. */
static void add_current(Lab *lab)
{
	add_file(lab, "snapshot", lab->simulator->snapshot.version, "snapshot");
	add_file(lab, "targets", lab->simulator->targets.version, "targets");
	add_file(lab, "targets/releases", 1, "targets/releases");
	add_file(lab, "timestamp", lab->simulator->timestamp.version, "timestamp");
}

static void add_root(Lab *lab, gint64 version)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".root", version);

	add_file(lab, "root", version, name);
}

static Lab lab_new(void)
{
	Lab lab = { .simulator = simulator_new(),
		    .files = g_ptr_array_new_with_free_func((GDestroyNotify)pv_migrate_file_free),
		    .notes = g_ptr_array_new_with_free_func(g_free) };

	return lab;
}

static Lab lab_whole(void)
{
	Lab lab = lab_new();

	add_root(&lab, 1);
	add_current(&lab);
	return lab;
}

static void lab_clear(Lab *lab)
{
	simulator_free(lab->simulator);
	g_ptr_array_unref(lab->files);
	g_ptr_array_unref(lab->notes);
	g_clear_pointer(&lab->timestamp_keys, g_ptr_array_unref);
	g_clear_pointer(&lab->snapshot_keys, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Lab, lab_clear)

static PvMigrateFile *file_of(Lab *lab, const char *role)
{
	for (guint i = 0; i < lab->files->len; i++) {
		PvMigrateFile *file = lab->files->pdata[i];

		if (strcmp(file->role, role) == 0)
			return file;
	}
	g_assert_not_reached();
}

/* @notes: what they say, in any order, NULL at the end. */
static void accept(Lab *lab, const char *const *notes)
{
	g_autoptr(GError) error = NULL;

	pv_migrate_verify(lab->files, lab->simulator->now, lab->notes, &lab->timestamp_keys,
			  &lab->snapshot_keys, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(lab->notes->len, ==, g_strv_length((char **)notes));
	for (guint i = 0; notes[i]; i++) {
		gboolean is_there = FALSE;

		for (guint k = 0; k < lab->notes->len; k++)
			is_there |= strstr(lab->notes->pdata[k], notes[i]) != NULL;
		if (!is_there)
			g_test_message("no note: %s", notes[i]);
		g_assert_true(is_there);
	}
}

static void refuse(Lab *lab, PvErrorCode code, const char *words)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(pv_migrate_verify(lab->files, lab->simulator->now, lab->notes,
					 &lab->timestamp_keys, &lab->snapshot_keys, &error));
	if (!strstr(error->message, words))
		g_test_message("said: %s", error->message);
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, words));
	g_assert_null(lab->timestamp_keys);
	g_assert_null(lab->snapshot_keys);
}

static const char *const nothing[] = { NULL };

static void assert_key(Lab *lab, const char *role, GPtrArray *ids)
{
	g_autoptr(GHashTable) expected = simulator_keys_of(lab->simulator, role);

	g_assert_cmpuint(ids->len, ==, 1);
	g_assert_true(g_hash_table_contains(expected, ids->pdata[0]));
}

static void test_whole(void)
{
	g_auto(Lab) lab = lab_whole();

	accept(&lab, nothing);
	for (guint i = 0; i < lab.files->len; i++) {
		const PvMigrateFile *file = lab.files->pdata[i];

		g_assert_true(file->is_current);
		g_assert_cmpint(file->expires.seconds, ==,
				lab.simulator->timestamp.expires.seconds);
	}
	assert_key(&lab, "timestamp", lab.timestamp_keys);
	assert_key(&lab, "snapshot", lab.snapshot_keys);
}

/* Three roots, each with other keys; of targets the version before stays behind. */
static void test_rotations(void)
{
	g_auto(Lab) lab = lab_new();

	add_root(&lab, 1);
	add_file(&lab, "targets", 1, "targets");
	for (gint64 version = 2; version <= 3; version++) {
		g_autoptr(GHashTable) before = simulator_keys_of(lab.simulator, "root");

		simulator_rotate(lab.simulator, "root", FALSE);
		simulator_rotate(lab.simulator, "timestamp", FALSE);
		lab.simulator->root.version = version;
		simulator_publish_root(lab.simulator, before);
		add_root(&lab, version);
	}
	lab.simulator->targets.version = 2;
	simulator_publish(lab.simulator);
	add_current(&lab);
	accept(&lab, nothing);
	for (guint i = 0; i < lab.files->len; i++) {
		const PvMigrateFile *file = lab.files->pdata[i];

		g_assert_true(file->is_current ==
			      (strcmp(file->role, "targets") != 0 || file->version == 2));
	}
	assert_key(&lab, "timestamp", lab.timestamp_keys);
}

static void test_roots(void)
{
	g_auto(Lab) none = lab_new();
	g_auto(Lab) late = lab_new();
	g_auto(Lab) stranger = lab_whole();
	g_auto(Lab) other = lab_whole();

	add_current(&none);
	refuse(&none, PV_ERROR_NOT_FOUND, "there is no root");

	late.simulator->root.version = 5;
	simulator_publish_root(late.simulator, NULL);
	simulator_publish(late.simulator);
	add_root(&late, 5);
	add_current(&late);
	accept(&late, (const char *const[]){ "roots before version 5 are not there", NULL });

	/* The next root, which the keys of the one before have not signed. */
	simulator_rotate(stranger.simulator, "root", FALSE);
	stranger.simulator->root.version = 2;
	simulator_publish_root(stranger.simulator, NULL);
	add_root(&stranger, 2);
	refuse(&stranger, PV_ERROR_SIGNATURE, "root version 2: ");

	/* A root that is properly signed, and not the one that the snapshot vouches for. */
	other.simulator->root.version = 2;
	simulator_publish_root(other.simulator, NULL);
	add_root(&other, 2);
	refuse(&other, PV_ERROR_MIX, "root");
}

static void check_missing(const char *role)
{
	g_auto(Lab) lab = lab_whole();
	g_autofree char *words = g_strdup_printf("there is no %s", role);

	g_ptr_array_remove(lab.files, file_of(&lab, role));
	refuse(&lab, PV_ERROR_NOT_FOUND, words);
}

static void test_missing(void)
{
	check_missing("timestamp");
	check_missing("snapshot");
	check_missing("targets");
	check_missing("targets/releases");
}

static void check_version(const char *role)
{
	g_auto(Lab) lab = lab_whole();
	g_autofree char *words = g_strdup_printf("%s: the row says version 7, the file 1", role);

	file_of(&lab, role)->version = 7;
	refuse(&lab, PV_ERROR_MIX, words);
}

/* One byte of @role is another; each is noticed by its hash, or by its signature. */
static void check_flipped(const char *role, PvErrorCode code)
{
	g_auto(Lab) lab = lab_new();

	simulator_flip(lab.simulator, strcmp(role, "root") == 0 ? "1.root" : role);
	add_root(&lab, 1);
	add_current(&lab);
	refuse(&lab, code, role);
}

static void test_altered(void)
{
	check_version("root");
	check_version("timestamp");
	check_version("snapshot");
	check_version("targets");
	check_version("targets/releases");
	check_flipped("root", PV_ERROR_SIGNATURE);
	check_flipped("timestamp", PV_ERROR_SIGNATURE);
	check_flipped("snapshot", PV_ERROR_MIX);
	check_flipped("targets", PV_ERROR_MIX);
	check_flipped("targets/releases", PV_ERROR_MIX);
}

/* Keys that the newest root does not name sign everything. */
static void test_strangers(void)
{
	static const char *const roles[] = { "timestamp", "snapshot", "targets" };

	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
		g_auto(Lab) lab = lab_new();

		add_root(&lab, 1);
		simulator_rotate(lab.simulator, roles[i], FALSE);
		simulator_publish(lab.simulator);
		add_current(&lab);
		refuse(&lab, PV_ERROR_SIGNATURE, roles[i]);
	}
}

static void test_garbage(void)
{
	g_auto(Lab) lab = lab_whole();
	PvMigrateFile *file = file_of(&lab, "timestamp");

	g_bytes_unref(file->data);
	file->data = g_bytes_new_static("{}", 2);
	refuse(&lab, PV_ERROR_SYNTAX, "timestamp");
}

static void test_expired(void)
{
	g_auto(Lab) lab = lab_whole();

	lab.simulator->now = pv_time_add_seconds(lab.simulator->now, 2 * 86400);
	accept(&lab, (const char *const[]){ "root", "timestamp", "snapshot", "targets",
					    "targets/releases", NULL });
}

/* A delegation by another key than the one that may sign it: clients ignore it, so it is told. */
static void test_unsigned_delegation(void)
{
	g_auto(Lab) lab = lab_new();
	PvRole *role = g_hash_table_lookup(lab.simulator->targets.roles, "targets/releases");
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);

	add_root(&lab, 1);
	g_ptr_array_set_size(role->keys, 0);
	g_ptr_array_add(role->keys, pv_public_key_ref(pv_private_key_public(key)));
	lab.simulator->has_release = FALSE; /* as it was */
	simulator_publish(lab.simulator);
	add_current(&lab);
	accept(&lab, (const char *const[]){ "clients ignore it", NULL });
	g_assert_true(file_of(&lab, "targets/releases")->is_current);
}

static void test_orphan(void)
{
	g_auto(Lab) lab = lab_new();

	add_root(&lab, 1);
	g_hash_table_remove_all(lab.simulator->targets.roles);
	lab.simulator->has_release = FALSE;
	simulator_publish(lab.simulator);
	add_current(&lab);
	accept(&lab,
	       (const char *const[]){ "nobody delegates to targets/releases any more", NULL });
	g_assert_true(file_of(&lab, "targets/releases")->is_current);
}

/* A delegation that nobody published to yet is no lack. */
static void test_empty_delegation(void)
{
	g_auto(Lab) lab = lab_new();

	add_root(&lab, 1);
	g_hash_table_remove(lab.simulator->snapshot.files, "targets/releases");
	lab.simulator->has_release = FALSE;
	simulator_publish(lab.simulator);
	add_current(&lab);
	accept(&lab, nothing);
	g_assert_false(file_of(&lab, "targets/releases")->is_current);
}

/* The newest file of a role is what counts, also if the one above knows an older one. */
static void test_newest(void)
{
	g_auto(Lab) lab = lab_whole();

	lab.simulator->snapshot.version = 2;
	simulator_publish(lab.simulator);
	add_file(&lab, "snapshot", 2, "snapshot");
	refuse(&lab, PV_ERROR_MIX, "snapshot");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/migrate/chain/whole", test_whole);
	g_test_add_func("/migrate/chain/rotations", test_rotations);
	g_test_add_func("/migrate/chain/roots", test_roots);
	g_test_add_func("/migrate/chain/missing", test_missing);
	g_test_add_func("/migrate/chain/altered", test_altered);
	g_test_add_func("/migrate/chain/strangers", test_strangers);
	g_test_add_func("/migrate/chain/garbage", test_garbage);
	g_test_add_func("/migrate/chain/expired", test_expired);
	g_test_add_func("/migrate/chain/unsigned-delegation", test_unsigned_delegation);
	g_test_add_func("/migrate/chain/orphan", test_orphan);
	g_test_add_func("/migrate/chain/empty-delegation", test_empty_delegation);
	g_test_add_func("/migrate/chain/newest", test_newest);
	return g_test_run();
}
