/* SPDX-License-Identifier: Apache-2.0 */

/* Changes applied to trust data: targets, delegations, purges, witnessing, new keys. */

#include <string.h>

#include "../tuf/simulator.h"
#include "base/error.h"
#include "base/limits.h"
#include "trust/edit.h"

typedef struct {
	Simulator *simulator;
	PvTufState *state;
	PvEdit *edit;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
	fixture->simulator = simulator_new();
	fixture->state = simulator_update(fixture->simulator, FALSE, NULL);
	g_assert_nonnull(fixture->state);
	fixture->edit = pv_edit_new(fixture->state, fixture->simulator->now);
}

static void tear_down(Fixture *fixture, const void *data)
{
	pv_edit_free(fixture->edit);
	pv_tuf_state_free(fixture->state);
	simulator_free(fixture->simulator);
}

static gboolean apply(Fixture *fixture, PvChange *change, GError **error)
{
	g_autoptr(PvChange) owned = change;

	return pv_edit_apply(fixture->edit, owned, error);
}

static void applied(Fixture *fixture, PvChange *change)
{
	g_autoptr(GError) error = NULL;

	apply(fixture, change, &error);
	g_assert_no_error(error);
}

static void refused(Fixture *fixture, PvChange *change, PvErrorCode code, const char *words)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(apply(fixture, change, &error));
	g_assert_error(error, PV_ERROR, (int)code);
	g_assert_nonnull(strstr(error->message, words));
}

static PvChange *addition(const char *role, const char *name, const char *content)
{
	g_autoptr(GBytes) bytes = g_bytes_new(content, strlen(content));
	g_autoptr(PvFileMeta) meta = pv_file_meta_new(bytes);

	return pv_change_add_target(role, name, meta);
}

static gboolean has(const Fixture *fixture, const char *role, const char *name)
{
	const PvEditRole *found = pv_edit_role(fixture->edit, role);

	return found && g_hash_table_contains(found->files, name);
}

static void test_targets(Fixture *fixture, const void *data)
{
	g_assert_false(pv_edit_is_dirty(fixture->edit));
	/* the simulator's v1 has its name as content: the same again changes nothing */
	applied(fixture, addition("targets", "v1", "v1"));
	applied(fixture, pv_change_remove_target("targets", "none"));
	g_assert_false(pv_edit_is_dirty(fixture->edit));
	applied(fixture, addition("targets", "v7", "seven"));
	g_assert_true(has(fixture, "targets", "v7") && has(fixture, "targets", "v1"));
	g_assert_true(pv_edit_role(fixture->edit, "targets")->dirty);
	g_assert_false(pv_edit_role(fixture->edit, "targets/releases")->dirty);
	applied(fixture, pv_change_remove_target("targets", "v1"));
	g_assert_false(has(fixture, "targets", "v1"));
	/* what was read is not touched */
	g_assert_true(g_hash_table_contains(fixture->state->targets->files, "v1"));
	refused(fixture, addition("targets/nobody", "v1", "x"), PV_ERROR_ROLE,
		"nobody delegated to targets/nobody");
	refused(fixture, pv_change_remove_target("targets/nobody", "v1"), PV_ERROR_ROLE,
		"nobody delegated to targets/nobody");
	refused(fixture, addition("snapshot", "v1", "x"), PV_ERROR_UNSUPPORTED,
		"scope not supported: snapshot");
}

static PvDelegationChange *with_key(const char *const *paths)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	PvDelegationChange *content = pv_delegation_change_new();

	g_ptr_array_add(content->add_keys, pv_public_key_ref(pv_private_key_public(key)));
	for (; paths && *paths; paths++)
		g_ptr_array_add(content->add_paths, g_strdup(*paths));
	return content;
}

