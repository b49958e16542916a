/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The first trust data of a repository, as `notary init` makes it: root, targets and perhaps
 * snapshot, version 1, kept in the trust directory until they are published. Root is written last:
 * only a repository that has it counts as initialised.
 */

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "trust/keys.h"
#include "trust/repository_private.h"
#include "trust/token_keys.h"

typedef struct {
	PvRepository *repository;
	PvPassphrases *passphrases;
	const PvInitialise *options;
	GPtrArray *roots;                 /* of PvPrivateKey */
	GPtrArray *certificates;          /* of PvPublicKey: the root keys, as root names them */
	PvPrivateKey *targets, *snapshot; /* snapshot: NULL if the server holds it */
	PvTime now;
} Making;

static PvPrivateKey *open_key(Making *making, const char *id, GError **error)
{
	const char *directory = making->repository->options.directory;
	g_autoptr(PvStoredKey) stored = pv_trust_key_find(directory, id, error);

	if (!stored) {
		if (error && !*error)
			pv_fail(error, PV_ERROR_KEY, "root key %.64s is not in %s/private", id,
				directory);
		return NULL;
	}
	return pv_passphrases_open(making->passphrases, stored, error);
}

/* (transfer none) (nullable) */
static const PvStoredKey *first_root(const GPtrArray *keys, gboolean on_token)
{
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *stored = keys->pdata[i];

		if (g_strcmp0(stored->file->role, "root") == 0 && (stored->uri != NULL) == on_token)
			return stored;
	}
	return NULL;
}

/* The root key of this trust directory: one on a token, the first in a file, or a new one. */
static PvPrivateKey *any_root_key(Making *making, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_trust_keys(making->repository->options.directory, error);
	const PvStoredKey *stored;

	if (!keys)
		return NULL;
	stored = first_root(keys, TRUE);
	if (!stored)
		stored = first_root(keys, FALSE);
	if (stored)
		return pv_passphrases_open(making->passphrases, stored, error);
	return pv_repository_new_key(making->repository, making->passphrases, "root", error);
}

static PvPrivateKey *imported_root_key(Making *making, GError **error)
{
	g_autoptr(GBytes) pem =
		pv_file_read(making->options->root_key_file, PV_KEY_IMPORT_BYTES_MAX, error);
	g_autoptr(GPtrArray) ids = NULL;

	if (!pem || !pv_trust_key_import(making->repository->options.directory, making->passphrases,
					 pem, "root", NULL, &ids, error))
		return NULL;
	if (ids->len != 1)
		return pv_fail_null(error, PV_ERROR_KEY, "%s: expected one root key, found %u",
				    making->options->root_key_file, ids->len);
	return open_key(making, ids->pdata[0], error);
}

static PvPublicKey *given_certificate(const Making *making, GError **error)
{
	const char *path = making->options->root_certificate_file;
	g_autoptr(PvPublicKey) key = pv_certificate_read_key(path, error);

	if (!key)
		return NULL;
	if (!g_str_has_suffix(pv_public_key_type(key), "-x509"))
		return pv_fail_null(error, PV_ERROR_ROOT, "%s: it holds no certificate", path);
	if (!pv_certificate_check(key, making->repository->options.gun, making->now, error)) {
		pv_fail_wrap(error, "%s", path);
		return NULL;
	}
	return g_steal_pointer(&key);
}

static gboolean add_root(Making *making, PvPrivateKey *root, PvPublicKey *certificate,
			 GError **error)
{
	if (!certificate)
		certificate = pv_certificate_new_root(root, making->repository->options.gun,
						      making->now, error);
	g_ptr_array_add(making->roots, root);
	if (!certificate)
		return FALSE;
	g_ptr_array_add(making->certificates, certificate);
	return strcmp(pv_public_key_canonical_id(certificate),
		      pv_public_key_id(pv_private_key_public(root))) == 0 ||
	       pv_fail(error, PV_ERROR_ROOT, "the root certificate is not for root key %.12s",
		       pv_public_key_id(pv_private_key_public(root)));
}

