/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New keys for root, targets, snapshot or timestamp (trust.md 3.4). The new key is made and kept
 * before anything is published, the former one is removed after: a death between leaves both.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "trust/edit_private.h"
#include "trust/keys.h"
#include "trust/repository_private.h"

typedef struct {
	PvRepository *repository;
	const char *role;
	GPtrArray *keys;   /* of PvPublicKey: the new ones */
	GPtrArray *former; /* of char*: canonical ids of those they replace */
} Rotating;

static gboolean check(const PvRotation *rotation, GError **error)
{
	gboolean is_root = strcmp(rotation->role, "root") == 0;
	gboolean is_targets = strcmp(rotation->role, "targets") == 0;
	gboolean is_timestamp = strcmp(rotation->role, "timestamp") == 0;

	if (!is_root && !is_targets && !is_timestamp && strcmp(rotation->role, "snapshot") != 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "the %.64s key cannot be rotated: expected root, targets, snapshot "
			       "or timestamp",
			       rotation->role);
	if (rotation->server && (is_root || is_targets))
		return pv_fail(error, PV_ERROR_USAGE, "the server cannot manage the %s key",
			       rotation->role);
	if (!rotation->server && is_timestamp)
		return pv_fail(error, PV_ERROR_USAGE,
			       "only the server can manage the timestamp key");
	if (rotation->server && rotation->keys && *rotation->keys)
		return pv_fail(error, PV_ERROR_USAGE,
			       "a key that the server manages cannot be chosen");
	return TRUE;
}

/* (transfer full): as the role lists it: a root key by a certificate. */
static PvPublicKey *listed_form(const PvRepository *repository, const char *role,
				const PvPrivateKey *key, GError **error)
{
	if (strcmp(role, "root") == 0)
		return pv_certificate_new_root(key, repository->options.gun, pv_time_now(), error);
	return pv_public_key_ref(pv_private_key_public(key));
}

static PvPrivateKey *chosen_key(const PvRepository *repository, PvPassphrases *passphrases,
				const char *id, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvStoredKey) stored =
		pv_trust_key_find(repository->options.directory, id, &failure);

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!stored)
		pv_fail(error, PV_ERROR_KEY, "key %.64s is not in %s/private", id,
			repository->options.directory);
	return stored ? pv_passphrases_open(passphrases, stored, error) : NULL;
}

static gboolean add_key(PvRepository *repository, const char *role, const PvPrivateKey *key,
			GPtrArray *keys, GError **error)
{
	PvPublicKey *listed = key ? listed_form(repository, role, key, error) : NULL;

	if (!listed)
		return FALSE;
	g_ptr_array_add(keys, listed);
	return TRUE;
}

static gboolean find_keys(PvRepository *repository, PvPassphrases *passphrases,
			  const PvRotation *rotation, GPtrArray *keys, GError **error)
{
	const char *const *id = rotation->keys;
	g_autoptr(PvPrivateKey) made = NULL;

	if (rotation->server) {
		PvPublicKey *key =
			pv_remote_server_key(repository->remote, rotation->role, TRUE, error);

		if (key)
			g_ptr_array_add(keys, key);
		return key != NULL;
	}
	for (; id && *id; id++) {
		g_autoptr(PvPrivateKey) key = chosen_key(repository, passphrases, *id, error);

		if (!add_key(repository, rotation->role, key, keys, error))
			return FALSE;
	}
	if (keys->len > 0)
		return TRUE;
	made = pv_repository_new_key(repository, passphrases, rotation->role, error);
	return add_key(repository, rotation->role, made, keys, error);
}

static gboolean is_among(const GPtrArray *keys, const char *canonical_id)
{
	for (guint i = 0; i < keys->len; i++) {
		if (strcmp(pv_public_key_canonical_id(keys->pdata[i]), canonical_id) == 0)
			return TRUE;
	}
	return FALSE;
}

