/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Trust in a root, and its renewal (TUF specification 5.3; Notary's way: trust.md 3.2): a newer root
 * that the remembered one's keys signed is taken at once, otherwise each version between is fetched
 * and must be signed by the one before it.
 */

#include "tuf/client.h"

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "tuf/client_private.h"

/* The root role reduced to the keys whose certificates are good for @gun now. */
static PvRole *role_of_good_certificates(const PvRole *role, const char *gun, PvTime now,
					 GError **error)
{
	g_autoptr(PvRole) good = pv_role_new(role->name, role->threshold);
	g_autoptr(GError) first = NULL;

	for (guint i = 0; i < role->keys->len; i++) {
		PvPublicKey *key = role->keys->pdata[i];

		if (pv_certificate_check(key, gun, now, first ? NULL : &first))
			g_ptr_array_add(good->keys, pv_public_key_ref(key));
	}
	if (good->keys->len > 0)
		return g_steal_pointer(&good);
	if (first)
		g_propagate_error(error, g_steal_pointer(&first));
	else
		pv_fail(error, PV_ERROR_ROOT, "root lists no key for itself");
	return NULL;
}

gboolean pv_tuf_verify_root(const PvMetadata *old, const PvMetadata *new, const char *gun,
			    PvTime now, GError **error)
{
	const PvRole *own = g_hash_table_lookup(new->roles, "root");
	g_autoptr(PvRole) good = NULL;

	if (old) {
		const PvRole *former = g_hash_table_lookup(old->roles, "root");

		if (!pv_metadata_verify(new, former, NULL))
			return pv_fail(error, PV_ERROR_ROOT,
				       "root version %" G_GINT64_FORMAT
				       " is not signed by the keys of the trusted root "
				       "version %" G_GINT64_FORMAT,
				       new->version, old->version);
	}
	good = role_of_good_certificates(own, gun, now, error);
	if (!good)
		return FALSE;
	return pv_metadata_verify(new, good, error);
}

static PvMetadata *fetched_root(PvTufUpdate *update, const char *name, GError **error)
{
	g_autoptr(GBytes) file = pv_tuf_fetch(update, name, PV_METADATA_BYTES_MAX, error);

	return file ? pv_metadata_parse("root", file, error) : NULL;
}

/* Follows N+1, N+2 … up to @newest, each signed by the one before. */
static gboolean follow_chain(PvTufUpdate *update, PvMetadata *newest, GError **error)
{
	g_autoptr(PvMetadata) last = pv_metadata_ref(update->state->root);

	if (newest->version - last->version > PV_ROOT_ROTATIONS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "root went from version %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
			       "; at most %d steps are followed",
			       last->version, newest->version, PV_ROOT_ROTATIONS_MAX);
	while (last->version + 1 < newest->version) {
		g_autofree char *name =
			g_strdup_printf("%" G_GINT64_FORMAT ".root", last->version + 1);
		g_autoptr(PvMetadata) next = fetched_root(update, name, error);

		if (!next)
			return FALSE;
		if (next->version != last->version + 1)
			return pv_fail(error, PV_ERROR_ROOT,
				       "%s.json holds version %" G_GINT64_FORMAT, name,
				       next->version);
		/* Its certificates may have run out since: only the newest must be good now. */
		if (!pv_metadata_verify(next, g_hash_table_lookup(last->roles, "root"), NULL) ||
		    !pv_metadata_verify(next, g_hash_table_lookup(next->roles, "root"), NULL))
			return pv_fail(error, PV_ERROR_ROOT,
				       "root version %" G_GINT64_FORMAT
				       " is not signed by the keys of version %" G_GINT64_FORMAT
				       " and its own",
				       next->version, last->version);
		pv_metadata_unref(last);
		last = g_steal_pointer(&next);
	}
	return pv_tuf_verify_root(last, newest, update->policy->gun, update->policy->now, error);
}

static gboolean accept_newer(PvTufUpdate *update, PvMetadata *newest, GError **error)
{
	const PvMetadata *known = update->state->root;

	if (newest->version < known->version)
		return pv_fail(error, PV_ERROR_ROLLBACK,
			       "root is version %" G_GINT64_FORMAT ", version %" G_GINT64_FORMAT
			       " was accepted before",
			       newest->version, known->version);
	if (newest->version == known->version) {
		if (!g_bytes_equal(newest->canonical, known->canonical))
			return pv_fail(error, PV_ERROR_ROOT,
				       "root version %" G_GINT64_FORMAT
				       " is another than the one accepted before",
				       known->version);
		return TRUE;
	}
	if (pv_metadata_verify(newest, g_hash_table_lookup(known->roles, "root"), NULL))
		return pv_tuf_verify_root(known, newest, update->policy->gun, update->policy->now,
					  error);
	return follow_chain(update, newest, error);
}

gboolean pv_tuf_load_root(PvTufUpdate *update, GError **error)
{
	g_autoptr(GBytes) file = update->cache->load(update->cache->cache, "root");
	g_autoptr(PvMetadata) root = NULL;

	if (!file)
		return FALSE;
	root = pv_tuf_read_remembered(update, "root", file, error);
	/* What is remembered was accepted once: its certificates may have run out meanwhile. */
	if (!root || !pv_tuf_verify_or_prove(root, g_hash_table_lookup(root->roles, "root"), error))
		return pv_fail_wrap(error, "the remembered root");
	update->state->root = g_steal_pointer(&root);
	return TRUE;
}

gboolean pv_tuf_renew_root(PvTufUpdate *update, const char *name, GError **error)
{
	const PvTufPolicy *policy = update->policy;
	g_autoptr(PvMetadata) root = fetched_root(update, name, error);

	if (!root)
		return FALSE;
	if (update->state->root) {
		if (!accept_newer(update, root, error))
			return FALSE;
	} else if (!pv_tuf_verify_root(NULL, root, policy->gun, policy->now, error) ||
		   !policy->accept_first_root(policy->accept_data, root, error)) {
		return FALSE;
	}
	pv_metadata_prove(root, g_hash_table_lookup(root->roles, "root"), NULL); /* for the index */
	g_clear_pointer(&update->state->root, pv_metadata_unref);
	update->state->root = g_steal_pointer(&root);
	update->root_changed = TRUE;
	return TRUE;
}
