/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/metadata.h"

/*
 * Staged changes: what a publisher wants of a repository's trust data, kept in
 * `tuf/<gun>/changelist/<20 digits>_<uuid>.change` until it is published (trust.md section 3). The
 * files are Notary's to the byte; Debian's client publishes what was staged here, and back.
 */

typedef enum { PV_CHANGE_CREATE, PV_CHANGE_UPDATE, PV_CHANGE_DELETE } PvChangeAction;

typedef enum {
	PV_CHANGE_TARGET,
	PV_CHANGE_DELEGATION,
	PV_CHANGE_ROLE, /* new keys of a base role; role is "root" */
	PV_CHANGE_WITNESS
} PvChangeType;

typedef struct {
	PvChangeAction action;
	PvChangeType type;
	char *role;   /* "targets", "targets/releases"; "targets/" and an asterisk for a purge */
	char *path;   /* a target's name; "" otherwise */
	GBytes *data; /* (nullable) JSON */
	char *file;   /* name in the changelist directory; NULL as long as it is not staged */
} PvChange;

/* What the data of a delegation's change says. */
typedef struct {
	guint threshold;                     /* 0: not said */
	GPtrArray *add_keys;                 /* of PvPublicKey */
	GPtrArray *remove_keys;              /* of char*: canonical key ids */
	GPtrArray *add_paths, *remove_paths; /* of char* */
	gboolean clear_paths;
} PvDelegationChange;

PvDelegationChange *pv_delegation_change_new(void);
void pv_delegation_change_free(PvDelegationChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvDelegationChange, pv_delegation_change_free)

/**
 * pv_change_new:
 * @path: (nullable): NULL is ""
 * @data: (nullable) (transfer none)
 */
PvChange *pv_change_new(PvChangeAction action, PvChangeType type, const char *role,
			const char *path, GBytes *data);
void pv_change_free(PvChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvChange, pv_change_free)

/* "create", "delegation" and so on, as in the file and in `status`. */
const char *pv_change_action_name(PvChangeAction action);
const char *pv_change_type_name(PvChangeType type);

/* --- makers -------------------------------------------------------------------------------- */

/* Adds or replaces target @name in @role. */
PvChange *pv_change_add_target(const char *role, const char *name, const PvFileMeta *meta);
PvChange *pv_change_remove_target(const char *role, const char *name);

/* A delegation's change; @action is CREATE (adds only) or UPDATE. */
PvChange *pv_change_delegation(PvChangeAction action, const char *role,
			       const PvDelegationChange *content);
PvChange *pv_change_remove_delegation(const char *role);

/* Takes the keys (canonical ids) out of every delegation. */
PvChange *pv_change_purge_keys(const char *const *key_ids);

/* Has @role signed anew as it is. */
PvChange *pv_change_witness(const char *role);

/* --- their content ------------------------------------------------------------------------- */

/* Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT. The content of a CREATE of a target. */
PvFileMeta *pv_change_target(const PvChange *change, GError **error);

/* The content of a CREATE or UPDATE of a delegation. Errors: as above, and PV_ERROR_KEY. */
PvDelegationChange *pv_change_delegation_content(const PvChange *change, GError **error);

/**
 * pv_change_parse:
 * @text: untrusted: a change file
 * @what: for messages
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT.
 */
PvChange *pv_change_parse(GBytes *text, const char *what, GError **error);

/**
 * pv_change_format:
 *
 * Errors: PV_ERROR_SYNTAX: a name with control characters, which Notary cannot publish.
 *
 * Returns: (transfer full): the file, byte for byte as Notary writes it.
 */
GBytes *pv_change_format(const PvChange *change, GError **error);

/* --- the directory ------------------------------------------------------------------------- */

/**
 * pv_changelist_read:
 * @directory: the trust directory
 *
 * Returns: (transfer full): PvChange of each staged change, oldest first. A file that cannot be read
 * is an error that names it: publishing around it would lose what somebody meant.
 */
GPtrArray *pv_changelist_read(const char *directory, const char *gun, GError **error);

/* Stages @change: after a crash it is there whole or not at all. Fills its `file`. */
gboolean pv_changelist_add(const char *directory, const char *gun, PvChange *change,
			   GError **error);

/* Unstages the changes, which pv_changelist_read() gave; those staged meanwhile stay. */
gboolean pv_changelist_remove(const char *directory, const char *gun, GPtrArray *changes,
			      GError **error);
