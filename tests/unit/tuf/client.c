/* SPDX-License-Identifier: Apache-2.0 */

/* The client workflow against a simulated repository: what must work, and what must be refused. The
 * attacks of TUF's specification 1.5.2 are in attacks.c. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "simulator.h"

static void test_update(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(PvTufState) state = simulator_accept(simulator);
	g_autoptr(PvTufState) warm = NULL;
	g_autoptr(PvTufState) offline = NULL;
	const char *role = NULL;

	g_assert_nonnull(pv_tuf_find_target(state, "v1", NULL, &role));
	g_assert_cmpstr(role, ==, "targets");
	g_assert_nonnull(pv_tuf_find_target(state, "v2", NULL, &role));
	g_assert_cmpstr(role, ==, "targets/releases");
	g_assert_null(pv_tuf_find_target(state, "v3", NULL, &role));
	g_assert_cmpuint(simulator->fetches, ==, 5);
	warm = simulator_accept(simulator);
	g_assert_cmpuint(simulator->fetches, ==, 6);
	g_assert_false(warm->from_cache);
	offline = simulator_update(simulator, TRUE, NULL);
	g_assert_nonnull(offline);
	g_assert_true(offline->from_cache);
	g_assert_cmpuint(simulator->fetches, ==, 6);
}

static void test_offline_without_cache(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(GError) error = NULL;

	g_assert_null(simulator_update(simulator, TRUE, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNREACHABLE);
}

static void test_first_root(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator->accept_first = FALSE;
	simulator_refuse(simulator, PV_ERROR_ROOT, "not pinned");
}

static void test_flipped_bytes(void)
{
	static const char *const roles[] = { "targets", "targets/releases", "snapshot" };
	g_autoptr(Simulator) first = simulator_new();

	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
		g_autoptr(Simulator) simulator = simulator_new();
		g_autofree char *name = simulator_name_of(simulator, roles[i]);

		simulator_flip(simulator, name);
		simulator_refuse(simulator, PV_ERROR_MIX, "is not the file whose sha256 is signed");
	}
	simulator_flip(first, "timestamp");
	simulator_refuse(first, PV_ERROR_SIGNATURE, "timestamp has 0 valid signatures");
}

static void test_flipped_root(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator_flip(simulator, "root");
	simulator_refuse(simulator, PV_ERROR_SIGNATURE, "root has 0 valid signatures");
}

static void test_expired(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator_accept_silently(simulator);
	simulator->timestamp.version++;
	simulator->timestamp.expires = pv_time_add_seconds(simulator->now, -1);
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_EXPIRED, "timestamp (version 2) expired at");
	simulator->timestamp.expires = pv_time_add_seconds(simulator->now, 9999);
	simulator->snapshot.expires = pv_time_add_seconds(simulator->now, -1);
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_EXPIRED, "snapshot (version 1) expired at");
}

static void test_rollback(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator_next_version(simulator);
	simulator_accept_silently(simulator);
	simulator->timestamp.version = 1;
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_ROLLBACK,
			 "timestamp is version 1, version 2 was accepted");
	simulator->timestamp.version = 3;
	simulator->snapshot.version = 1;
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_ROLLBACK,
			 "snapshot is version 1, version 2 was accepted");
	simulator->snapshot.version = 3;
	simulator->targets.version = 1;
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_ROLLBACK,
			 "targets is version 1, version 2 was accepted");
}

/* Fast-forward: the thief of a timestamp key publishes a huge version; a new key cures it. */
static void test_fast_forward(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator->timestamp.version = G_MAXINT32;
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
	simulator_rotate(simulator, "timestamp", FALSE);
	simulator->root.version = 2;
	simulator->timestamp.version = 2;
	simulator->snapshot.version = 2;
	simulator_publish_root(simulator, NULL);
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
}

static void test_mix_and_match(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autofree char *name = simulator_name_of(simulator, "targets");
	g_autoptr(GBytes) old = g_bytes_ref(g_hash_table_lookup(simulator->files, name));

	simulator_next_version(simulator);
	g_free(name);
	name = simulator_name_of(simulator, "targets");
	g_hash_table_insert(simulator->files, g_strdup(name), g_bytes_ref(old));
	simulator_refuse(simulator, PV_ERROR_MIX, "targets");
}

static void test_wrong_root(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(Simulator) other = simulator_new();

	simulator_accept_silently(simulator);
	g_hash_table_unref(simulator->files);
	simulator->files = g_hash_table_ref(other->files);
	simulator_refuse(simulator, PV_ERROR_ROOT, "another than the one accepted before");
}

