/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/changelist.h"
#include "tuf/client.h"

/*
 * A repository's trust data while it is edited: verified metadata that changes are applied to,
 * without I/O. publish.c signs and uploads what became dirty.
 */

/* Targets or a delegation. Hash tables are made when first changed; ask through the functions. */
typedef struct {
	char *name;
	gint64 version;        /* what it was read as; 0 for a new one */
	PvTime expires;        /* likewise */
	GHashTable *files;     /* (borrowed) name → PvFileMeta */
	GHashTable *roles;     /* (owned) name → PvRole of what it delegates to */
	GPtrArray *role_order; /* (borrowed names) */
	gboolean own_files;    /* @files is a copy of this edit */
	gboolean expired;      /* should be signed anew by whoever can */
	gboolean dirty;        /* must be signed anew */
} PvEditRole;

typedef struct PvEdit PvEdit;

/**
 * pv_edit_new:
 * @state: verified; expired roles in it are fine, and are marked as such
 */
PvEdit *pv_edit_new(const PvTufState *state, PvTime now);

/**
 * pv_edit_new_first:
 * @root: verified; of a repository that the server does not have
 * @targets: likewise
 * @snapshot: (nullable): the last one, only for its version
 */
PvEdit *pv_edit_new_first(PvMetadata *root, PvMetadata *targets, PvMetadata *snapshot);
void pv_edit_free(PvEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvEdit, pv_edit_free)

/* (transfer none) (nullable): targets or a delegation that has metadata or was given some. */
const PvEditRole *pv_edit_role(const PvEdit *edit, const char *name);

/* (transfer none): names of pv_edit_role() that exist, sorted; free the container. */
GPtrArray *pv_edit_role_names(const PvEdit *edit);

/* (transfer none) (nullable): whose keys must sign @name: root's four, or a delegation. */
const PvRole *pv_edit_keys(const PvEdit *edit, const char *name);

/**
 * pv_edit_apply:
 *
 * Applies one change. Adding what is there already in the same way, and removing what is not there,
 * change nothing.
 *
 * Errors: PV_ERROR_ROLE (a delegation that nobody delegated to), PV_ERROR_REFUSED (a target outside
 * the delegation's paths), PV_ERROR_UNSUPPORTED, and those of the change's content.
 */
gboolean pv_edit_apply(PvEdit *edit, const PvChange *change, GError **error);

/* The same for a list of PvChange; the error names the change. */
gboolean pv_edit_apply_all(PvEdit *edit, const GPtrArray *changes, GError **error);

/**
 * pv_edit_replace_keys:
 * @role: root, targets, snapshot or timestamp
 * @keys: of PvPublicKey: its new keys
 *
 * Former root keys stay in the key table, so that their certificates can be seen, and sign once more.
 */
void pv_edit_replace_keys(PvEdit *edit, const char *role, GPtrArray *keys);

gboolean pv_edit_is_dirty(const PvEdit *edit); /* anything at all */
