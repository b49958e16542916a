/* SPDX-License-Identifier: Apache-2.0 */

/* The index of remembered metadata: that it answers what the metadata says, and that nothing else
 * than the metadata ever answers, whatever the index holds. */

#include "tuf/index.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "simulator.h"
#include "trust/directory.h"

#define TARGETS 1000

/* A published repository and a client's directory, where its metadata and the index are. */
typedef struct {
	Simulator *simulator;
	char *directory, *index, *targets; /* paths */
	PvTrustCache *cache;
	PvTufCache functions;
} Lab;

static char *target_name(guint number)
{
	return g_strdup_printf("v%u", number);
}

static void lab_free(Lab *lab)
{
	simulator_free(lab->simulator);
	pv_trust_cache_free(lab->cache);
	g_assert_true(pv_file_remove_tree(lab->directory, NULL));
	g_free(lab->directory);
	g_free(lab->index);
	g_free(lab->targets);
	g_free(lab);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lab, lab_free)

static Lab *lab_new(guint targets)
{
	Lab *lab = g_new0(Lab, 1);
	Simulator *simulator = lab->simulator = simulator_new();

	lab->directory = g_dir_make_tmp("pavise-index-XXXXXX", NULL);
	lab->index = g_build_filename(lab->directory, "tuf", simulator->gun, "pavise.index", NULL);
	lab->targets = g_build_filename(lab->directory, "tuf", simulator->gun, "metadata",
					"targets.json", NULL);
	lab->cache = pv_trust_cache_new(lab->directory, simulator->gun);
	pv_trust_cache_functions(lab->cache, &lab->functions);
	simulator->disk = &lab->functions;
	for (guint i = 0; i < targets; i++) {
		g_autofree char *name = target_name(i);

		simulator_add_target(simulator, simulator->targets.files, name);
	}
	simulator_publish(simulator);
	return lab;
}

static PvTufState *look_up(Lab *lab, const char *name)
{
	g_autoptr(GError) error = NULL;
	PvTufState *state;

	lab->simulator->only = name;
	state = simulator_update(lab->simulator, FALSE, &error);
	g_assert_no_error(error);
	return state;
}

/* What a look-up finds must be what was published under that name, or nothing. */
static void check_answer(const PvTufState *state, const char *name, gboolean is_there)
{
	const PvFileMeta *meta = pv_tuf_find_target(state, name, NULL, NULL);
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, name, strlen(name));

	g_assert_cmpuint(g_hash_table_size(state->targets->files), ==, is_there ? 1 : 0);
	if (!is_there) {
		g_assert_null(meta);
		return;
	}
	g_assert_nonnull(meta);
	g_assert_cmpuint(meta->length, ==, strlen(name));
	g_assert_true(pv_digest_equal(&meta->sha256, &digest));
}

static void expect(Lab *lab, const char *name, gboolean is_there, gboolean by_index)
{
	g_autoptr(PvTufState) state = look_up(lab, name);

	check_answer(state, name, is_there);
	g_assert_cmpint(state->targets->file == NULL, ==, by_index);
}

static GHashTable *read_index(const Lab *lab)
{
	g_autoptr(GBytes) bytes = pv_file_read(lab->index, PV_INDEX_BYTES_MAX, NULL);
	GHashTable *index = bytes ? pv_index_parse(bytes, NULL) : NULL;

	g_assert_nonnull(index);
	return index;
}

static void write_index(const Lab *lab, GHashTable *index)
{
	g_autoptr(GBytes) bytes = pv_index_write(index);
	gsize size;
	const void *data = g_bytes_get_data(bytes, &size);

	g_assert_true(g_file_set_contents(lab->index, data, (gssize)size, NULL));
}

/* As if the file had been looked at a minute after it was written: its stamp is relied on. */
static void settle(const Lab *lab)
{
	g_autoptr(GHashTable) index = read_index(lab);
	PvIndexEntry *entry = g_hash_table_lookup(index, "targets");

	entry->checked_ns += 60 * G_GINT64_CONSTANT(1000000000);
	write_index(lab, index);
}

