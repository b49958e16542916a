/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The first trust data of a repository, as `docker trust sign` makes it: root key (kept for all
 * repositories) and targets key here, snapshot and timestamp keys with the server.
 */

#include <string.h>

#include "base/error.h"
#include "crypto/certificate.h"
#include "trust/repository_private.h"

/* The root key of this trust directory: the first there is, or a new one. */
static PvPrivateKey *root_key(PvRepository *repository, PvPassphrases *passphrases, GError **error)
{
	const char *directory = repository->options.directory;
	g_autoptr(GPtrArray) keys = pv_trust_keys(directory, error);
	g_autoptr(PvPrivateKey) key = NULL;
	const PvSecret *passphrase;

	if (!keys)
		return NULL;
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *stored = keys->pdata[i];

		if (g_strcmp0(stored->file->role, "root") == 0)
			return pv_passphrases_open(passphrases, stored, error);
	}
	passphrase = pv_passphrases_new(passphrases, "root", error);
	if (!passphrase)
		return NULL;
	key = pv_private_key_generate(PV_KEY_ECDSA, error);
	if (!key || !pv_trust_key_add(directory, key, NULL, "root", passphrase, error))
		return NULL;
	return g_steal_pointer(&key);
}

static PvPrivateKey *targets_key(PvRepository *repository, PvPassphrases *passphrases,
				 GError **error)
{
	const PvSecret *passphrase = pv_passphrases_new(passphrases, "targets", error);
	g_autoptr(PvPrivateKey) key = NULL;

	if (!passphrase)
		return NULL;
	key = pv_private_key_generate(PV_KEY_ECDSA, error);
	if (!key || !pv_trust_key_add(repository->options.directory, key, repository->options.gun,
				      "targets", passphrase, error))
		return NULL;
	return g_steal_pointer(&key);
}

static void add_root_role(GHashTable *roles, const char *name, PvPublicKey *key)
{
	PvRole *role = pv_role_new(name, 1);

	g_ptr_array_add(role->keys, pv_public_key_ref(key));
	g_hash_table_insert(roles, role->name, role);
}

static GBytes *signed_by(const PvMetadataDraft *draft, const char *key_id, const PvPrivateKey *key,
			 GError **error)
{
	g_autoptr(GBytes) body = pv_metadata_write_signed(draft, error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	PvSignature *signature;

	if (!body)
		return NULL;
	signature = pv_metadata_sign(body, key_id, key, error);
	if (!signature)
		return NULL;
	g_ptr_array_add(signatures, signature);
	return pv_metadata_write_file(body, signatures, error);
}

static GBytes *make_root(PvRepository *repository, const PvPrivateKey *root,
			 const PvPrivateKey *targets, PvTime now, GError **error)
{
	g_autoptr(GHashTable) roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	PvMetadataDraft draft = {
		PV_ROLE_ROOT, 1, pv_time_add_seconds(now, PV_TRUST_ROOT_LIFE_S), roles, NULL, NULL
	};
	g_autoptr(PvPublicKey) certificate =
		pv_certificate_new_root(root, repository->options.gun, now, error);
	g_autoptr(PvPublicKey) timestamp = NULL;
	g_autoptr(PvPublicKey) snapshot = NULL;

	if (!certificate)
		return NULL;
	timestamp = pv_remote_server_key(repository->remote, "timestamp", FALSE, error);
	if (!timestamp)
		return NULL;
	snapshot = pv_remote_server_key(repository->remote, "snapshot", FALSE, error);
	if (!snapshot)
		return NULL;
	add_root_role(roles, "root", certificate);
	add_root_role(roles, "targets", pv_private_key_public(targets));
	add_root_role(roles, "timestamp", timestamp);
	add_root_role(roles, "snapshot", snapshot);
	return signed_by(&draft, pv_public_key_id(certificate), root, error);
}

static GBytes *make_targets(const PvPrivateKey *key, const char *tag, const PvFileMeta *content,
			    PvTime now, GError **error)
{
	g_autoptr(GHashTable) files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							    (GDestroyNotify)pv_file_meta_free);
	PvMetadataDraft draft = { PV_ROLE_TARGETS,
				  1,
				  pv_time_add_seconds(now, PV_TRUST_TARGETS_LIFE_S),
				  NULL,
				  NULL,
				  files };

	g_hash_table_insert(files, g_strdup(tag), pv_file_meta_copy(content));
	return signed_by(&draft, pv_public_key_id(pv_private_key_public(key)), key, error);
}

gboolean pv_repository_initialise(PvRepository *repository, PvPassphrases *passphrases,
				  const char *tag, const PvFileMeta *content, GError **error)
{
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_bytes_unref);
	PvTime now = pv_time_now();
	g_autoptr(PvPrivateKey) root = NULL;
	g_autoptr(PvPrivateKey) targets = NULL;
	GBytes *root_file, *targets_file;
	PvTufCache cache;

	root = root_key(repository, passphrases, error);
	targets = root ? targets_key(repository, passphrases, error) : NULL;
	if (!targets)
		return FALSE;
	root_file = make_root(repository, root, targets, now, error);
	if (!root_file)
		return FALSE;
	g_hash_table_insert(files, (void *)"root", root_file);
	targets_file = make_targets(targets, tag, content, now, error);
	if (!targets_file)
		return FALSE;
	g_hash_table_insert(files, (void *)"targets", targets_file);
	if (!pv_remote_upload(repository->remote, files, error))
		return FALSE;
	/* This root is our own: it is remembered as trusted, whatever the server gives next. */
	pv_trust_cache_functions(repository->cache, &cache);
	return cache.store(cache.cache, "root", root_file, error);
}
