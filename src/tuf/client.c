/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The client workflow (TUF specification 5, in Notary's order: trust.md 3.2): timestamp, snapshot,
 * targets and delegations, each verified under the root and compared with what was accepted before.
 * Nothing is remembered until all of it is verified.
 */

#include "tuf/client.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/client_private.h"

void pv_tuf_state_free(PvTufState *state)
{
	if (!state)
		return;
	pv_metadata_unref(state->root);
	pv_metadata_unref(state->timestamp);
	pv_metadata_unref(state->snapshot);
	pv_metadata_unref(state->targets);
	g_clear_pointer(&state->delegations, g_hash_table_unref);
	g_clear_pointer(&state->unusable, g_ptr_array_unref);
	g_clear_pointer(&state->unverified, g_hash_table_unref);
	g_free(state);
}

static void clear_below_root(PvTufState *state)
{
	g_clear_pointer(&state->timestamp, pv_metadata_unref);
	g_clear_pointer(&state->snapshot, pv_metadata_unref);
	g_clear_pointer(&state->targets, pv_metadata_unref);
	g_hash_table_remove_all(state->delegations);
	g_hash_table_remove_all(state->unverified);
	g_ptr_array_set_size(state->unusable, 0);
}

GBytes *pv_tuf_fetch(PvTufUpdate *update, const char *name, gsize max_bytes, GError **error)
{
	GBytes *file;

	if (update->policy->offline)
		return pv_fail_null(error, PV_ERROR_UNREACHABLE,
				    "%s.json of %s is not in the cache, and nothing may be asked "
				    "offline",
				    name, update->policy->gun);
	update->asked = TRUE;
	file = update->remote->fetch(update->remote->remote, name, max_bytes, error);
	if (file && g_bytes_get_size(file) > max_bytes) {
		g_bytes_unref(file);
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s.json is larger than %" G_GSIZE_FORMAT " bytes", name,
				    max_bytes);
	}
	return file;
}

static const PvRole *root_role(const PvTufUpdate *update, const char *name)
{
	return g_hash_table_lookup(update->state->root->roles, name);
}

static gboolean may_use_remembered_timestamp(const PvTufUpdate *update)
{
	gint64 age;

	if (update->policy->offline)
		return TRUE;
	if (update->policy->max_age_s <= 0)
		return FALSE;
	age = update->cache->age_s(update->cache->cache);
	return age >= 0 && age <= update->policy->max_age_s;
}

static gboolean update_timestamp(PvTufUpdate *update, GError **error)
{
	const PvRole *role = root_role(update, "timestamp");
	g_autoptr(PvMetadata) before = pv_tuf_remembered(update, "timestamp", role);
	g_autoptr(PvMetadata) timestamp = NULL;
	g_autoptr(GBytes) file = NULL;

	if (before && may_use_remembered_timestamp(update)) {
		timestamp = pv_metadata_ref(before);
	} else {
		file = pv_tuf_fetch(update, "timestamp", PV_TIMESTAMP_BYTES_MAX, error);
		if (!file)
			return FALSE;
		timestamp = before && g_bytes_equal(file, before->file)
				    ? pv_metadata_ref(before)
				    : pv_metadata_parse("timestamp", file, error);
	}
	if (!timestamp || (timestamp != before && !pv_metadata_prove(timestamp, role, error)) ||
	    !pv_metadata_check_expiry(timestamp, update->policy->now, error) ||
	    !pv_tuf_check_rollback(timestamp, before, error))
		return FALSE;
	update->state->timestamp = g_steal_pointer(&timestamp);
	return TRUE;
}

static gboolean update_snapshot(PvTufUpdate *update, GError **error)
{
	const PvFileMeta *meta = g_hash_table_lookup(update->state->timestamp->files, "snapshot");

	update->state->snapshot = pv_tuf_vouched(update, "snapshot", meta,
						 root_role(update, "snapshot"), NULL, error);
	return update->state->snapshot != NULL;
}

