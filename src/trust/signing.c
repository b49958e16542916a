/* SPDX-License-Identifier: Apache-2.0 */

/* Signing with the keys of the trust directory. */

#include <string.h>

#include "base/error.h"
#include "trust/repository_private.h"

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

gboolean pv_repository_holds_key(const PvRepository *repository, const PvRole *role)
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

static gboolean has_signature_of(const GPtrArray *signatures, const char *key_id)
{
	for (guint i = 0; i < signatures->len; i++) {
		if (strcmp(((PvSignature *)signatures->pdata[i])->key_id, key_id) == 0)
			return TRUE;
	}
	return FALSE;
}

/*
 * FALSE with an error, or *@ret_signed says whether the key is here. One whose token is not is
 * lost, maybe; others may be enough. Why is then in *@absent.
 */
static gboolean sign_with(PvRepository *repository, PvPassphrases *passphrases, GBytes *body,
			  const PvPublicKey *public, GPtrArray *signatures, gboolean *ret_signed,
			  GError **absent, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(PvPrivateKey) key = NULL;
	PvSignature *signature;

	*ret_signed = has_signature_of(signatures, pv_public_key_id(public));
	if (*ret_signed)
		return TRUE;
	key = pv_repository_held_key(repository, passphrases, public, &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	if (!key)
		return TRUE;
	signature = pv_metadata_sign(body, pv_public_key_id(public), key, &failure);
	if (!signature && pv_private_key_is_remote(key) &&
	    g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		g_clear_error(absent);
		*absent = g_steal_pointer(&failure);
		return TRUE;
	}
	if (!signature) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	g_ptr_array_add(signatures, signature);
	*ret_signed = TRUE;
	return TRUE;
}

gboolean pv_repository_add_signatures(PvRepository *repository, PvPassphrases *passphrases,
				      GBytes *body, const PvRole *role, guint least,
				      GPtrArray *signatures, GError **error)
{
	g_autoptr(GError) absent = NULL;
	guint count = 0;

	for (guint i = 0; i < role->keys->len; i++) {
		gboolean signed_it;

		if (!sign_with(repository, passphrases, body, role->keys->pdata[i], signatures,
			       &signed_it, &absent, error))
			return FALSE;
		count += signed_it ? 1 : 0;
	}
	if (count < least && absent) {
		g_propagate_error(error, g_steal_pointer(&absent));
		return pv_fail_wrap(error, "%u signatures for role %s, needed: %u", count,
				    role->name, least);
	}
	if (count < least)
		return pv_fail(error, PV_ERROR_KEY,
			       "%u of the keys of role %s are in %s/private, needed: %u", count,
			       role->name, repository->options.directory, least);
	return TRUE;
}

GBytes *pv_repository_sign_file(PvRepository *repository, PvPassphrases *passphrases,
				const PvMetadataDraft *draft, const PvRole *role, GError **error)
{
	g_autoptr(GBytes) body = pv_metadata_write_signed(draft, error);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);

	if (!body || !pv_repository_add_signatures(repository, passphrases, body, role,
						   role->threshold, signatures, error))
		return NULL;
	return pv_metadata_write_file(body, signatures, error);
}

PvPrivateKey *pv_repository_new_key(PvRepository *repository, PvPassphrases *passphrases,
				    const char *role, GError **error)
{
	const PvSecret *passphrase = pv_passphrases_new(passphrases, role, error);
	g_autoptr(PvPrivateKey) key = NULL;
	/* A root key may serve all repositories of the trust directory. */
	const char *gun = strcmp(role, "root") == 0 ? NULL : repository->options.gun;

	if (!passphrase)
		return NULL;
	key = pv_private_key_generate(PV_KEY_ECDSA, error);
	if (!key ||
	    !pv_trust_key_add(repository->options.directory, key, gun, role, passphrase, error))
		return NULL;
	return g_steal_pointer(&key);
}
