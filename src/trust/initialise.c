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

typedef struct {
	PvRepository *repository;
	PvPassphrases *passphrases;
	const PvInitialise *options;
	PvPublicKey *certificate;                /* the root key, as root names it */
	PvPrivateKey *root, *targets, *snapshot; /* snapshot: NULL if the server holds it */
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

/* The root key of this trust directory: the first there is, or a new one. */
static PvPrivateKey *any_root_key(Making *making, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_trust_keys(making->repository->options.directory, error);

	if (!keys)
		return NULL;
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *stored = keys->pdata[i];

		if (g_strcmp0(stored->file->role, "root") == 0)
			return pv_passphrases_open(making->passphrases, stored, error);
	}
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

static gboolean find_root_key(Making *making, GError **error)
{
	const PvInitialise *options = making->options;

	if (options->root_certificate_file) {
		making->certificate = given_certificate(making, error);
		if (!making->certificate)
			return FALSE;
	}
	if (options->root_key_file)
		making->root = imported_root_key(making, error);
	else if (options->root_key_id)
		making->root = open_key(making, options->root_key_id, error);
	else if (making->certificate)
		making->root =
			open_key(making, pv_public_key_canonical_id(making->certificate), error);
	else
		making->root = any_root_key(making, error);
	if (!making->root)
		return FALSE;
	if (!making->certificate)
		making->certificate =
			pv_certificate_new_root(making->root, making->repository->options.gun,
						making->now, error);
	if (!making->certificate)
		return FALSE;
	if (strcmp(pv_public_key_canonical_id(making->certificate),
		   pv_public_key_id(pv_private_key_public(making->root))) != 0)
		return pv_fail(error, PV_ERROR_ROOT,
			       "the root certificate is not for root key %.12s",
			       pv_public_key_id(pv_private_key_public(making->root)));
	return TRUE;
}

static void add_role(GHashTable *roles, const char *name, PvPublicKey *key)
{
	PvRole *role = pv_role_new(name, 1);

	g_ptr_array_add(role->keys, pv_public_key_ref(key));
	g_hash_table_insert(roles, role->name, role);
}

static gboolean fill_roles(Making *making, GHashTable *roles, GError **error)
{
	PvRemote *remote = making->repository->remote;
	g_autoptr(PvPublicKey) timestamp = pv_remote_server_key(remote, "timestamp", FALSE, error);
	g_autoptr(PvPublicKey) snapshot = NULL;

	if (!timestamp)
		return FALSE;
	if (making->options->server_snapshot)
		snapshot = pv_remote_server_key(remote, "snapshot", FALSE, error);
	else if (making->snapshot)
		snapshot = pv_public_key_ref(pv_private_key_public(making->snapshot));
	if (!snapshot)
		return FALSE;
	add_role(roles, "root", making->certificate);
	add_role(roles, "targets", pv_private_key_public(making->targets));
	add_role(roles, "timestamp", timestamp);
	add_role(roles, "snapshot", snapshot);
	return TRUE;
}

static GBytes *make_file(const Making *making, PvRoleKind kind, gint64 life_s, GHashTable *roles,
			 GHashTable *files, const char *key_id, const PvPrivateKey *key,
			 GError **error)
{
	PvMetadataDraft draft = { .kind = kind,
				  .version = 1,
				  .expires = pv_time_add_seconds(making->now, life_s),
				  .roles = roles,
				  .files = files };
	g_autoptr(GBytes) body = pv_metadata_write_signed(&draft, error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	PvSignature *signature;

	signature = body ? pv_metadata_sign(body, key_id, key, error) : NULL;
	if (!signature)
		return NULL;
	g_ptr_array_add(signatures, signature);
	return pv_metadata_write_file(body, signatures, error);
}

static const char *own_id(const PvPrivateKey *key)
{
	return pv_public_key_id(pv_private_key_public(key));
}

static gboolean store_snapshot(const Making *making, const PvTufCache *cache, GBytes *root,
			       GBytes *targets, GError **error)
{
	g_autoptr(GHashTable) listed = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
							     (GDestroyNotify)pv_file_meta_free);
	g_autoptr(GBytes) file = NULL;

	if (!making->snapshot)
		return TRUE;
	g_hash_table_insert(listed, (void *)"root", pv_file_meta_new(root));
	g_hash_table_insert(listed, (void *)"targets", pv_file_meta_new(targets));
	file = make_file(making, PV_ROLE_SNAPSHOT, PV_TRUST_TARGETS_LIFE_S, NULL, listed,
			 own_id(making->snapshot), making->snapshot, error);
	return file && cache->store(cache->cache, "snapshot", file, error);
}

static gboolean store_metadata(Making *making, GError **error)
{
	g_autoptr(GHashTable) roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	g_autoptr(GBytes) root = NULL;
	g_autoptr(GBytes) targets = NULL;
	PvTufCache cache;

	if (!fill_roles(making, roles, error))
		return FALSE;
	root = make_file(making, PV_ROLE_ROOT, PV_TRUST_ROOT_LIFE_S, roles, NULL,
			 pv_public_key_id(making->certificate), making->root, error);
	if (!root)
		return FALSE;
	targets = make_file(making, PV_ROLE_TARGETS, PV_TRUST_TARGETS_LIFE_S, NULL, NULL,
			    own_id(making->targets), making->targets, error);
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
	done = make(&making, error);
	if (done && ret_root_key_id)
		*ret_root_key_id = g_strdup(own_id(making.root));
	pv_public_key_unref(making.certificate);
	pv_private_key_free(making.root);
	pv_private_key_free(making.targets);
	pv_private_key_free(making.snapshot);
	return done;
}
