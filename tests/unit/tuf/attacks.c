/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The attacks of TUF's specification, section 1.5.2, each against the client, each refused with a
 * sentence of its own. The attacker has the server or the network, and those keys that a test says.
 * (Slow retrieval is the HTTP client's to notice: tests/unit/oci/http.c, tests/fault/client.bats.)
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "simulator.h"

/* The targets draft with another target in it, signed by a key that nobody trusts. */
static GBytes *forged_targets(Simulator *simulator)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);

	simulator_add_target(simulator, simulator->targets.files, "v1");
	simulator->targets.version++;
	body = pv_metadata_write_signed(&simulator->targets, NULL);
	g_ptr_array_add(signatures,
			pv_metadata_sign(body, pv_public_key_id(pv_private_key_public(key)), key,
					 NULL));
	return pv_metadata_write_file(body, signatures, NULL);
}

/* Even with snapshot's and timestamp's keys: what is installed is targets' to say. */
static void test_arbitrary_software(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(GBytes) forged = forged_targets(simulator);

	simulator_publish_below(simulator, forged);
	simulator_refuse(simulator, PV_ERROR_SIGNATURE,
			 "targets has 0 valid signatures of the keys of role targets, needed: 1");
}

static void test_endless_data(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autofree guint8 *much = g_malloc0(PV_TIMESTAMP_BYTES_MAX + 1);

	g_hash_table_insert(simulator->files, g_strdup("timestamp"),
			    g_bytes_new(much, PV_TIMESTAMP_BYTES_MAX + 1));
	simulator_refuse(simulator, PV_ERROR_LIMIT, "timestamp.json is larger than 1048576 bytes");
}

/* A delegate may not name what was not delegated to it, nor hide what others named. */
static void test_extraneous_dependencies(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	PvRole *role = g_hash_table_lookup(simulator->targets.roles, "targets/releases");
	g_autoptr(PvTufState) state = NULL;
	const char *by = NULL;

	g_ptr_array_set_size(role->paths, 0);
	g_ptr_array_add(role->paths, g_strdup("release-"));
	simulator_add_target(simulator, simulator->release.files, "dependency");
	simulator_add_target(simulator, simulator->release.files, "v1");
	simulator_publish(simulator);
	state = simulator_accept(simulator);
	g_assert_null(pv_tuf_find_target(state, "dependency", NULL, NULL));
	g_assert_nonnull(pv_tuf_find_target(state, "v1", NULL, &by));
	g_assert_cmpstr(by, ==, "targets");
}

/* A stolen timestamp key publishes the highest version there is; the owner's new key recovers. */
static void test_fast_forward(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator->timestamp.version = G_MAXINT32;
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
	simulator->timestamp.version = 2;
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_ROLLBACK,
			 "timestamp is version 2, version 2147483647 was");
	simulator_rotate(simulator, "timestamp", FALSE);
	simulator->root.version = 2;
	simulator->snapshot.version = 2;
	simulator_publish_root(simulator, NULL);
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
}

/* The same old answer for ever: it runs out. */
static void test_freeze(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator_accept_silently(simulator);
	simulator->now = pv_time_add_seconds(simulator->timestamp.expires, 0);
	simulator_refuse(simulator, PV_ERROR_EXPIRED, "timestamp (version 1) expired at");
}

/* A mirror that withholds a file, or gives another, is found out, and nothing of it is kept. */
static void test_malicious_mirror(void)
{
	static const char *const roles[] = { "snapshot", "targets", "targets/releases" };

	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
		g_autoptr(Simulator) simulator = simulator_new();
		GBytes *file = g_hash_table_lookup(simulator->files, roles[i]);
		g_autoptr(PvFileMeta) meta = pv_file_meta_new(file);
		g_autofree char *hex = pv_digest_hex(&meta->sha256);
		g_autofree char *name = g_strdup_printf("%s.%s", roles[i], hex);

		g_hash_table_remove(simulator->files, name);
		simulator_refuse(simulator, PV_ERROR_NOT_SIGNED, roles[i]);
		g_hash_table_insert(simulator->files, g_strdup(name), g_bytes_new_static("{}", 2));
		simulator_refuse(simulator, PV_ERROR_MIX, "bytes, signed are");
	}
}

