/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/keyfile.h"
#include "token/driver.h"
#include "tuf/client.h"

/*
 * The trust directory, in Docker's layout (trust.md section 3): `private/<key id>.key` and
 * `tuf/<gun>/metadata/<role>.json`. Docker and Notary clients may use it at the same time.
 */

/**
 * pv_trust_directory:
 * @named: (nullable): --trust-dir; NULL is ~/.docker/trust
 *
 * Returns: (transfer full): its path; nothing is made yet.
 */
char *pv_trust_directory(const char *named);

/**
 * pv_trust_check_gun:
 *
 * A GUN becomes a path and a URL: refuses what would leave either.
 *
 * Errors: PV_ERROR_SYNTAX.
 */
gboolean pv_trust_check_gun(const char *gun, GError **error);

/* What the directory remembers of one repository; a PvTufCache's functions work on it. */
typedef struct PvTrustCache PvTrustCache;

PvTrustCache *pv_trust_cache_new(const char *directory, const char *gun);
void pv_trust_cache_free(PvTrustCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTrustCache, pv_trust_cache_free)

/* Fills @ret_functions; they use @cache. */
void pv_trust_cache_functions(PvTrustCache *cache, PvTufCache *ret_functions);

/**
 * pv_trust_cache_uploaded:
 *
 * Keeps a large role's file that the server has taken, until it is vouched for: the next update
 * then need not fetch it. Nothing else uses it.
 */
void pv_trust_cache_uploaded(PvTrustCache *cache, const char *role, GBytes *file);

/**
 * pv_trust_repositories:
 *
 * Returns: (transfer full): char*: the repositories that @directory has metadata or staged changes
 * of, sorted.
 */
GPtrArray *pv_trust_repositories(const char *directory);

/* Forgets the repository's metadata; its staged changes stay. */
gboolean pv_trust_cache_forget(PvTrustCache *cache, GError **error);

/* A key that the directory knows of: a file, or the record of one on a token (token_keys.h). */
typedef struct {
	char *id; /* from its name */
	char *path;
	PvKeyFile *file; /* of one on a token: its role and gun alone */
	char *uri;       /* NULL: the key is in the file; otherwise also: */
	char *token;     /* may be NULL */
	PvPublicKey *public;
	PvTokenOrigin origin;
	PvPinPolicy pin;
	PvTouchPolicy touch;
} PvStoredKey;

void pv_stored_key_free(PvStoredKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvStoredKey, pv_stored_key_free)

/**
 * pv_trust_keys:
 *
 * Returns: (transfer full): PvStoredKey of each key on a token and of each readable key file, sorted
 * by id; files that are no keys are passed over.
 */
GPtrArray *pv_trust_keys(const char *directory, GError **error);

/**
 * pv_trust_key_find:
 * @id: canonical key id
 *
 * Returns: (transfer full) (nullable): NULL without an error if there is none.
 */
PvStoredKey *pv_trust_key_find(const char *directory, const char *id, GError **error);

/**
 * pv_trust_key_add:
 *
 * Writes a new key file, mode 0600. Errors: PV_ERROR_EXISTS.
 */
gboolean pv_trust_key_add(const char *directory, const PvPrivateKey *key, const char *gun,
			  const char *role, const PvSecret *passphrase, GError **error);

/**
 * pv_trust_lock:
 *
 * Holds off other Pavise processes that sign for @gun. Returns: a descriptor to close, or -1.
 */
int pv_trust_lock(const char *directory, const char *gun, GError **error);
