/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Attestations between the trust directory and the trust server. What a publisher's directory has of the
 * keys in its metadata goes up after a publish; what a reader's directory lacks comes down when somebody
 * asks for it, never in a plain look-up. A failure here takes nothing back of what was published.
 */

#include "trust/attestations.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/attestation.h"
#include "trust/edit_private.h"
#include "trust/repository_private.h"

char *pv_attestations_path(const char *directory, const char *key_id)
{
	g_autofree char *name = g_strconcat(key_id, ".pem", NULL);

	return g_build_filename(directory, "attestations", name, NULL);
}

GBytes *pv_attestations_load(const char *directory, const char *key_id, GError **error)
{
	g_autofree char *path = pv_attestations_path(directory, key_id);
	g_autoptr(GError) failure = NULL;
	GBytes *pem = pv_file_read(path, PV_ATTESTATION_FILE_BYTES_MAX, &failure);

	if (failure && !g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&failure));
	return pem;
}

/* (transfer full): the two certificates of @pem alone, if they claim to be of @key. */
static GBytes *checked(const PvPublicKey *key, GBytes *pem, GError **error)
{
	g_autoptr(GPtrArray) chain = pv_attestation_chain_parse(pem, error);
	g_autoptr(PvAttestation) claimed =
		chain ? pv_attestation_read_unverified(chain->pdata[0], error) : NULL;

	if (!claimed)
		return NULL;
	if (strcmp(pv_public_key_canonical_id(claimed->key), pv_public_key_canonical_id(key)) != 0)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "the attestation of key %.12s is of another key, %.12s",
				    pv_public_key_canonical_id(key),
				    pv_public_key_canonical_id(claimed->key));
	return pv_attestation_chain_write(chain);
}

gboolean pv_attestations_store(const char *directory, const PvPublicKey *key, GBytes *pem,
			       GError **error)
{
	g_autofree char *path = pv_attestations_path(directory, pv_public_key_canonical_id(key));
	g_autofree char *folder = g_path_get_dirname(path);
	g_autoptr(GBytes) kept = checked(key, pem, error);
	const void *data;
	gsize size;

	if (!kept)
		return FALSE;
	data = g_bytes_get_data(kept, &size);
	return pv_file_make_directory(folder, 0700, error) &&
	       pv_file_replace(path, data, size, 0600, error);
}

/* --- from the server ---------------------------------------------------------------------- */

GBytes *pv_repository_attestation(PvRepository *repository, const PvPublicKey *key, GError **error)
{
	const char *directory = repository->options.directory;
	const char *id = pv_public_key_canonical_id(key);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem = pv_attestations_load(directory, id, &failure);

	if (!pem && !failure && !repository->options.offline) {
		pem = pv_remote_attestation(repository->remote, id, &failure);
		if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
			return NULL;
		if (pem && !pv_attestations_store(directory, key, pem, &failure))
			g_clear_pointer(&pem, g_bytes_unref);
	}
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return g_steal_pointer(&pem);
}

/* What is asked for, and what is not with the server. */
typedef struct {
	PvRepository *repository;
	const PvTufState *state;
	GPtrArray *left; /* of PvPublicKey; NULL while the server is not known to keep none */
	GError *failure; /* why it does not answer */
} Fetching;

static void leave(Fetching *fetching, PvPublicKey *key)
{
	g_autoptr(GBytes) here = pv_attestations_load(fetching->repository->options.directory,
						      pv_public_key_canonical_id(key), NULL);

	if (!here)
		g_ptr_array_add(fetching->left, pv_public_key_ref(key));
}

static void fetch_one(Fetching *fetching, PvPublicKey *key)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem = NULL;

	/* One answer of that kind is enough: the server has no such route for any key. */
	if (fetching->left) {
		leave(fetching, key);
		return;
	}
	pem = pv_repository_attestation(fetching->repository, key, &failure);
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_UNSUPPORTED)) {
		fetching->left =
			g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
		leave(fetching, key);
	} else if (g_error_matches(failure, PV_ERROR, PV_ERROR_UNREACHABLE) ||
		   g_error_matches(failure, PV_ERROR, PV_ERROR_UNAUTHORIZED)) {
		fetching->failure = g_steal_pointer(&failure);
	}
	/* One that is out of form counts as none, which whoever shows it will say. */
}