static void test_look_up(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	static const char *const missing[] = { "a", "v", "v00", "v1000", "v5000", "v999x", "z" };

	expect(lab, "v0", TRUE, FALSE);
	for (guint round = 0; round < 2; round++) {
		for (guint i = 0; i < TARGETS; i += 37) {
			g_autofree char *name = target_name(i);

			expect(lab, name, TRUE, TRUE);
		}
		expect(lab, "v0", TRUE, TRUE);
		expect(lab, "v999", TRUE, TRUE);
		for (guint i = 0; i < G_N_ELEMENTS(missing); i++)
			expect(lab, missing[i], FALSE, TRUE);
		settle(lab);
	}
}

/* The other roles of the answer come from the skeleton: delegations and their targets. */
static void test_delegations(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autoptr(PvTufState) first = look_up(lab, "v2");
	g_autoptr(PvTufState) state = look_up(lab, "v2");
	const char *role = NULL;

	g_assert_null(state->targets->file);
	g_assert_nonnull(pv_tuf_find_target(state, "v2", NULL, &role));
	g_assert_cmpstr(role, ==, "targets/releases");
	g_assert_cmpint(state->targets->version, ==, first->targets->version);
	g_assert_cmpint(pv_time_compare(state->targets->expires, first->targets->expires), ==, 0);
}

/* All targets, read whole: the index spares the verification, and nothing is missing. */
static void test_whole(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autoptr(PvTufState) first = look_up(lab, NULL);
	g_autoptr(PvTufState) state = look_up(lab, NULL);
	g_autoptr(GPtrArray) signers = NULL;

	g_assert_nonnull(state->targets->file);
	g_assert_true(g_bytes_equal(first->targets->file, state->targets->file));
	g_assert_cmpuint(g_hash_table_size(state->targets->files), ==, TARGETS);
	signers = pv_metadata_signers(state->targets, pv_tuf_role(state, "targets"));
	g_assert_cmpuint(signers->len, ==, 1);
}

static void flip(const char *path, gsize at)
{
	g_autofree char *content = NULL;
	g_autoptr(GError) error = NULL;
	FILE *file;
	gsize size;

	g_assert_true(g_file_get_contents(path, &content, &size, NULL));
	file = g_fopen(path, "r+");
	g_assert_nonnull(file);
	g_assert_cmpint(fseek(file, (long)at, SEEK_SET), ==, 0);
	g_assert_cmpint(fputc(content[at] ^ 1, file), !=, EOF);
	g_assert_cmpint(fclose(file), ==, 0);
}

/* Written to in place, same size: the stamp tells, the hash differs, and the server is asked. */
/* A stamp counts once the clock has gone on since: by its tick, or by seconds if it has no more. */
static void test_settled(void)
{
	static const struct {
		gint64 stamp_ns, looked_at_ms;
		gboolean counts;
	} cases[] = {
		{ 1, PV_INDEX_SETTLE_MS - 1, FALSE },   { 1, PV_INDEX_SETTLE_MS, TRUE },
		{ 1, PV_INDEX_SETTLE_MS + 1, TRUE },    { 0, PV_INDEX_SETTLE_COARSE_MS - 1, FALSE },
		{ 0, PV_INDEX_SETTLE_COARSE_MS, TRUE }, { 0, PV_INDEX_SETTLE_COARSE_MS + 1, TRUE }
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const gint64 written = G_GINT64_CONSTANT(1700000000000000000) + cases[i].stamp_ns;
		gint64 looked_at = written + cases[i].looked_at_ms * 1000000;
		PvFileStamp stamp = { 1, 2, 3, written, written };

		g_assert_cmpint(pv_file_stamp_is_settled(&stamp, looked_at), ==, cases[i].counts);
	}
}

static void test_metadata_touched(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autofree char *content = NULL;
	guint fetches;

	expect(lab, "v500", TRUE, FALSE);
	settle(lab);
	expect(lab, "v500", TRUE, TRUE);
	g_assert_true(g_file_get_contents(lab->targets, &content, NULL, NULL));
	flip(lab->targets,
	     (gsize)(strstr(strstr(content, "\"v500\""), "sha256\":\"") - content) + 12);
	fetches = lab->simulator->fetches;
	expect(lab, "v500", TRUE, FALSE);
	g_assert_cmpuint(lab->simulator->fetches, ==, fetches + 2);
	expect(lab, "v500", TRUE, TRUE);
}