/* The snapshot names the root's hash: another one means that a newer root is there. */
static gboolean check_root(PvTufUpdate *update, GError **error)
{
	const PvFileMeta *meta = g_hash_table_lookup(update->state->snapshot->files, "root");

	return pv_file_meta_check(meta, update->state->root->file, "root", error) &&
	       pv_tuf_check_expiry(update, update->state->root, error);
}

/* A delegation that cannot be used hides what it names; the others stay usable. */
static gboolean is_unusable(const GError *error)
{
	return g_error_matches(error, PV_ERROR, PV_ERROR_SIGNATURE) ||
	       g_error_matches(error, PV_ERROR, PV_ERROR_EXPIRED);
}

static gboolean update_delegation(PvTufUpdate *update, const PvRole *role, GQueue *parents,
				  GError **error)
{
	PvTufState *state = update->state;
	const PvFileMeta *meta = g_hash_table_lookup(state->snapshot->files, role->name);
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvMetadata) unverified = NULL;
	PvMetadata *metadata;

	if (!meta || g_hash_table_contains(state->delegations, role->name))
		return TRUE;
	metadata = pv_tuf_vouched(update, role->name, meta, role, &unverified, &failure);
	if (!metadata) {
		if (!is_unusable(failure)) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		g_ptr_array_add(state->unusable, g_strdup(failure->message));
		if (unverified)
			g_hash_table_insert(state->unverified, g_strdup(role->name),
					    g_steal_pointer(&unverified));
		return TRUE;
	}
	g_hash_table_insert(state->delegations, g_strdup(role->name), metadata);
	g_queue_push_tail(parents, metadata);
	return TRUE;
}

static gboolean update_targets(PvTufUpdate *update, GError **error)
{
	PvTufState *state = update->state;
	const PvFileMeta *meta = g_hash_table_lookup(state->snapshot->files, "targets");
	g_auto(GQueue) parents = G_QUEUE_INIT;

	state->targets =
		pv_tuf_vouched(update, "targets", meta, root_role(update, "targets"), NULL, error);
	if (!state->targets)
		return FALSE;
	g_queue_push_tail(&parents, state->targets);
	while (!g_queue_is_empty(&parents)) {
		const PvMetadata *parent = g_queue_pop_head(&parents);

		for (guint i = 0; i < parent->role_order->len; i++) {
			const PvRole *role =
				g_hash_table_lookup(parent->roles, parent->role_order->pdata[i]);

			if (!update_delegation(update, role, &parents, error))
				return FALSE;
		}
	}
	return TRUE;
}

static gboolean run_below_root(PvTufUpdate *update, GError **error)
{
	clear_below_root(update->state);
	return update_timestamp(update, error) && update_snapshot(update, error) &&
	       check_root(update, error) && update_targets(update, error);
}

/* The failures that a newer root can explain. */
static gboolean may_be_cured_by_root(const GError *error)
{
	return g_error_matches(error, PV_ERROR, PV_ERROR_SIGNATURE) ||
	       g_error_matches(error, PV_ERROR, PV_ERROR_MIX) ||
	       g_error_matches(error, PV_ERROR, PV_ERROR_EXPIRED);
}

/* "root.<sha256>" where a verified snapshot names a newer root, otherwise "root". */
static char *name_of_newest_root(const PvTufUpdate *update)
{
	const PvMetadata *snapshot = update->state->snapshot;
	const PvFileMeta *meta;
	g_autofree char *hex = NULL;

	if (!snapshot)
		return g_strdup("root");
	meta = g_hash_table_lookup(snapshot->files, "root");
	if (pv_file_meta_check(meta, update->state->root->file, "root", NULL))
		return g_strdup("root");
	hex = pv_digest_hex(&meta->sha256);
	return g_strconcat("root.", hex, NULL);
}

static gboolean run(PvTufUpdate *update, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *name = NULL;
	gboolean fresh = FALSE;

	if (!pv_tuf_load_root(update, &failure)) {
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!pv_tuf_renew_root(update, "root", error))
			return FALSE;
		fresh = TRUE;
	}
	if (run_below_root(update, &failure))
		return TRUE;
	if (fresh || update->policy->offline || !may_be_cured_by_root(failure)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	name = name_of_newest_root(update);
	if (!pv_tuf_renew_root(update, name, error))
		return FALSE;
	return run_below_root(update, error);
}