static gboolean replace_keys(PvEdit *edit, void *data, GError **error)
{
	Rotating *rotating = data;
	const PvRole *former = pv_edit_keys(edit, rotating->role);

	if (rotating->keys->len < former->threshold)
		return pv_fail(
			error, PV_ERROR_USAGE,
			"role %s needs %u signatures, so it needs as many keys; %u were given",
			former->name, former->threshold, rotating->keys->len);
	g_ptr_array_set_size(rotating->former, 0);
	for (guint i = 0; i < former->keys->len; i++) {
		const char *id = pv_public_key_canonical_id(former->keys->pdata[i]);

		if (!is_among(rotating->keys, id))
			g_ptr_array_add(rotating->former, g_strdup(id));
	}
	pv_edit_replace_keys(edit, rotating->role, rotating->keys);
	return TRUE;
}

/* A targets or snapshot key is of one repository and of no use any more; root keys stay. */
static gboolean remove_former(const Rotating *rotating, GError **error)
{
	const PvRepositoryOptions *options = &rotating->repository->options;

	for (guint i = 0; strcmp(rotating->role, "root") != 0 && i < rotating->former->len; i++) {
		const char *id = rotating->former->pdata[i];
		g_autoptr(PvStoredKey) key = pv_trust_key_find(options->directory, id, NULL);

		if (key && !key->uri && g_strcmp0(key->file->gun, options->gun) == 0 &&
		    g_strcmp0(key->file->role, rotating->role) == 0 &&
		    !pv_trust_key_remove(options->directory, id, error))
			return FALSE;
	}
	return TRUE;
}

/* (transfer full): the root roles of the @count versions before the newest, as the server has them. */
static GPtrArray *older_roots(PvRepository *repository, guint count, GError **error)
{
	g_autoptr(GPtrArray) roles = g_ptr_array_new_with_free_func((GDestroyNotify)pv_role_free);
	g_autoptr(PvTufState) state = NULL;
	PvTufRemote remote;

	if (count == 0)
		return g_steal_pointer(&roles);
	repository->publishing = TRUE;
	state = pv_repository_update(repository, error);
	repository->publishing = FALSE;
	if (!state)
		return NULL;
	pv_remote_functions(repository->remote, &remote);
	for (gint64 version = state->root->version - 1; version > 0 && count > 0;
	     version--, count--) {
		g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".root", version);
		g_autoptr(GBytes) file =
			remote.fetch(remote.remote, name, PV_METADATA_BYTES_MAX, error);
		g_autoptr(PvMetadata) root = file ? pv_metadata_parse("root", file, error) : NULL;

		if (!root)
			return NULL;
		g_ptr_array_add(roles, pv_role_copy(g_hash_table_lookup(root->roles, "root")));
	}
	return g_steal_pointer(&roles);
}

/* Certificates of former root keys that stand in root: their keys sign too, where they are here. */
static void sign_with_known_former(PvRepository *repository, GPtrArray *legacy)
{
	PvTufCache cache;
	g_autoptr(GBytes) file = NULL;
	g_autoptr(PvMetadata) root = NULL;
	PvRole *role;

	pv_trust_cache_functions(repository->cache, &cache);
	file = cache.load(cache.cache, "root");
	root = file ? pv_metadata_parse("root", file, NULL) : NULL;
	if (!root || !root->other_keys || root->other_keys->len == 0)
		return;
	role = pv_role_new("root", 1);
	for (guint i = 0; i < root->other_keys->len; i++)
		g_ptr_array_add(role->keys, pv_public_key_ref(root->other_keys->pdata[i]));
	g_ptr_array_add(legacy, role);
}

gboolean pv_repository_rotate(PvRepository *repository, PvPassphrases *passphrases,
			      const PvRotation *rotation, PvPublished *ret_published,
			      GError **error)
{
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	g_autoptr(GPtrArray) former = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GPtrArray) legacy = NULL;
	Rotating rotating = { repository, rotation->role, keys, former };
	gboolean is_root = strcmp(rotation->role, "root") == 0;

	if (!check(rotation, error))
		return FALSE;
	legacy = older_roots(repository, is_root ? rotation->legacy : 0, error);
	if (!legacy || !find_keys(repository, passphrases, rotation, keys, error))
		return FALSE;
	if (is_root)
		sign_with_known_former(repository, legacy);
	return pv_repository_edit_root(repository, passphrases, replace_keys, &rotating, legacy,
				       ret_published, error) &&
	       remove_former(&rotating, error);
}