/* Another program (Notary, Docker) put newer metadata there: the index is stale, and made anew. */
static void test_metadata_replaced(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	Simulator *simulator = lab->simulator;
	static const char *const roles[] = { "targets", "targets/releases", "snapshot",
					     "timestamp" };
	guint fetches;

	expect(lab, "v500", TRUE, FALSE);
	settle(lab);
	simulator_add_target(simulator, simulator->targets.files, "zz");
	simulator->targets.version++;
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	simulator_publish(simulator);
	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
		g_assert_true(lab->functions.store(lab->cache, roles[i],
						   g_hash_table_lookup(simulator->files, roles[i]),
						   NULL));
	fetches = simulator->fetches;
	expect(lab, "zz", TRUE, FALSE);
	g_assert_cmpuint(simulator->fetches, ==, fetches + 1);
	expect(lab, "zz", TRUE, TRUE);
}

static void test_damaged(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autofree char *content = NULL;
	gsize size;

	expect(lab, "v500", TRUE, FALSE);
	g_assert_true(g_file_get_contents(lab->index, &content, &size, NULL));
	for (gsize at = 0; at < size; at += size / 40) {
		flip(lab->index, at);
		expect(lab, "v500", TRUE, FALSE);
		expect(lab, "v501", TRUE, TRUE); /* it was made anew */
		g_assert_true(g_file_set_contents(lab->index, content, (gssize)size, NULL));
	}
	for (gsize length = 0; length < size; length += size / 20) {
		g_assert_true(g_file_set_contents(lab->index, content, (gssize)length, NULL));
		expect(lab, "v500", TRUE, FALSE);
	}
}

static void test_foreign(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autoptr(Lab) other = lab_new(TARGETS + 1);
	g_autofree char *content = NULL;
	gsize size;

	expect(lab, "v500", TRUE, FALSE);
	expect(other, "v500", TRUE, FALSE);
	g_assert_true(g_file_get_contents(other->index, &content, &size, NULL));
	g_assert_true(g_file_set_contents(lab->index, content, (gssize)size, NULL));
	expect(lab, "v500", TRUE, FALSE);
	expect(lab, "v500", TRUE, TRUE);
}

static PvTargetPlace *place_of(PvIndexEntry *entry, guint index)
{
	return &g_array_index(entry->places->members, PvTargetPlace, index);
}

/* Lies with a good sum: each leaves an index that points elsewhere than the truth. */
static void swap_places(PvIndexEntry *entry)
{
	for (guint i = 0; i + 1 < entry->places->members->len; i += 2)
		place_of(entry, i)->size = place_of(entry, i + 1)->at - place_of(entry, i)->at;
}

static void shift_places(PvIndexEntry *entry)
{
	for (guint i = 0; i < entry->places->members->len; i++) {
		place_of(entry, i)->at += 2;
		place_of(entry, i)->size -= 2;
	}
}

static void drop_places(PvIndexEntry *entry)
{
	g_array_remove_range(entry->places->members, 100, 800);
}

static void drop_all(PvIndexEntry *entry)
{
	g_array_set_size(entry->places->members, 0);
}

static void widen_braces(PvIndexEntry *entry)
{
	entry->places->start -= 1;
}

static void narrow_braces(PvIndexEntry *entry)
{
	entry->places->end -= 1;
	g_array_set_size(entry->places->members, 10);
}

static void test_lying_places(void)
{
	static void (*const lies[])(PvIndexEntry * entry) = { swap_places,  shift_places,
							      drop_places,  drop_all,
							      widen_braces, narrow_braces };
	g_autoptr(Lab) lab = lab_new(TARGETS);
	static const struct {
		const char *name;
		gboolean is_there;
	} asked[] = { { "v500", TRUE },
		      { "v501", TRUE },
		      { "v0", TRUE },
		      { "v999", TRUE },
		      { "v500x", FALSE } };

	expect(lab, "v500", TRUE, FALSE);
	for (gsize i = 0; i < G_N_ELEMENTS(lies) * G_N_ELEMENTS(asked); i++) {
		const char *name = asked[i % G_N_ELEMENTS(asked)].name;
		g_autoptr(GHashTable) index = NULL;
		g_autoptr(PvTufState) state = NULL;

		settle(lab);
		index = read_index(lab);
		lies[i / G_N_ELEMENTS(asked)](g_hash_table_lookup(index, "targets"));
		write_index(lab, index);
		state = look_up(lab, name);
		check_answer(state, name, asked[i % G_N_ELEMENTS(asked)].is_there);
		g_unlink(lab->index);
		expect(lab, name, asked[i % G_N_ELEMENTS(asked)].is_there, FALSE);
	}
}

