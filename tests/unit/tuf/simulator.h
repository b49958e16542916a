/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/error.h"
#include "tuf/client.h"

/* A repository in memory with all its keys, a client's cache, and ways to misbehave. */
typedef struct {
	char *gun;
	PvTime now;
	GHashTable *keys; /* key id → PvPrivateKey, under the id that roles list */
	GHashTable
		*files; /* what the server answers: "timestamp", "snapshot.<sha256>", "2.root" … */
	GHashTable *cache; /* role → GBytes */
	PvMetadataDraft root, targets, snapshot, timestamp, release;
	gboolean has_release;
	gboolean accept_first;
	guint fetches;
	const PvTufCache *disk; /* the client's cache instead of @cache, if not NULL */
	const char *only;       /* the target that the client asks for, if not NULL */
} Simulator;

Simulator *simulator_new(void);
void simulator_free(Simulator *simulator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Simulator, simulator_free)

/* A fresh key for a role of the root; added if @add, otherwise in place of those before. */
void simulator_rotate(Simulator *simulator, const char *role, gboolean add);
void simulator_add_target(Simulator *simulator, GHashTable *files, const char *name);

/* Signs everything anew and publishes it; versions are what the drafts say. */
void simulator_publish_root(Simulator *simulator, GHashTable *also_signed_by);
void simulator_publish(Simulator *simulator);
/* The same with @targets as it is, whoever signed it. */
void simulator_publish_below(Simulator *simulator, GBytes *targets);

/* The key table of @role now, to sign a following root with. */
GHashTable *simulator_keys_of(Simulator *simulator, const char *role);

/* What a client fetches with; no limit but its own holds. */
PvTufRemote simulator_remote(Simulator *simulator);
PvTufState *simulator_update(Simulator *simulator, gboolean offline, GError **error);

/* Flips one bit in the middle of the file that the server answers under @name. */
void simulator_flip(Simulator *simulator, const char *name);
char *simulator_name_of(Simulator *simulator, const char *role); /* "snapshot.<sha256>" */

/* Asserts that an update fails with @code and @words, and that it leaves the cache as it was. */
void simulator_refuse(Simulator *simulator, PvErrorCode code, const char *words);
/* (transfer full): the state after an update, which must succeed. */
PvTufState *simulator_accept(Simulator *simulator);
void simulator_accept_silently(Simulator *simulator);

/* Publishes the next version of targets, snapshot and timestamp. */
void simulator_next_version(Simulator *simulator);
