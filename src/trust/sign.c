/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signing a tag (trust.md 3.4): read what is there, put the tag into the roles whose keys are here,
 * sign, upload; who loses a race reads again and signs again.
 */

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "trust/repository_private.h"

#define ATTEMPTS_MAX 10

PvPrivateKey *pv_repository_held_key(PvRepository *repository, PvPassphrases *passphrases,
				     const PvPublicKey *key, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvStoredKey) stored =
		pv_trust_key_find(repository->options.directory, pv_public_key_canonical_id(key),
				  &failure);
	g_autoptr(PvPrivateKey) opened = NULL;

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	if (!stored)
		return NULL;
	opened = pv_passphrases_open(passphrases, stored, error);
	if (!opened)
		return NULL;
	if (strcmp(pv_public_key_id(pv_private_key_public(opened)),
		   pv_public_key_canonical_id(key)) != 0)
		return pv_fail_null(error, PV_ERROR_KEY, "%s does not hold the key of its name",
				    stored->path);
	return g_steal_pointer(&opened);
}

GBytes *pv_repository_sign_file(PvRepository *repository, PvPassphrases *passphrases,
				const PvMetadataDraft *draft, const PvRole *role, GError **error)
{
	g_autoptr(GBytes) body = pv_metadata_write_signed(draft, error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);

	if (!body)
		return NULL;
	for (guint i = 0; i < role->keys->len; i++) {
		g_autoptr(GError) failure = NULL;
		g_autoptr(PvPrivateKey) key =
			pv_repository_held_key(repository, passphrases, role->keys->pdata[i],
					       &failure);
		PvSignature *signature;

		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
		if (!key)
			continue;
		signature =
			pv_metadata_sign(body, pv_public_key_id(role->keys->pdata[i]), key, error);
		if (!signature)
			return NULL;
		g_ptr_array_add(signatures, signature);
	}
	if (signatures->len < role->threshold)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "%u of the keys of role %s are in %s/private, needed: %u",
				    signatures->len, role->name, repository->options.directory,
				    role->threshold);
	return pv_metadata_write_file(body, signatures, error);
}

static gboolean holds_key_of(const PvRepository *repository, const PvRole *role)
{
	for (guint i = 0; i < role->keys->len; i++) {
		g_autoptr(PvStoredKey) key =
			pv_trust_key_find(repository->options.directory,
					  pv_public_key_canonical_id(role->keys->pdata[i]), NULL);

		if (key)
			return TRUE;
	}
	return FALSE;
}

/* (transfer full): (borrowed names) the roles to sign in: delegations whose keys are here, else
 * targets. */
static GPtrArray *roles_to_sign(const PvRepository *repository, const PvTufState *state)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < state->targets->role_order->len; i++) {
		const char *name = state->targets->role_order->pdata[i];

		if (holds_key_of(repository, g_hash_table_lookup(state->targets->roles, name)))
			g_ptr_array_add(names, (void *)name);
	}
	if (names->len == 0)
		g_ptr_array_add(names, (void *)"targets");
	return names;
}

/* A shallow copy of a role's targets, with @tag in it. */
static GHashTable *files_with(const PvMetadata *metadata, const char *tag,
			      const PvFileMeta *content)
{
	GHashTable *files = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	void *name, *meta;

	if (metadata) {
		g_hash_table_iter_init(&iter, metadata->files);
		while (g_hash_table_iter_next(&iter, &name, &meta))
			g_hash_table_insert(files, name, meta);
	}
	g_hash_table_insert(files, (void *)tag, (void *)content);
	return files;
}

static GBytes *edit_role(PvRepository *repository, PvPassphrases *passphrases,
			 const PvTufState *state, const char *name, const char *tag,
			 const PvFileMeta *content, GError **error)
{
	const PvMetadata *metadata = pv_tuf_metadata(state, name);
	g_autoptr(GHashTable) files = files_with(metadata, tag, content);
	PvMetadataDraft draft = { strcmp(name, "targets") == 0 ? PV_ROLE_TARGETS
							       : PV_ROLE_DELEGATION,
				  metadata ? metadata->version + 1 : 1,
				  pv_time_add_seconds(pv_time_now(), PV_TRUST_TARGETS_LIFE_S),
				  metadata ? metadata->roles : NULL,
				  metadata ? metadata->role_order : NULL,
				  files };

	return pv_repository_sign_file(repository, passphrases, &draft, pv_tuf_role(state, name),
				       error);
}

