/* SPDX-License-Identifier: Apache-2.0 */

/* The owner's half of taking a repository over from another server (trust.md 10.1). */

#include "trust/adopt.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "trust/edit_private.h"
#include "trust/repository_private.h"

void pv_adopted_clear(PvAdopted *adopted)
{
	g_clear_pointer(&adopted->expired, g_ptr_array_unref);
}

static const PvRole *root_role(const PvMetadata *root, const char *name)
{
	return g_hash_table_lookup(root->roles, name);
}

static gboolean fail_not_owner(const PvRepository *repository, const PvMetadata *root,
			       GError **error)
{
	const PvRole *role = root_role(root, "root");

	return pv_fail(error, PV_ERROR_KEY,
		       "its root key %.64s is not in %s/private, and only who has it can name "
		       "another server's keys",
		       role->keys->len ? pv_public_key_canonical_id(role->keys->pdata[0])
				       : "(none)",
		       repository->options.directory);
}

/* Whose root key is here needs nobody to vouch for it. */
static gboolean accept_own_root(void *data, const PvMetadata *root, GError **error)
{
	const PvRepository *repository = data;

	return pv_repository_holds_key(repository, root_role(root, "root")) ||
	       fail_not_owner(repository, root, error);
}

/* (transfer full): what the server that is left has now, verified. */
static PvTufState *state_at_old(PvRepository *old, GError **error)
{
	PvTufPolicy policy = { .gun = old->options.gun,
			       .now = pv_time_now(),
			       .accept_first_root = accept_own_root,
			       .accept_data = old,
			       .accept_expired = TRUE };
	g_autoptr(PvTufState) state = NULL;
	PvTufRemote remote;
	PvTufCache cache;

	pv_remote_functions(old->remote, &remote);
	pv_trust_cache_functions(old->cache, &cache);
	state = pv_tuf_update(&policy, &remote, &cache, error);
	if (!state)
		return pv_fail_wrap(error, "%s", old->server), NULL;
	if (!pv_repository_holds_key(old, root_role(state->root, "root")))
		return fail_not_owner(old, state->root, error), NULL;
	return g_steal_pointer(&state);
}

/* (transfer full): a file as the new server has it, not verified. */
static GBytes *file_at_new(PvRepository *new, const char *name, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PvTufRemote remote;
	GBytes *file;

	pv_remote_functions(new->remote, &remote);
	file = remote.fetch(remote.remote, name, PV_METADATA_BYTES_MAX, &failure);
	if (!file && g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED))
		pv_fail(error, PV_ERROR_NOT_FOUND,
			"%s does not have it yet: first run `pavise adopt --data DIR` on its "
			"machine",
			new->server);
	else if (!file)
		g_propagate_error(error, g_steal_pointer(&failure));
	return file;
}