/* An entry that claims another hash: it is not the file that the snapshot vouches for. */
static void test_lying_hash(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autoptr(GHashTable) index = NULL;
	PvIndexEntry *entry;

	expect(lab, "v500", TRUE, FALSE);
	settle(lab);
	index = read_index(lab);
	entry = g_hash_table_lookup(index, "targets");
	entry->file.sha256.raw[5] ^= 1;
	write_index(lab, index);
	expect(lab, "v500", TRUE, FALSE);
}

/* The signatures that the index knows of are of keys that the role no longer has. */
static void test_rotated_key(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	Simulator *simulator = lab->simulator;
	g_autoptr(GHashTable) old = simulator_keys_of(simulator, "root");
	g_autoptr(GError) error = NULL;

	expect(lab, "v500", TRUE, FALSE);
	settle(lab);
	simulator_rotate(simulator, "targets", FALSE);
	simulator->root.version = 2;
	simulator_publish_root(simulator, old);
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	simulator_publish(simulator);
	expect(lab, "v500", TRUE, FALSE); /* signed anew by the new key: read from the server */
	simulator_rotate(simulator, "targets", FALSE);
	simulator->root.version = 3;
	simulator_publish_root(simulator, old);
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	simulator_publish_below(simulator, g_hash_table_lookup(simulator->files, "targets"));
	g_assert_null(simulator_update(simulator, FALSE, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SIGNATURE);
}

/* What is proven of root, timestamp and snapshot: of just these files, by just these keys. */
static void test_proofs(void)
{
	static const char *const roles[] = { "root", "timestamp", "snapshot" };
	g_autoptr(Lab) lab = lab_new(TARGETS);

	expect(lab, "v500", TRUE, FALSE);
	for (gsize i = 0; i < G_N_ELEMENTS(roles) * 3; i++) {
		g_autoptr(GHashTable) index = read_index(lab);
		PvIndexEntry *entry = g_hash_table_lookup(index, roles[i / 3]);

		g_assert_null(entry->places);
		g_assert_cmpuint(g_hash_table_size(entry->proven), ==, 1);
		if (i % 3 == 0)
			g_hash_table_remove_all(entry->proven); /* the signatures tell */
		else if (i % 3 == 1)
			entry->file.sha256.raw[5] ^= 1; /* of another file */
		else
			entry->file.length++;
		write_index(lab, index);
		settle(lab);
		expect(lab, "v500", TRUE, TRUE);
	}
}

static void test_damaged_root(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	g_autoptr(GError) error = NULL;
	g_autofree char *directory = g_path_get_dirname(lab->targets);
	g_autofree char *path = g_build_filename(directory, "root.json", NULL);
	g_autofree char *text = NULL;
	char *signature;

	expect(lab, "v500", TRUE, FALSE);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	signature = strstr(text, "\"sig\":\"") + strlen("\"sig\":\"");
	*signature = *signature == 'A' ? 'B' : 'A';
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_assert_null(simulator_update(lab->simulator, FALSE, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SIGNATURE);
	g_assert_nonnull(strstr(error->message, "the remembered root"));
}

static void test_expired(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	Simulator *simulator = lab->simulator;
	g_autoptr(GError) error = NULL;

	simulator->targets.expires = pv_time_add_seconds(simulator->now, 10);
	simulator_publish(simulator);
	expect(lab, "v500", TRUE, FALSE);
	expect(lab, "v500", TRUE, TRUE);
	simulator->now = pv_time_add_seconds(simulator->now, 11);
	g_assert_null(simulator_update(simulator, FALSE, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_EXPIRED);
}

static void test_rollback(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	Simulator *simulator = lab->simulator;
	g_autoptr(GError) error = NULL;

	simulator->targets.version = 5;
	simulator_publish(simulator);
	expect(lab, "v500", TRUE, FALSE);
	settle(lab);
	simulator->targets.version = 4;
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	simulator_publish(simulator);
	g_assert_null(simulator_update(simulator, FALSE, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_ROLLBACK);
	g_assert_nonnull(strstr(error->message, "targets is version 4, version 5 was accepted"));
}

/* A target whose description has @size bytes, name and all, alone in its role. */
static void set_custom(Simulator *simulator, gsize length)
{
	g_autofree char *text = g_strnfill(length, 'x');
	PvFileMeta *meta = g_hash_table_lookup(simulator->targets.files, "v1");
	g_autofree char *json = g_strdup_printf("\"%s\"", text);

	g_clear_pointer(&meta->custom, g_bytes_unref);
	meta->custom = g_bytes_new(json, strlen(json));
	simulator_publish(simulator);
}

static gsize size_of_targets(const Lab *lab)
{
	return g_bytes_get_size(g_hash_table_lookup(lab->simulator->files, "targets"));
}

static void expect_entry(Lab *lab, gsize custom, gboolean wanted)
{
	g_autoptr(PvTufState) state = NULL;
	g_autoptr(GHashTable) index = NULL;
	const PvIndexEntry *entry;

	g_unlink(lab->index);
	set_custom(lab->simulator, custom);
	state = look_up(lab, "v1");
	g_assert_nonnull(pv_tuf_find_target(state, "v1", NULL, NULL));
	index = read_index(lab);
	entry = g_hash_table_lookup(index, "targets");
	g_assert_cmpint(entry->places != NULL, ==, wanted);
}

static void test_limits(void)
{
	g_autoptr(Lab) lab = lab_new(0);
	gsize rest, member = strlen("\"v1\":{\"custom\":\"\",\"hashes\":{\"sha256\":\"\","
				    "\"sha512\":\"\"},"
				    "\"length\":2}") +
			     44 + 88;

	set_custom(lab->simulator, 1000);
	rest = size_of_targets(lab) - 1000;
	expect_entry(lab, PV_INDEX_FILE_BYTES_MIN - 1 - rest, FALSE);
	expect_entry(lab, PV_INDEX_FILE_BYTES_MIN - rest, TRUE);
	expect_entry(lab, PV_INDEX_FILE_BYTES_MIN + 1 - rest, TRUE);
	expect_entry(lab, PV_INDEX_MEMBER_BYTES_MAX - 1 - member, TRUE);
	expect_entry(lab, PV_INDEX_MEMBER_BYTES_MAX - member, TRUE);
	expect_entry(lab, PV_INDEX_MEMBER_BYTES_MAX + 1 - member, FALSE);
}

static void test_size_limit(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);
	static const gssize around[] = { -1, 0, 1 };

	expect(lab, "v500", TRUE, FALSE);
	for (gsize i = 0; i < G_N_ELEMENTS(around); i++) {
		g_autoptr(GBytes) read = NULL;

		g_assert_cmpint(truncate(lab->index, (off_t)PV_INDEX_BYTES_MAX + around[i]), ==, 0);
		read = lab->functions.load_index(lab->cache);
		g_assert_cmpint(read != NULL, ==, around[i] <= 0);
	}
	expect(lab, "v500", TRUE, FALSE);
	expect(lab, "v500", TRUE, TRUE);
}

/* A directory that cannot be written to costs speed and nothing else. */
static void test_not_stored(void)
{
	g_autoptr(Lab) lab = lab_new(TARGETS);

	expect(lab, "v500", TRUE, FALSE);
	g_assert_cmpint(g_unlink(lab->index), ==, 0);
	g_assert_cmpint(g_mkdir(lab->index, 0700), ==, 0);
	expect(lab, "v500", TRUE, FALSE);
	expect(lab, "v501", TRUE, FALSE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf/index/look-up", test_look_up);
	g_test_add_func("/tuf/index/delegations", test_delegations);
	g_test_add_func("/tuf/index/whole", test_whole);
	g_test_add_func("/tuf/index/settled", test_settled);
	g_test_add_func("/tuf/index/metadata-touched", test_metadata_touched);
	g_test_add_func("/tuf/index/metadata-replaced", test_metadata_replaced);
	g_test_add_func("/tuf/index/damaged", test_damaged);
	g_test_add_func("/tuf/index/foreign", test_foreign);
	g_test_add_func("/tuf/index/lying-places", test_lying_places);
	g_test_add_func("/tuf/index/proofs", test_proofs);
	g_test_add_func("/tuf/index/damaged-root", test_damaged_root);
	g_test_add_func("/tuf/index/lying-hash", test_lying_hash);
	g_test_add_func("/tuf/index/rotated-key", test_rotated_key);
	g_test_add_func("/tuf/index/expired", test_expired);
	g_test_add_func("/tuf/index/rollback", test_rollback);
	g_test_add_func("/tuf/index/limits", test_limits);
	g_test_add_func("/tuf/index/size-limit", test_size_limit);
	g_test_add_func("/tuf/index/not-stored", test_not_stored);
	return g_test_run();
}
