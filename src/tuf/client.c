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

/*
 * The remembered metadata of a role if it is still signed by the role's keys: only then does it
 * count against rollback (after a rotation of a stolen key an attacker's high versions do not).
 */
static PvMetadata *remembered(const PvTufUpdate *update, const char *role, const PvRole *keys)
{
	g_autoptr(GBytes) file = update->cache->load(update->cache->cache, role);
	g_autoptr(PvMetadata) metadata = NULL;

	if (!file)
		return NULL;
	metadata = pv_metadata_parse(role, file, NULL);
	if (!metadata || !pv_metadata_verify(metadata, keys, NULL))
		return NULL;
	return g_steal_pointer(&metadata);
}

static gboolean check_rollback(const PvMetadata *found, const PvMetadata *before, GError **error)
{
	if (!before || found->version >= before->version)
		return TRUE;
	return pv_fail(error, PV_ERROR_ROLLBACK,
		       "%s is version %" G_GINT64_FORMAT ", version %" G_GINT64_FORMAT
		       " was accepted before",
		       found->role, found->version, before->version);
}

static gboolean check_expiry(const PvTufUpdate *update, const PvMetadata *metadata, GError **error)
{
	return update->policy->accept_expired ||
	       pv_metadata_check_expiry(metadata, update->policy->now, error);
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
	g_autoptr(PvMetadata) before = remembered(update, "timestamp", role);
	g_autoptr(PvMetadata) timestamp = NULL;
	g_autoptr(GBytes) file = NULL;

	if (before && may_use_remembered_timestamp(update)) {
		timestamp = pv_metadata_ref(before);
	} else {
		file = pv_tuf_fetch(update, "timestamp", PV_TIMESTAMP_BYTES_MAX, error);
		if (!file)
			return FALSE;
		timestamp = pv_metadata_parse("timestamp", file, error);
	}
	if (!timestamp || !pv_metadata_verify(timestamp, role, error) ||
	    !pv_metadata_check_expiry(timestamp, update->policy->now, error) ||
	    !check_rollback(timestamp, before, error))
		return FALSE;
	update->state->timestamp = g_steal_pointer(&timestamp);
	return TRUE;
}

/* The file that @meta vouches for: the remembered one if it is that, else fetched by its hash. */
static GBytes *vouched_file(PvTufUpdate *update, const char *role, const PvFileMeta *meta,
			    GError **error)
{
	g_autoptr(GBytes) file = update->cache->load(update->cache->cache, role);
	g_autofree char *hex = NULL;
	g_autofree char *name = NULL;

	if (file && pv_file_meta_check(meta, file, role, NULL))
		return g_steal_pointer(&file);
	g_clear_pointer(&file, g_bytes_unref);
	if (meta->length > PV_METADATA_BYTES_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s.json has %" G_GUINT64_FORMAT
				    " bytes, at most %" G_GSIZE_FORMAT " count",
				    role, meta->length, (gsize)PV_METADATA_BYTES_MAX);
	if (meta->sha256.size == 0)
		return pv_fail_null(error, PV_ERROR_MIX, "no sha256 is signed for %s", role);
	hex = pv_digest_hex(&meta->sha256);
	name = g_strdup_printf("%s.%s", role, hex);
	file = pv_tuf_fetch(update, name, (gsize)meta->length, error);
	if (!file || !pv_file_meta_check(meta, file, role, error))
		return NULL;
	return g_steal_pointer(&file);
}

/*
 * Parses and checks the file of one role below the timestamp. @ret_unverified (optional) is written
 * also on failure: what was parsed, whatever its signatures are worth.
 */
static PvMetadata *vouched_metadata(PvTufUpdate *update, const char *name, const PvFileMeta *meta,
				    const PvRole *role, PvMetadata **ret_unverified, GError **error)
{
	g_autoptr(PvMetadata) before = remembered(update, name, role);
	g_autoptr(PvMetadata) metadata = NULL;
	g_autoptr(GBytes) file = NULL;

	if (before && pv_file_meta_check(meta, before->file, name, NULL)) {
		metadata = pv_metadata_ref(before);
	} else {
		file = vouched_file(update, name, meta, error);
		if (!file)
			return NULL;
		metadata = pv_metadata_parse(name, file, error);
	}
	if (metadata && ret_unverified)
		*ret_unverified = pv_metadata_ref(metadata);
	if (!metadata || !pv_metadata_verify(metadata, role, error) ||
	    !check_expiry(update, metadata, error) || !check_rollback(metadata, before, error))
		return NULL;
	return g_steal_pointer(&metadata);
}

static gboolean update_snapshot(PvTufUpdate *update, GError **error)
{
	const PvFileMeta *meta = g_hash_table_lookup(update->state->timestamp->files, "snapshot");

	update->state->snapshot = vouched_metadata(update, "snapshot", meta,
						   root_role(update, "snapshot"), NULL, error);
	return update->state->snapshot != NULL;
}

/* The snapshot names the root's hash: another one means that a newer root is there. */
static gboolean check_root(PvTufUpdate *update, GError **error)
{
	const PvFileMeta *meta = g_hash_table_lookup(update->state->snapshot->files, "root");

	return pv_file_meta_check(meta, update->state->root->file, "root", error) &&
	       check_expiry(update, update->state->root, error);
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
	metadata = vouched_metadata(update, role->name, meta, role, &unverified, &failure);
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

	state->targets = vouched_metadata(update, "targets", meta, root_role(update, "targets"),
					  NULL, error);
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
	g_autoptr(GBytes) before = update->cache->load(update->cache->cache, metadata->role);

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
	PvTufUpdate update = { policy, remote, cache, state, FALSE, FALSE };

	state->delegations = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						   (GDestroyNotify)pv_metadata_unref);
	state->unverified = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						  (GDestroyNotify)pv_metadata_unref);
	state->unusable = g_ptr_array_new_with_free_func(g_free);
	if (!run(&update, error) || !store_all(&update, error)) {
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

/* TRUE if each delegation from targets down to @role_name covers @name. */
static gboolean is_delegated(const PvTufState *state, const char *role_name, const char *name)
{
	g_autofree char *child = g_strdup(role_name);

	while (strcmp(child, "targets") != 0) {
		const PvRole *role = pv_tuf_role(state, child);
		char *parent;

		if (!role || !pv_role_covers(role, name))
			return FALSE;
		parent = g_path_get_dirname(child);
		g_free(child);
		child = parent;
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

		if (meta && is_delegated(state, *role, name)) {
			if (ret_role)
				*ret_role = metadata->role;
			return meta;
		}
	}
	return NULL;
}