static gboolean names_key(const PvRole *role, const PvPublicKey *key)
{
	for (guint i = 0; role && i < role->keys->len; i++) {
		if (strcmp(pv_public_key_id(role->keys->pdata[i]), pv_public_key_id(key)) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Does the root at the new server name a timestamp key that this server holds? */
static gboolean is_adopted(PvRepository *new, const PvMetadata *root, gboolean *ret_adopted,
			   GError **error)
{
	g_autoptr(PvPublicKey) key = pv_remote_server_key(new->remote, "timestamp", FALSE, error);

	if (!key)
		return FALSE;
	*ret_adopted = names_key(root_role(root, "timestamp"), key);
	return TRUE;
}

/* What was brought to the new server must be what the old one has now. */
static gboolean check_same(PvRepository *new, const PvTufState *state, const PvMetadata *root,
			   GError **error)
{
	g_autoptr(GBytes) snapshot = NULL;
	g_autoptr(GBytes) known = NULL;
	PvTufCache cache;

	if (!g_bytes_equal(root->canonical, state->root->canonical)) {
		if (root->version < state->root->version)
			return pv_fail(
				error, PV_ERROR_CONFLICT,
				"%s has root version %" G_GINT64_FORMAT
				", and there is version %" G_GINT64_FORMAT
				" now: remove it there with `pavise repo delete --remote`, and "
				"bring it anew",
				new->server, root->version, state->root->version);
		return pv_fail(error, PV_ERROR_ROOT, "%s has another repository of that name",
			       new->server);
	}
	snapshot = file_at_new(new, "snapshot", error);
	if (!snapshot)
		return FALSE;
	pv_trust_cache_functions(new->cache, &cache);
	known = cache.load(cache.cache, "snapshot");
	if (!known || !g_bytes_equal(snapshot, known))
		return pv_fail(
			error, PV_ERROR_CONFLICT,
			"something was published since its files were brought to %s: remove it "
			"there with `pavise repo delete --remote`, and bring it anew",
			new->server);
	return TRUE;
}

static gboolean replace_key(PvRepository *new, PvEdit *edit, const char *role, GError **error)
{
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	PvPublicKey *key = pv_remote_server_key(new->remote, role, TRUE, error);

	if (!key)
		return FALSE;
	g_ptr_array_add(keys, key);
	if (pv_edit_keys(edit, role)->threshold > 1)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "role %s needs %u signatures; a server signs with one key", role,
			       pv_edit_keys(edit, role)->threshold);
	pv_edit_replace_keys(edit, role, keys);
	return TRUE;
}

static void note_expired(PvRepository *new, const PvEdit *edit, PvAdopted *adopted)
{
	g_autoptr(GPtrArray) names = pv_edit_role_names(edit);

	for (guint i = 0; i < names->len; i++) {
		const PvEditRole *role = pv_edit_role(edit, names->pdata[i]);
		const PvRole *keys = pv_edit_keys(edit, role->name);

		if (role->expired && !(keys && pv_repository_holds_key(new, keys)))
			g_ptr_array_add(adopted->expired, g_strdup(role->name));
	}
}

static gboolean publish_root(PvRepository *new, const PvTufState *state, PvPassphrases *passphrases,
			     PvAdopted *adopted, GError **error)
{
	g_autoptr(PvEdit) edit = pv_edit_new(state, pv_time_now());
	g_autoptr(PvTufState) after = NULL;
	g_auto(PvPublished) published = { 0 };

	note_expired(new, edit, adopted);
	if (!replace_key(new, edit, "timestamp", error) ||
	    (!adopted->snapshot_here && !replace_key(new, edit, "snapshot", error)) ||
	    !pv_repository_upload_edit(new, passphrases, edit, NULL, &published, error))
		return FALSE;
	/* Read as a client would: not said to be done before it can be seen. */
	new->publishing = TRUE;
	after = pv_repository_update(new, error);
	new->publishing = FALSE;
	if (!after)
		return pv_fail_wrap(error, "%s, read back", new->server);
	adopted->root_version = after->root->version;
	return TRUE;
}

static gboolean adopt_from(PvRepository *old, PvRepository *new, const PvMetadata *root,
			   PvPassphrases *passphrases, gboolean dry_run, PvAdopted *adopted,
			   GError **error)
{
	g_autoptr(PvTufState) state = state_at_old(old, error);

	if (!state || !check_same(new, state, root, error))
		return FALSE;
	adopted->snapshot_here = pv_repository_holds_key(new, root_role(state->root, "snapshot"));
	adopted->root_version = state->root->version + 1;
	return dry_run || publish_root(new, state, passphrases, adopted, error);
}

static gboolean adopt(PvRepository *old, PvRepository *new, PvPassphrases *passphrases,
		      gboolean dry_run, PvAdopted *adopted, GError **error)
{
	g_autoptr(GBytes) file = file_at_new(new, "root", error);
	g_autoptr(PvMetadata) root = file ? pv_metadata_parse("root", file, error) : NULL;
	g_autoptr(PvTufState) state = NULL;

	if (!root || !is_adopted(new, root, &adopted->already, error))
		return FALSE;
	if (!adopted->already)
		return adopt_from(old, new, root, passphrases, dry_run, adopted, error);
	new->publishing = TRUE;
	state = pv_repository_update(new, error);
	new->publishing = FALSE;
	if (!state)
		return pv_fail_wrap(error, "%s", new->server);
	adopted->root_version = state->root->version;
	adopted->snapshot_here = pv_repository_holds_key(new, root_role(state->root, "snapshot"));
	return TRUE;
}

gboolean pv_repository_adopt(PvRepository *old, PvRepository *new, PvPassphrases *passphrases,
			     gboolean dry_run, PvAdopted *ret_adopted, GError **error)
{
	g_auto(PvAdopted) adopted = { .expired = g_ptr_array_new_with_free_func(g_free) };
	int lock = pv_trust_lock(new->options.directory, new->options.gun, error);
	gboolean done;

	if (lock < 0)
		return FALSE;
	done = adopt(old, new, passphrases, dry_run, &adopted, error);
	close(lock);
	if (done) {
		*ret_adopted = adopted;
		adopted.expired = NULL;
	}
	return done;
}