static void test_delegations(Fixture *fixture, const void *data)
{
	const char *const paths[] = { "b", "a", NULL };
	g_autoptr(PvDelegationChange) content = with_key(paths);
	g_autoptr(PvDelegationChange) less = pv_delegation_change_new();
	g_autoptr(PvDelegationChange) more = with_key(NULL);
	const PvRole *role;

	refused(fixture, pv_change_delegation(PV_CHANGE_CREATE, "targets/q", less), PV_ERROR_ROLE,
		"a new delegation needs a key");
	refused(fixture, pv_change_delegation(PV_CHANGE_UPDATE, "targets/q", content),
		PV_ERROR_ROLE, "nobody delegated to targets/q");
	refused(fixture, pv_change_delegation(PV_CHANGE_CREATE, "targets/q/r", content),
		PV_ERROR_ROLE, "nobody delegated to targets/q");
	applied(fixture, pv_change_delegation(PV_CHANGE_CREATE, "targets/q", content));
	role = pv_edit_keys(fixture->edit, "targets/q");
	g_assert_cmpuint(role->keys->len, ==, 1);
	g_assert_cmpstr(role->paths->pdata[0], ==, "a"); /* sorted */
	refused(fixture, addition("targets/q", "c", "x"), PV_ERROR_REFUSED,
		"not below the paths of targets/q");
	applied(fixture, addition("targets/q", "a1", "x"));
	/* a key by its id, a path, a second key, a threshold */
	more->threshold = 2;
	g_ptr_array_add(more->remove_paths, g_strdup("a"));
	applied(fixture, pv_change_delegation(PV_CHANGE_UPDATE, "targets/q", more));
	role = pv_edit_keys(fixture->edit, "targets/q");
	g_assert_cmpuint(role->keys->len, ==, 2);
	g_assert_cmpuint(role->threshold, ==, 2);
	g_assert_cmpuint(role->paths->len, ==, 1);
	less->clear_paths = TRUE;
	g_ptr_array_add(less->remove_keys,
			g_strdup(pv_public_key_canonical_id(role->keys->pdata[0])));
	applied(fixture, pv_change_delegation(PV_CHANGE_UPDATE, "targets/q", less));
	g_assert_cmpuint(role->keys->len, ==, 1);
	g_assert_cmpuint(role->paths->len, ==, 0);
	/* below targets/q, and all gone with it */
	applied(fixture, pv_change_delegation(PV_CHANGE_CREATE, "targets/q/r", content));
	applied(fixture, pv_change_remove_delegation("targets/q"));
	g_assert_null(pv_edit_keys(fixture->edit, "targets/q"));
	g_assert_null(pv_edit_keys(fixture->edit, "targets/q/r"));
	applied(fixture, pv_change_remove_delegation("targets/q"));
}

static void test_purge_and_witness(Fixture *fixture, const void *data)
{
	const PvRole *role = pv_edit_keys(fixture->edit, "targets/releases");
	g_autofree char *id = g_strdup(pv_public_key_canonical_id(role->keys->pdata[0]));
	const char *const ids[] = { id, NULL };

	applied(fixture, pv_change_witness("targets/releases"));
	g_assert_true(pv_edit_role(fixture->edit, "targets/releases")->dirty);
	g_assert_false(pv_edit_role(fixture->edit, "targets")->dirty);
	applied(fixture, pv_change_purge_keys(ids));
	g_assert_true(pv_edit_role(fixture->edit, "targets")->dirty);
	g_assert_cmpuint(role->keys->len, ==, 0);
	refused(fixture, pv_change_witness("targets/releases"), PV_ERROR_ROLE,
		"has 0 keys and needs 1");
	refused(fixture, pv_change_witness("targets/none"), PV_ERROR_ROLE, "is not known here");
}

static void test_new_root_keys(Fixture *fixture, const void *data)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GPtrArray) keys = g_ptr_array_new();

	g_ptr_array_add(keys, pv_private_key_public(key));
	pv_edit_replace_keys(fixture->edit, "targets", keys);
	g_assert_true(pv_edit_role(fixture->edit, "targets")->dirty);
	g_assert_cmpstr(pv_public_key_id(pv_edit_keys(fixture->edit, "targets")->keys->pdata[0]),
			==, pv_public_key_id(pv_private_key_public(key)));
	g_assert_true(pv_edit_is_dirty(fixture->edit));
}

static void test_unverified_is_not_lost(Fixture *fixture, const void *data)
{
	Simulator *simulator = fixture->simulator;
	PvRole *role = g_hash_table_lookup(simulator->targets.roles, "targets/releases");
	g_autoptr(PvTufState) state = NULL;

	/* two of one key: below the threshold, and so not usable as it is */
	role->threshold = 2;
	simulator->targets.version++;
	simulator->snapshot.version++;
	simulator->timestamp.version++;
	simulator_publish(simulator);
	state = simulator_update(simulator, FALSE, NULL);
	g_assert_cmpuint(state->unusable->len, ==, 1);
	g_assert_true(g_hash_table_contains(state->unverified, "targets/releases"));
	pv_edit_free(fixture->edit);
	fixture->edit = pv_edit_new(state, simulator->now);
	refused(fixture, addition("targets/releases", "v9", "x"), PV_ERROR_ROLE,
		"witness it first");
	refused(fixture, pv_change_witness("targets/releases"), PV_ERROR_ROLE,
		"give it keys first");
	{
		g_autoptr(PvDelegationChange) second = with_key(NULL);

		applied(fixture,
			pv_change_delegation(PV_CHANGE_UPDATE, "targets/releases", second));
	}
	applied(fixture, pv_change_witness("targets/releases"));
	applied(fixture, addition("targets/releases", "v9", "x"));
	g_assert_true(has(fixture, "targets/releases", "v2"));
	g_assert_true(has(fixture, "targets/releases", "v9"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/edit/targets", Fixture, NULL, set_up, test_targets, tear_down);
	g_test_add("/edit/delegations", Fixture, NULL, set_up, test_delegations, tear_down);
	g_test_add("/edit/purge-and-witness", Fixture, NULL, set_up, test_purge_and_witness,
		   tear_down);
	g_test_add("/edit/new-keys", Fixture, NULL, set_up, test_new_root_keys, tear_down);
	g_test_add("/edit/unverified", Fixture, NULL, set_up, test_unverified_is_not_lost,
		   tear_down);
	return g_test_run();
}