static gboolean add_token_root(Making *making, const char *uri, GHashTable *seen, GError **error)
{
	g_autofree char *id = pv_token_key_at(making->repository->options.directory,
					      making->passphrases, uri, NULL, "root", error);
	PvPrivateKey *root;

	if (!id)
		return FALSE;
	root = open_key(making, id, error);
	if (!root)
		return FALSE;
	g_ptr_array_add(making->roots, root);
	return g_hash_table_add(seen, g_steal_pointer(&id)) ||
	       pv_fail(error, PV_ERROR_USAGE, "%.200s names root key %.7s again", uri,
		       pv_public_key_id(pv_private_key_public(root)));
}

/* All are found before the first is asked to sign. */
static gboolean find_token_roots(Making *making, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (const char *const *uri = making->options->root_uris; *uri; uri++) {
		if (!add_token_root(making, *uri, seen, error))
			return FALSE;
	}
	if (making->roots->len < making->options->threshold)
		return pv_fail(error, PV_ERROR_USAGE,
			       "a threshold of %u needs as many root keys, not %u",
			       making->options->threshold, making->roots->len);
	for (guint i = 0; i < making->roots->len; i++) {
		PvPublicKey *certificate = pv_certificate_new_root(making->roots->pdata[i],
								   making->repository->options.gun,
								   making->now, error);

		if (!certificate)
			return FALSE;
		g_ptr_array_add(making->certificates, certificate);
	}
	return TRUE;
}

static gboolean find_root_key(Making *making, GError **error)
{
	const PvInitialise *options = making->options;
	g_autoptr(PvPublicKey) certificate = NULL;
	PvPrivateKey *root;

	if (options->root_uris && *options->root_uris)
		return find_token_roots(making, error);
	if (options->root_certificate_file) {
		certificate = given_certificate(making, error);
		if (!certificate)
			return FALSE;
	}
	if (options->root_key_file)
		root = imported_root_key(making, error);
	else if (options->root_key_id)
		root = open_key(making, options->root_key_id, error);
	else if (certificate)
		root = open_key(making, pv_public_key_canonical_id(certificate), error);
	else
		root = any_root_key(making, error);
	return root && add_root(making, root, g_steal_pointer(&certificate), error);
}

static PvRole *add_role(GHashTable *roles, const char *name, PvPublicKey *key)
{
	PvRole *role = pv_role_new(name, 1);

	g_ptr_array_add(role->keys, pv_public_key_ref(key));
	g_hash_table_insert(roles, role->name, role);
	return role;
}

static gboolean fill_roles(Making *making, GHashTable *roles, GError **error)
{
	PvRemote *remote = making->repository->remote;
	g_autoptr(PvPublicKey) timestamp = pv_remote_server_key(remote, "timestamp", FALSE, error);
	g_autoptr(PvPublicKey) snapshot = NULL;
	PvRole *root;

	if (!timestamp)
		return FALSE;
	if (making->options->server_snapshot)
		snapshot = pv_remote_server_key(remote, "snapshot", FALSE, error);
	else if (making->snapshot)
		snapshot = pv_public_key_ref(pv_private_key_public(making->snapshot));
	if (!snapshot)
		return FALSE;
	root = add_role(roles, "root", making->certificates->pdata[0]);
	root->threshold = MAX(making->options->threshold, 1);
	for (guint i = 1; i < making->certificates->len; i++)
		g_ptr_array_add(root->keys, pv_public_key_ref(making->certificates->pdata[i]));
	add_role(roles, "targets", pv_private_key_public(making->targets));
	add_role(roles, "timestamp", timestamp);
	add_role(roles, "snapshot", snapshot);
	return TRUE;
}

static const char *own_id(const PvPrivateKey *key)
{
	return pv_public_key_id(pv_private_key_public(key));
}

static GBytes *make_file(const Making *making, PvRoleKind kind, gint64 life_s, GHashTable *roles,
			 GHashTable *files, GError **error)
{
	PvMetadataDraft draft = { .kind = kind,
				  .version = 1,
				  .expires = pv_time_add_seconds(making->now, life_s),
				  .roles = roles,
				  .files = files };

	return pv_metadata_write_signed(&draft, error);
}

