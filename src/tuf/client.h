/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "tuf/metadata.h"

/*
 * The client workflow: from a trusted root to a verified, fresh, consistent set of metadata
 * (TUF specification 5; Notary's order: trust.md 3.2). Fetching and remembering are the caller's,
 * through two small tables of functions.
 */

typedef struct {
	/*
	 * Gets `NAME.json` of the repository: "root", "timestamp", "snapshot.<sha256>",
	 * "targets/releases.<sha256>", "3.root". At most @max_bytes are accepted.
	 * Errors: PV_ERROR_NOT_SIGNED when the server has no such file (404), PV_ERROR_UNREACHABLE, …
	 */
	GBytes *(*fetch)(void *remote, const char *name, gsize max_bytes, GError **error);
	void *remote;
	/*
	 * (nullable) Length and hashes of the file that fetch() gave last, where they were taken
	 * while it came; NULL of any other.
	 */
	const PvFileMeta *(*measured)(void *remote, GBytes *file);
} PvTufRemote;

typedef struct {
	/* The remembered bytes of a role, or NULL (without error) if there are none. */
	GBytes *(*load)(void *cache, const char *role);
	/*
	 * Called only after the whole update was verified, timestamp last: what a crash leaves is
	 * a newer snapshot below an older timestamp, which the next update simply replaces. The
	 * timestamp is stored again even if it did not change, since it was asked for.
	 */
	gboolean (*store)(void *cache, const char *role, GBytes *file, GError **error);
	/* Seconds since the timestamp was last stored; negative if there is none. */
	gint64 (*age_s)(void *cache);
	void *cache;
	/*
	 * The index (tuf/index.h); all three, or none for a cache without one. open() gives a
	 * descriptor of a role's file, or -1. An index that cannot be stored is no failure.
	 */
	int (*open)(void *cache, const char *role);
	GBytes *(*load_index)(void *cache);
	void (*store_index)(void *cache, GBytes *index);
	/*
	 * (nullable) (transfer full): the file of @role that was uploaded from here last, if it has
	 * @size bytes: it need not be fetched if it is the one that is vouched for.
	 */
	GBytes *(*uploaded)(void *cache, const char *role, gsize size);
} PvTufCache;

typedef struct {
	const char *gun;
	PvTime now;
	/*
	 * Decides whether a first root (nothing remembered) is trusted: pins, trust on first use.
	 * Called after the root verified against its own keys. FALSE with PV_ERROR_ROOT refuses it.
	 */
	gboolean (*accept_first_root)(void *data, const PvMetadata *root, GError **error);
	void *accept_data;
	gboolean offline; /* use the cache only; a timestamp that is expired still fails */
	gint64 max_age_s; /* 0: always ask; otherwise a cached timestamp this young is used unasked */
	/*
	 * For a publisher, who must be able to sign anew what ran out: root, targets, snapshot and
	 * delegations may be expired (a timestamp never).
	 */
	gboolean accept_expired;
	/*
	 * (nullable) The one target that is asked for: `files` of targets and delegations then have
	 * no other, and of a role that the index knows no more is read than its place.
	 */
	const char *only;
} PvTufPolicy;

/* A verified set. All metadata in it is verified, unexpired and consistent. */
typedef struct {
	PvMetadata *root, *timestamp, *snapshot, *targets;
	GHashTable *delegations; /* role name → PvMetadata */
	GPtrArray *unusable;     /* of char*: delegations passed over, each with its reason */
	/*
	 * role name → PvMetadata of such delegations: the snapshot vouches for the bytes, the role's
	 * keys or threshold do not. For who may sign them anew (witness); never to be believed.
	 */
	GHashTable *unverified;
	gboolean from_cache; /* nothing was asked of the server */
} PvTufState;

void pv_tuf_state_free(PvTufState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTufState, pv_tuf_state_free)

/**
 * pv_tuf_update:
 *
 * Runs the workflow. Everything is verified before the first store(); a failure leaves the cache as
 * it was. Each attack has its own sentence and code: PV_ERROR_ROOT, PV_ERROR_SIGNATURE,
 * PV_ERROR_EXPIRED, PV_ERROR_ROLLBACK (version below the remembered one), PV_ERROR_MIX (hash or
 * length differs from what the role above says), PV_ERROR_LIMIT (endless data), PV_ERROR_NOT_SIGNED.
 * On a validation error it is tried once more after fetching a newer root, as Notary does.
 */
PvTufState *pv_tuf_update(const PvTufPolicy *policy, const PvTufRemote *remote,
			  const PvTufCache *cache, GError **error);

/* TRUE if each delegation from targets down to @role covers @name. */
gboolean pv_tuf_is_delegated(const PvTufState *state, const char *role, const char *name);

/**
 * pv_tuf_find_target:
 * @name: "v1"
 * @roles: (nullable): NULL-terminated roles to look in, in order; NULL for Docker's order:
 * targets/releases, then targets, then nothing else
 * @ret_role: (out) (transfer none) (optional): the role that names it
 *
 * A delegation's targets count only below its paths and its parents' paths.
 *
 * Returns: (transfer none) (nullable): NULL if no role names it.
 */
const PvFileMeta *pv_tuf_find_target(const PvTufState *state, const char *name,
				     const char *const *roles, const char **ret_role);

/**
 * pv_tuf_role:
 * @name: "targets" or a delegation
 *
 * Returns: (transfer none) (nullable): who must sign @name, as its delegator says.
 */
const PvRole *pv_tuf_role(const PvTufState *state, const char *name);

/* (transfer none) (nullable): the verified metadata of "targets" or a delegation. */
const PvMetadata *pv_tuf_metadata(const PvTufState *state, const char *name);

/**
 * pv_tuf_verify_root:
 * @old: (nullable): the trusted root; NULL if there is none
 * @new: the next one
 *
 * A new root must have the threshold of @old's root keys (valid certificates not required of old
 * ones) and of its own, whose certificates must be good for @gun (pv_certificate_check()).
 */
gboolean pv_tuf_verify_root(const PvMetadata *old, const PvMetadata *new, const char *gun,
			    PvTime now, GError **error);
