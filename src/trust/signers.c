/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signers as `docker trust signer` has them (trust.md 3.4): a person is the delegation targets/NAME,
 * and what any of them signs is released through targets/releases, which has all their keys.
 */

#include <string.h>

#include "base/error.h"
#include "trust/edit_private.h"
#include "trust/repository_private.h"

#define RELEASES "targets/releases"

typedef struct {
	PvRepository *repository;
	char *role; /* targets/NAME */
	GPtrArray *keys;
	PvPublicKey *snapshot; /* (nullable): a key of the server's, to rotate to */
	gboolean force;
} Signer;

static gboolean delegate(PvEdit *edit, const char *role, const GPtrArray *keys, GError **error)
{
	g_autoptr(PvDelegationChange) content = pv_delegation_change_new();
	g_autoptr(PvChange) change = NULL;

	for (guint i = 0; i < keys->len; i++)
		g_ptr_array_add(content->add_keys, pv_public_key_ref(keys->pdata[i]));
	g_ptr_array_add(content->add_paths, g_strdup(""));
	change = pv_change_delegation(PV_CHANGE_CREATE, role, content);
	return pv_edit_apply(edit, change, error);
}

/* Who signs for others needs no snapshot key of theirs: the server gets one of its own. */
static gboolean give_snapshot_to_server(PvEdit *edit, Signer *signer, GError **error)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();

	if (!pv_repository_holds_key(signer->repository, pv_edit_keys(edit, "snapshot")))
		return TRUE;
	if (!signer->snapshot)
		signer->snapshot =
			pv_remote_server_key(signer->repository->remote, "snapshot", TRUE, error);
	if (!signer->snapshot)
		return FALSE;
	g_ptr_array_add(keys, signer->snapshot);
	pv_edit_replace_keys(edit, "snapshot", keys);
	return TRUE;
}

static gboolean add(PvEdit *edit, void *data, GError **error)
{
	Signer *signer = data;

	return give_snapshot_to_server(edit, signer, error) &&
	       delegate(edit, signer->role, signer->keys, error) &&
	       delegate(edit, RELEASES, signer->keys, error);
}

static char *role_of(const char *name, GError **error)
{
	g_autofree char *role = g_strconcat("targets/", name, NULL);
	PvRoleKind kind;

	if (strcmp(role, RELEASES) == 0 || strchr(name, '/') || !pv_role_kind(role, &kind, NULL))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "signer name \"%.64s\" must be of lower-case letters, digits, "
				    "\"-\" and \"_\", and not \"releases\"",
				    name);
	return g_steal_pointer(&role);
}

gboolean pv_repository_add_signer(PvRepository *repository, PvPassphrases *passphrases,
				  const char *name, GPtrArray *keys, PvPublished *ret_published,
				  GError **error)
{
	const PvInitialise docker = { .server_snapshot = TRUE };
	g_autofree char *role = role_of(name, error);
	Signer signer = { repository, role, keys, NULL, FALSE };
	gboolean done;

	if (!role)
		return FALSE;
	done = pv_repository_edit(repository, passphrases, &docker, add, &signer, ret_published,
				  error);
	pv_public_key_unref(signer.snapshot);
	return done;
}

/* --- removing ------------------------------------------------------------------------------ */

static gboolean has_key(const PvRole *role, const PvPublicKey *key)
{
	for (guint i = 0; i < role->keys->len; i++) {
		if (strcmp(pv_public_key_canonical_id(role->keys->pdata[i]),
			   pv_public_key_canonical_id(key)) == 0)
			return TRUE;
	}
	return FALSE;
}

/* How many keys of releases stay when those of @leaving go. */
static guint keys_left(const PvRole *releases, const PvRole *leaving)
{
	guint left = 0;

	for (guint i = 0; i < releases->keys->len; i++)
		left += has_key(leaving, releases->keys->pdata[i]) ? 0 : 1;
	return left;
}

static gboolean take_out_of_releases(PvEdit *edit, const PvRole *leaving, GError **error)
{
	g_autoptr(PvDelegationChange) content = pv_delegation_change_new();
	g_autoptr(PvChange) change = NULL;

	for (guint i = 0; i < leaving->keys->len; i++)
		g_ptr_array_add(content->remove_keys,
				g_strdup(pv_public_key_canonical_id(leaving->keys->pdata[i])));
	change = pv_change_delegation(PV_CHANGE_UPDATE, RELEASES, content);
	return pv_edit_apply(edit, change, error);
}

/* What those who stay can sign stays valid: they sign it anew, if a key of theirs is here. */
static void sign_releases_anew(PvEdit *edit, const Signer *signer)
{
	PvEditRole *releases = pv_edit_role_mutable(edit, RELEASES);
	const PvRole *keys = pv_edit_keys(edit, RELEASES);

	if (releases && keys && pv_repository_holds_key(signer->repository, keys))
		releases->dirty = TRUE;
}

static gboolean remove_signer(PvEdit *edit, void *data, GError **error)
{
	Signer *signer = data;
	const PvRole *leaving = pv_edit_keys(edit, signer->role);
	const PvRole *releases = pv_edit_keys(edit, RELEASES);
	g_autoptr(PvChange) removal = pv_change_remove_delegation(signer->role);

	if (!leaving)
		return pv_fail(error, PV_ERROR_ROLE, "no signer %s",
			       signer->role + strlen("targets/"));
	if (releases && keys_left(releases, leaving) < releases->threshold && !signer->force)
		return pv_fail(
			error, PV_ERROR_REFUSED,
			"without %s, " RELEASES " has fewer keys than the %u it needs, and "
			"what is released could not be verified; --force does it all the same",
			signer->role + strlen("targets/"), releases->threshold);
	if (releases && !take_out_of_releases(edit, leaving, error))
		return FALSE;
	sign_releases_anew(edit, signer);
	return pv_edit_apply(edit, removal, error);
}

gboolean pv_repository_remove_signer(PvRepository *repository, PvPassphrases *passphrases,
				     const char *name, gboolean force, PvPublished *ret_published,
				     GError **error)
{
	g_autofree char *role = role_of(name, error);
	Signer signer = { .repository = repository, .role = role, .force = force };

	return role && pv_repository_edit(repository, passphrases, NULL, remove_signer, &signer,
					  ret_published, error);
}