/* A publisher who keeps the snapshot key signs the snapshot too; otherwise the server does. */
static gboolean add_snapshot(PvRepository *repository, PvPassphrases *passphrases,
			     const PvTufState *state, GHashTable *files, GError **error)
{
	const PvRole *role = g_hash_table_lookup(state->root->roles, "snapshot");
	g_autoptr(GHashTable) listed = NULL;
	g_autoptr(GPtrArray) made =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_file_meta_free);
	PvMetadataDraft draft = { PV_ROLE_SNAPSHOT,
				  state->snapshot->version + 1,
				  pv_time_add_seconds(pv_time_now(), PV_TRUST_TARGETS_LIFE_S),
				  NULL,
				  NULL,
				  NULL };
	GHashTableIter iter;
	void *name, *file;
	GBytes *snapshot;

	if (!holds_key_of(repository, role))
		return TRUE;
	listed = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_iter_init(&iter, state->snapshot->files);
	while (g_hash_table_iter_next(&iter, &name, &file))
		g_hash_table_insert(listed, name, file);
	g_hash_table_iter_init(&iter, files);
	while (g_hash_table_iter_next(&iter, &name, &file)) {
		PvFileMeta *meta = pv_file_meta_new(file);

		g_ptr_array_add(made, meta);
		g_hash_table_insert(listed, name, meta);
	}
	draft.files = listed;
	snapshot = pv_repository_sign_file(repository, passphrases, &draft, role, error);
	if (!snapshot)
		return FALSE;
	g_hash_table_insert(files, (void *)"snapshot", snapshot);
	return TRUE;
}

static gboolean sign_once(PvRepository *repository, PvPassphrases *passphrases,
			  const PvTufState *state, const char *tag, const PvFileMeta *content,
			  GError **error)
{
	g_autoptr(GPtrArray) names = roles_to_sign(repository, state);
	g_autoptr(GHashTable) files =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_bytes_unref);

	for (guint i = 0; i < names->len; i++) {
		GBytes *file = edit_role(repository, passphrases, state, names->pdata[i], tag,
					 content, error);

		if (!file)
			return FALSE;
		g_hash_table_insert(files, names->pdata[i], file);
	}
	return add_snapshot(repository, passphrases, state, files, error) &&
	       pv_remote_upload(repository->remote, files, error);
}

static gboolean is_new(const GError *error)
{
	return g_error_matches(error, PV_ERROR, PV_ERROR_NOT_SIGNED);
}

/* One attempt: reads, then initialises or edits. */
static gboolean attempt(PvRepository *repository, PvPassphrases *passphrases, const char *tag,
			const PvFileMeta *content, gboolean *ret_new, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvTufState) state = pv_repository_update(repository, &failure);

	*ret_new = FALSE;
	if (state)
		return sign_once(repository, passphrases, state, tag, content, error);
	if (!is_new(failure)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	*ret_new = TRUE;
	return pv_repository_initialise(repository, passphrases, tag, content, error);
}

/* What was signed must be what the server gives now. */
static PvTrustAnswer *read_back(PvRepository *repository, const char *tag,
				const PvFileMeta *content, GError **error)
{
	g_autoptr(PvTrustAnswer) answer = pv_repository_verify(repository, tag, error);

	if (!answer)
		return NULL;
	if (!pv_digest_equal(&answer->digest, &content->sha256))
		return pv_fail_null(error, PV_ERROR_CONFLICT,
				    "somebody else signed another digest as %s meanwhile", tag);
	return g_steal_pointer(&answer);
}

PvTrustAnswer *pv_repository_sign(PvRepository *repository, PvPassphrases *passphrases,
				  const char *tag, const PvFileMeta *content, gboolean *ret_new,
				  GError **error)
{
	int lock = pv_trust_lock(repository->options.directory, repository->options.gun, error);
	g_autoptr(GError) failure = NULL;
	PvTrustAnswer *answer = NULL;
	gboolean new = FALSE, done = FALSE;

	if (lock < 0)
		return NULL;
	for (guint i = 0; i < ATTEMPTS_MAX && !done; i++) {
		g_clear_error(&failure);
		done = attempt(repository, passphrases, tag, content, &new, &failure);
		if (!done && !g_error_matches(failure, PV_ERROR, PV_ERROR_CONFLICT))
			break;
		if (!done)
			g_usleep((gulong)g_random_int_range(10000, 50000 * (gint)(i + 1)));
	}
	if (done)
		answer = read_back(repository, tag, content, error);
	else
		g_propagate_error(error, g_steal_pointer(&failure));
	close(lock);
	if (answer)
		*ret_new = new;
	return answer;
}