/* Files of two moments that never were together. */
static void test_mix_and_match(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(GBytes) old = g_bytes_ref(g_hash_table_lookup(simulator->files, "targets"));
	GBytes *new;
	g_autoptr(PvFileMeta) meta = NULL;
	g_autofree char *hex = NULL;

	simulator_accept_silently(simulator);
	simulator_next_version(simulator);
	new = g_hash_table_lookup(simulator->files, "targets");
	meta = pv_file_meta_new(new);
	hex = pv_digest_hex(&meta->sha256);
	g_hash_table_insert(simulator->files, g_strdup_printf("targets.%s", hex), g_bytes_ref(old));
	simulator_refuse(simulator, PV_ERROR_MIX, "targets");
}

static void test_rollback(void)
{
	g_autoptr(Simulator) simulator = simulator_new();

	simulator->targets.version = simulator->snapshot.version = 5;
	simulator->timestamp.version = 5;
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
	simulator->targets.version = 4;
	simulator->snapshot.version = simulator->timestamp.version = 6;
	simulator_publish(simulator);
	simulator_refuse(simulator, PV_ERROR_ROLLBACK,
			 "targets is version 4, version 5 was accepted before");
}

/* One of two keys was stolen: what it alone signed is below the threshold. */
static void test_vulnerable_keys(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	PvRole *role = g_hash_table_lookup(simulator->root.roles, "targets");
	g_autoptr(GHashTable) owner = simulator_keys_of(simulator, "root");
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) forged = NULL;
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	const char *stolen;

	simulator_rotate(simulator, "targets", TRUE);
	role->threshold = 2;
	simulator->root.version = 2;
	simulator_publish_root(simulator, owner);
	simulator_publish(simulator);
	simulator_accept_silently(simulator);
	stolen = pv_public_key_id(role->keys->pdata[0]);
	simulator->targets.version++;
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	body = pv_metadata_write_signed(&simulator->targets, NULL);
	for (guint i = 0; i < 2; i++) /* twice by the same key counts once */
		g_ptr_array_add(signatures,
				pv_metadata_sign(body, stolen,
						 g_hash_table_lookup(simulator->keys, stolen),
						 NULL));
	forged = pv_metadata_write_file(body, signatures, NULL);
	simulator_publish_below(simulator, forged);
	simulator_refuse(simulator, PV_ERROR_SIGNATURE,
			 "targets has 1 valid signature of the keys of role targets, needed: 2");
}

/* Another repository's good trust data under this name; and a tag nobody signed has no answer. */
static void test_wrong_software(void)
{
	g_autoptr(Simulator) simulator = simulator_new();
	g_autoptr(Simulator) other = simulator_new();
	g_autoptr(PvTufState) state = simulator_accept(simulator);

	g_assert_null(pv_tuf_find_target(state, "v99", NULL, NULL));
	g_hash_table_unref(simulator->files);
	simulator->files = g_hash_table_ref(other->files);
	simulator_refuse(simulator, PV_ERROR_ROOT, "is another than the one accepted before");
	g_hash_table_remove_all(simulator->cache);
	g_free(simulator->gun);
	simulator->gun = g_strdup("localhost:5000/wanted");
	simulator_refuse(simulator, PV_ERROR_ROOT, "expected one for localhost:5000/wanted");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf/attacks/arbitrary-software", test_arbitrary_software);
	g_test_add_func("/tuf/attacks/endless-data", test_endless_data);
	g_test_add_func("/tuf/attacks/extraneous-dependencies", test_extraneous_dependencies);
	g_test_add_func("/tuf/attacks/fast-forward", test_fast_forward);
	g_test_add_func("/tuf/attacks/freeze", test_freeze);
	g_test_add_func("/tuf/attacks/malicious-mirror", test_malicious_mirror);
	g_test_add_func("/tuf/attacks/mix-and-match", test_mix_and_match);
	g_test_add_func("/tuf/attacks/rollback", test_rollback);
	g_test_add_func("/tuf/attacks/vulnerable-keys", test_vulnerable_keys);
	g_test_add_func("/tuf/attacks/wrong-software", test_wrong_software);
	return g_test_run();
}