static void test_root_for_another_name(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	g_free(simulator->gun);
	simulator->gun = g_strdup("localhost:5000/other");
	simulator_refuse(simulator, PV_ERROR_ROOT, "localhost:5000/app");
}

/* Root 1 → 4, each with a key of its own: every step is signed by the one before only. */
static void test_root_chain(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(PvTufState) state = NULL;

	simulator_accept_silently(simulator);
	for (gint64 version = 2; version <= 4; version++) {
		g_autoptr(GHashTable) old = simulator_keys_of(simulator, "root");

		simulator_rotate(simulator, "root", FALSE);
		simulator->root.version = version;
		simulator_publish_root(simulator, old);
	}
	simulator_next_version(simulator);
	state = simulator_accept(simulator);
	g_assert_cmpint(state->root->version, ==, 4);
}

static void test_broken_root_chain(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator_accept_silently(simulator);
	simulator_rotate(simulator, "root", FALSE);
	simulator->root.version = 2;
	simulator_publish_root(simulator, NULL); /* not signed by the old key */
	simulator_next_version(simulator);
	simulator_refuse(simulator, PV_ERROR_ROOT,
			 "is not signed by the keys of the trusted root version 1");
	simulator_rotate(simulator, "root", FALSE);
	simulator->root.version = 3;
	simulator_publish_root(simulator, NULL);
	simulator_next_version(simulator);
	simulator_refuse(simulator, PV_ERROR_ROOT,
			 "root version 2 is not signed by the keys of version 1 and its own");
}

static void test_threshold(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	PvRole *role = g_hash_table_lookup(simulator->root.roles, "targets");
	g_autoptr(GHashTable) old = simulator_keys_of(simulator, "root");

	simulator_rotate(simulator, "targets", TRUE);
	role->threshold = 2;
	simulator->root.version = 2;
	simulator_publish_root(simulator, old);
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
	role->threshold = 3;
	simulator->root.version = 3;
	simulator->snapshot.version = 2;
	simulator_publish_root(simulator, old);
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_SIGNATURE, "targets has 2 valid signatures");
}

static void test_unusable_delegation(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(PvTufState) state = NULL;

	simulator->release.expires = pv_time_add_seconds(simulator->now, -1);
	simulator_publish(simulator);
	state = simulator_accept(simulator);
	g_assert_cmpuint(state->unusable->len, ==, 1);
	g_assert_nonnull(strstr(state->unusable->pdata[0], "expired at"));
	g_assert_null(pv_tuf_find_target(state, "v2", NULL, NULL));
	g_assert_nonnull(pv_tuf_find_target(state, "v1", NULL, NULL));
}

static void test_delegation_paths(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	PvRole *role = g_hash_table_lookup(simulator->targets.roles, "targets/releases");
	g_autoptr(PvTufState) state = NULL;
	g_autoptr(PvTufState) none = NULL;

	g_ptr_array_set_size(role->paths, 0);
	g_ptr_array_add(role->paths, g_strdup("release-"));
	simulator_add_target(simulator, simulator->release.files, "release-1");
	simulator_publish(simulator);
	state = simulator_accept(simulator);
	g_assert_null(pv_tuf_find_target(state, "v2", NULL, NULL));
	g_assert_nonnull(pv_tuf_find_target(state, "release-1", NULL, NULL));
	g_ptr_array_set_size(role->paths, 0);
	simulator_next_version(simulator);
	none = simulator_accept(simulator);
	g_assert_null(pv_tuf_find_target(none, "release-1", NULL, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf/client/update", test_update);
	g_test_add_func("/tuf/client/offline-without-cache", test_offline_without_cache);
	g_test_add_func("/tuf/client/first-root", test_first_root);
	g_test_add_func("/tuf/client/flipped-bytes", test_flipped_bytes);
	g_test_add_func("/tuf/client/flipped-root", test_flipped_root);
	g_test_add_func("/tuf/client/expired", test_expired);
	g_test_add_func("/tuf/client/rollback", test_rollback);
	g_test_add_func("/tuf/client/fast-forward", test_fast_forward);
	g_test_add_func("/tuf/client/mix-and-match", test_mix_and_match);
	g_test_add_func("/tuf/client/wrong-root", test_wrong_root);
	g_test_add_func("/tuf/client/root-for-another-name", test_root_for_another_name);
	g_test_add_func("/tuf/client/root-chain", test_root_chain);
	g_test_add_func("/tuf/client/broken-root-chain", test_broken_root_chain);
	g_test_add_func("/tuf/client/threshold", test_threshold);
	g_test_add_func("/tuf/client/unusable-delegation", test_unusable_delegation);
	g_test_add_func("/tuf/client/delegation-paths", test_delegation_paths);
	return g_test_run();
}