static gboolean store_one(const PvTufUpdate *update, const PvMetadata *metadata, GError **error)
{
	g_autoptr(GBytes) before = NULL;

	/* What was not read whole is there. */
	if (!metadata->file)
		return TRUE;
	before = update->cache->load(update->cache->cache, metadata->role);
	if (before && g_bytes_equal(before, metadata->file) && metadata->kind != PV_ROLE_TIMESTAMP)
		return TRUE;
	return update->cache->store(update->cache->cache, metadata->role, metadata->file, error);
}

static gboolean store_all(const PvTufUpdate *update, GError **error)
{
	const PvTufState *state = update->state;
	GHashTableIter iter;
	PvMetadata *delegation;

	if (!update->asked)
		return TRUE;
	if (!store_one(update, state->root, error) || !store_one(update, state->targets, error))
		return FALSE;
	g_hash_table_iter_init(&iter, state->delegations);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&delegation)) {
		if (!store_one(update, delegation, error))
			return FALSE;
	}
	return store_one(update, state->snapshot, error) &&
	       store_one(update, state->timestamp, error);
}

PvTufState *pv_tuf_update(const PvTufPolicy *policy, const PvTufRemote *remote,
			  const PvTufCache *cache, GError **error)
{
	g_autoptr(PvTufState) state = g_new0(PvTufState, 1);
	PvTufUpdate update = { .policy = policy, .remote = remote, .cache = cache, .state = state };
	gboolean done;

	state->delegations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						   (GDestroyNotify)pv_metadata_unref);
	state->unverified = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)pv_metadata_unref);
	state->unusable = g_ptr_array_new_with_free_func(g_free);
	pv_tuf_load_index(&update);
	done = run(&update, error) && store_all(&update, error);
	if (done)
		pv_tuf_keep_index(&update);
	g_clear_pointer(&update.index, g_hash_table_unref);
	if (!done) {
		pv_fail_wrap(error, "%s", policy->gun);
		return NULL;
	}
	state->from_cache = !update.asked;
	return g_steal_pointer(&state);
}

const PvMetadata *pv_tuf_metadata(const PvTufState *state, const char *name)
{
	if (strcmp(name, "targets") == 0)
		return state->targets;
	return g_hash_table_lookup(state->delegations, name);
}

const PvRole *pv_tuf_role(const PvTufState *state, const char *name)
{
	g_autofree char *parent = NULL;
	const PvMetadata *metadata;

	if (!strchr(name, '/'))
		return g_hash_table_lookup(state->root->roles, name);
	parent = g_path_get_dirname(name);
	metadata = pv_tuf_metadata(state, parent);
	return metadata ? g_hash_table_lookup(metadata->roles, name) : NULL;
}

gboolean pv_tuf_is_delegated(const PvTufState *state, const char *role, const char *name)
{
	g_autofree char *parent = NULL;

	while (strcmp(role, "targets") != 0) {
		const PvRole *keys = pv_tuf_role(state, role);
		char *above;

		if (!keys || !pv_role_covers(keys, name))
			return FALSE;
		above = g_path_get_dirname(role);
		g_free(parent);
		role = parent = above;
	}
	return TRUE;
}

const PvFileMeta *pv_tuf_find_target(const PvTufState *state, const char *name,
				     const char *const *roles, const char **ret_role)
{
	static const char *const docker[] = { "targets/releases", "targets", NULL };

	for (const char *const *role = roles ? roles : docker; *role; role++) {
		const PvMetadata *metadata = pv_tuf_metadata(state, *role);
		const PvFileMeta *meta =
			metadata ? g_hash_table_lookup(metadata->files, name) : NULL;

		if (meta && pv_tuf_is_delegated(state, *role, name)) {
			if (ret_role)
				*ret_role = metadata->role;
			return meta;
		}
	}
	return NULL;
}