static gboolean sign_file(GPtrArray *signatures, GBytes *body, const char *key_id,
			  const PvPrivateKey *key, GError **error)
{
	PvSignature *signature = pv_metadata_sign(body, key_id, key, error);

	if (signature)
		g_ptr_array_add(signatures, signature);
	return signature != NULL;
}

static GBytes *make_signed(GBytes *body, const PvPrivateKey *key, GError **error)
{
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);

	if (!body || !sign_file(signatures, body, own_id(key), key, error))
		return NULL;
	return pv_metadata_write_file(body, signatures, error);
}

static GBytes *make_root(const Making *making, GHashTable *roles, GError **error)
{
	g_autoptr(GBytes) body =
		make_file(making, PV_ROLE_ROOT, PV_TRUST_ROOT_LIFE_S, roles, NULL, error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);

	for (guint i = 0; body && i < making->roots->len; i++) {
		if (!sign_file(signatures, body, pv_public_key_id(making->certificates->pdata[i]),
			       making->roots->pdata[i], error))
			return NULL;
	}
	return body ? pv_metadata_write_file(body, signatures, error) : NULL;
}

static gboolean store_snapshot(const Making *making, const PvTufCache *cache, GBytes *root,
			       GBytes *targets, GError **error)
{
	g_autoptr(GHashTable) listed = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
							     (GDestroyNotify)pv_file_meta_free);
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) file = NULL;

	if (!making->snapshot)
		return TRUE;
	g_hash_table_insert(listed, (void *)"root", pv_file_meta_new(root));
	g_hash_table_insert(listed, (void *)"targets", pv_file_meta_new(targets));
	body = make_file(making, PV_ROLE_SNAPSHOT, PV_TRUST_TARGETS_LIFE_S, NULL, listed, error);
	file = make_signed(body, making->snapshot, error);
	return file && cache->store(cache->cache, "snapshot", file, error);
}

static gboolean store_metadata(Making *making, GError **error)
{
	g_autoptr(GHashTable) roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	g_autoptr(GBytes) root = NULL;
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) targets = NULL;
	PvTufCache cache;

	if (!fill_roles(making, roles, error))
		return FALSE;
	root = make_root(making, roles, error);
	if (!root)
		return FALSE;
	body = make_file(making, PV_ROLE_TARGETS, PV_TRUST_TARGETS_LIFE_S, NULL, NULL, error);
	targets = make_signed(body, making->targets, error);
	pv_trust_cache_functions(making->repository->cache, &cache);
	return targets && cache.store(cache.cache, "targets", targets, error) &&
	       store_snapshot(making, &cache, root, targets, error) &&
	       cache.store(cache.cache, "root", root, error);
}

static gboolean make(Making *making, GError **error)
{
	if (!find_root_key(making, error))
		return FALSE;
	making->targets =
		pv_repository_new_key(making->repository, making->passphrases, "targets", error);
	if (!making->targets)
		return FALSE;
	if (!making->options->server_snapshot) {
		making->snapshot = pv_repository_new_key(making->repository, making->passphrases,
							 "snapshot", error);
		if (!making->snapshot)
			return FALSE;
	}
	return store_metadata(making, error);
}

gboolean pv_repository_initialise(PvRepository *repository, PvPassphrases *passphrases,
				  const PvInitialise *options, char **ret_root_key_id,
				  GError **error)
{
	static const PvInitialise none;
	Making making = { .repository = repository,
			  .passphrases = passphrases,
			  .options = options ? options : &none,
			  .now = pv_time_now() };
	PvTufCache cache;
	g_autoptr(GBytes) root = NULL;
	gboolean done;

	pv_trust_cache_functions(repository->cache, &cache);
	root = cache.load(cache.cache, "root");
	if (root)
		return pv_fail(error, PV_ERROR_EXISTS, "%s is initialised already",
			       repository->options.gun);
	making.roots = g_ptr_array_new_with_free_func((GDestroyNotify)pv_private_key_free);
	making.certificates = g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	done = make(&making, error);
	if (done && ret_root_key_id)
		*ret_root_key_id = g_strdup(own_id(making.roots->pdata[0]));
	g_ptr_array_unref(making.certificates);
	g_ptr_array_unref(making.roots);
	pv_private_key_free(making.targets);
	pv_private_key_free(making.snapshot);
	return done;
}
