/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The top-level roles, one after the other (specification 5.3 to 5.6): each is fetched, held against
 * the one above it and against what was trusted before, and remembered before the next is asked for.
 */

#include "base/error.h"
#include "base/limits.h"
#include "tuf/tuf1_client_private.h"

/* --- root (5.3) ----------------------------------------------------------------------------- */

/*
 * A key of timestamp or snapshot that was rotated out may have signed versions without end: what it
 * signed is forgotten, before the new root is remembered, so that a crash between cannot keep it.
 */
static gboolean forget_rotated(const PvTuf1Client *client, const PvTuf1Metadata *new,
			       GError **error)
{
	const PvTuf1Metadata *old = client->root;

	if (pv_tuf1_keys_kept(old->roles[PV_TUF1_TIMESTAMP], new->roles[PV_TUF1_TIMESTAMP]) &&
	    pv_tuf1_keys_kept(old->roles[PV_TUF1_SNAPSHOT], new->roles[PV_TUF1_SNAPSHOT]))
		return TRUE;
	return pv_tuf1_store_forget(client, "timestamp", error) &&
	       pv_tuf1_store_forget(client, "snapshot", error);
}

static gboolean take_root(PvTuf1Client *client, PvTuf1Metadata *new, GError **error)
{
	gint64 expected = client->root->version + 1;

	if (!pv_tuf1_verify(new, client->root->roles[PV_TUF1_ROOT], error))
		return pv_fail_wrap(error, "by the trusted root");
	if (!pv_tuf1_verify(new, new->roles[PV_TUF1_ROOT], error))
		return pv_fail_wrap(error, "by its own keys");
	if (new->version != expected)
		return pv_fail(error, PV_ERROR_ROLLBACK,
			       "root has version %" G_GINT64_FORMAT
			       ", asked for was version %" G_GINT64_FORMAT,
			       new->version, expected);
	if (!forget_rotated(client, new, error) || !pv_tuf1_store_save(client, new, error))
		return FALSE;
	pv_tuf1_unref(client->root);
	client->root = pv_tuf1_ref(new);
	return TRUE;
}

static gboolean update_root(PvTuf1Client *client, GError **error)
{
	for (guint i = 0; i < PV_ROOT_ROTATIONS_MAX; i++) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(PvTuf1Metadata) new =
			pv_tuf1_client_fetch(client, PV_TUF1_ROOT, "root",
					     client->root->version + 1, PV_TUF1_ROOT_BYTES_MAX,
					     &failure);

		if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
			break;
		if (!new) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return FALSE;
		}
		if (!take_root(client, new, error))
			return FALSE;
	}
	return pv_tuf1_check_expiry(client->root, client->now, error);
}

/* --- timestamp (5.4) ------------------------------------------------------------------------ */

/* What the directory has of a role if the root's keys signed it, expired or not. */
static PvTuf1Metadata *trusted_before(const PvTuf1Client *client, PvTuf1Type type)
{
	g_autoptr(PvTuf1Metadata) local =
		pv_tuf1_store_load(client, type, pv_tuf1_type_names[type]);

	if (!local || !pv_tuf1_verify(local, client->root->roles[type], NULL))
		return NULL;
	return g_steal_pointer(&local);
}

static const PvTuf1Meta *snapshot_in(const PvTuf1Metadata *timestamp)
{
	return g_hash_table_lookup(timestamp->meta, "snapshot.json");
}

static gboolean check_rollback(const char *what, gint64 new, gint64 old, GError **error)
{
	return new >= old || pv_fail(error, PV_ERROR_ROLLBACK,
				     "%.64s has version %" G_GINT64_FORMAT
				     ", trusted before was version %" G_GINT64_FORMAT,
				     what, new, old);
}

static gboolean update_timestamp(PvTuf1Client *client, GError **error)
{
	g_autoptr(PvTuf1Metadata) old = trusted_before(client, PV_TUF1_TIMESTAMP);
	g_autoptr(PvTuf1Metadata) new = pv_tuf1_client_fetch(client, PV_TUF1_TIMESTAMP, "timestamp",
							     0, PV_TIMESTAMP_BYTES_MAX, error);

	if (!new || !pv_tuf1_verify(new, client->root->roles[PV_TUF1_TIMESTAMP], error) ||
	    (old && !check_rollback("timestamp", new->version, old->version, error)))
		return FALSE;
	if (old && new->version == old->version) { /* the one that was there is kept */
		if (!pv_tuf1_check_expiry(old, client->now, error))
			return FALSE;
		client->timestamp = g_steal_pointer(&old);
		return TRUE;
	}
	if ((old && !check_rollback("the snapshot in timestamp", snapshot_in(new)->version,
				    snapshot_in(old)->version, error)) ||
	    !pv_tuf1_check_expiry(new, client->now, error) ||
	    !pv_tuf1_store_save(client, new, error))
		return FALSE;
	client->timestamp = g_steal_pointer(&new);
	return TRUE;
}

/* --- snapshot (5.5) ------------------------------------------------------------------------- */

/* No targets file may go back or go away. */
static gboolean check_files(const PvTuf1Metadata *new, const PvTuf1Metadata *old, GError **error)
{
	GHashTableIter iter;
	void *name, *before;

	g_hash_table_iter_init(&iter, old->meta);
	while (g_hash_table_iter_next(&iter, &name, &before)) {
		const PvTuf1Meta *now = g_hash_table_lookup(new->meta, name);

		if (!now)
			return pv_fail(error, PV_ERROR_ROLLBACK,
				       "%.64s is not in the snapshot any more", (char *)name);
		if (!check_rollback(name, now->version, ((PvTuf1Meta *)before)->version, error))
			return pv_fail_wrap(error, "snapshot");
	}
	return TRUE;
}

static gboolean update_snapshot(PvTuf1Client *client, GError **error)
{
	const PvTuf1Role *signer = client->root->roles[PV_TUF1_SNAPSHOT];
	const PvTuf1Meta *meta = snapshot_in(client->timestamp);
	g_autoptr(PvTuf1Metadata) old = trusted_before(client, PV_TUF1_SNAPSHOT);
	g_autoptr(PvTuf1Metadata) new = NULL;

	if (old && pv_tuf1_client_is_current(client, old, meta, signer)) {
		client->snapshot = g_steal_pointer(&old);
		return TRUE;
	}
	new = pv_tuf1_client_fetch_vouched(client, PV_TUF1_SNAPSHOT, "snapshot", meta, signer,
					   error);
	if (!new || (old && (!check_rollback("snapshot", new->version, old->version, error) ||
			     !check_files(new, old, error))))
		return FALSE;
	if (!pv_tuf1_store_save(client, new, error))
		return FALSE;
	client->snapshot = g_steal_pointer(&new);
	return TRUE;
}

/* --- all ------------------------------------------------------------------------------------ */

gboolean pv_tuf1_client_refresh(PvTuf1Client *client, GError **error)
{
	g_autoptr(PvTuf1Metadata) targets = NULL;

	g_clear_pointer(&client->timestamp, pv_tuf1_unref);
	g_clear_pointer(&client->snapshot, pv_tuf1_unref);
	g_hash_table_remove_all(client->targets);
	g_hash_table_remove_all(client->fetched);
	if (!update_root(client, error) || !update_timestamp(client, error) ||
	    !update_snapshot(client, error))
		return FALSE;
	targets = pv_tuf1_client_load_targets(client, "targets",
					      client->root->roles[PV_TUF1_TARGETS], error);
	return targets != NULL;
}