static void fetch_signers(Fetching *fetching, const PvMetadata *metadata)
{
	const PvRole *role = metadata ? pv_tuf_role(fetching->state, metadata->role) : NULL;
	g_autoptr(GPtrArray) signers = role ? pv_metadata_signers(metadata, role) : NULL;

	for (guint i = 0; signers && i < signers->len && !fetching->failure; i++)
		fetch_one(fetching, signers->pdata[i]);
}

GPtrArray *pv_repository_fetch_attestations(PvRepository *repository, const PvTufState *state,
					    GError **ret_failure)
{
	Fetching fetching = { repository, state, NULL, NULL };
	GHashTableIter iter;
	void *name;

	fetch_signers(&fetching, state->root);
	fetch_signers(&fetching, state->targets);
	g_hash_table_iter_init(&iter, state->delegations);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		fetch_signers(&fetching, pv_tuf_metadata(state, name));
	if (fetching.failure)
		g_propagate_error(ret_failure, fetching.failure);
	return fetching.left;
}

void pv_repository_bring_attestations(PvRepository *repository, const PvTufState *state,
				      const PvDigest *digest, GError **ret_failure)
{
	const PvRepositoryOptions *options = &repository->options;
	g_autoptr(GError) failure = NULL;
	g_autoptr(GPtrArray) left = pv_repository_fetch_attestations(repository, state, &failure);

	if (failure)
		g_propagate_error(ret_failure, g_steal_pointer(&failure));
	else if (left && left->len > 0 && digest && digest->size > 0 && options->read_artifact)
		options->read_artifact(options->gun, digest, options->directory, left, ret_failure);
}

/* --- to the server ------------------------------------------------------------------------ */

/* What is left to be sent, and what became of it. */
typedef struct {
	PvRepository *repository;
	PvPublished *published;
	GHashTable *seen; /* of char*: key ids */
	GError *failure;  /* why the server takes no more */
} Sharing;

static void share_one(Sharing *sharing, const char *id)
{
	PvPublished *published = sharing->published;
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem =
		pv_attestations_load(sharing->repository->options.directory, id, &failure);

	if (!pem && !failure)
		return;
	/* One refusal of the route is enough: a server that does not know it does not for any key. */
	if (pem && published->unshared) {
		g_ptr_array_add(published->unshared, g_strdup(id));
		return;
	}
	if (pem && pv_remote_put_attestation(sharing->repository->remote, id, pem, &failure)) {
		published->attestations++;
		return;
	}
	if (!g_error_matches(failure, PV_ERROR, PV_ERROR_UNSUPPORTED)) {
		sharing->failure = g_steal_pointer(&failure);
		return;
	}
	published->unshared = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(published->unshared, g_strdup(id));
}

static void share_roles(Sharing *sharing, GHashTable *roles)
{
	GHashTableIter iter;
	PvRole *role;

	if (!roles)
		return;
	g_hash_table_iter_init(&iter, roles);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&role)) {
		for (guint i = 0; i < role->keys->len && !sharing->failure; i++) {
			const char *id = pv_public_key_canonical_id(role->keys->pdata[i]);

			if (g_hash_table_add(sharing->seen, (void *)id))
				share_one(sharing, id);
		}
	}
}

void pv_repository_share_attestations(PvRepository *repository, const PvEdit *edit,
				      PvPublished *published)
{
	Sharing sharing = { repository, published, NULL, NULL };
	g_autofree char *folder =
		g_build_filename(repository->options.directory, "attestations", NULL);
	g_autoptr(GPtrArray) names = NULL;

	if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
		return;
	sharing.seen = g_hash_table_new(g_str_hash, g_str_equal);
	names = pv_edit_role_names(edit);
	share_roles(&sharing, edit->root_roles);
	for (guint i = 0; i < names->len; i++)
		share_roles(&sharing, pv_edit_role(edit, names->pdata[i])->roles);
	g_hash_table_unref(sharing.seen);
	if (!sharing.failure)
		return;
	published->attestation_failure = g_strdup(sharing.failure->message);
	g_error_free(sharing.failure);
}
