/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/scheme.h"
#include "tuf/metadata.h"

/*
 * Trust metadata in the dialect of TUF 1.0 (specification 1.0.34, section 4) as checked structures.
 * As with Notary's (tuf/metadata.h), parsing trusts nothing and proves nothing: metadata is
 * unverified until pv_tuf1_verify() has accepted it for a role's keys and threshold.
 *
 * Key ids are opaque names here. The specification wants them to be a hash of the key, but what
 * counts for a threshold is the key itself: one key under two ids counts once.
 */

typedef enum { PV_TUF1_ROOT, PV_TUF1_TIMESTAMP, PV_TUF1_SNAPSHOT, PV_TUF1_TARGETS } PvTuf1Type;
#define PV_TUF1_TYPES 4

/* "root", "timestamp", "snapshot", "targets": also the names of the top-level roles. */
extern const char *const pv_tuf1_type_names[PV_TUF1_TYPES];

typedef struct {
	char *id;
	PvPublicKey *key;
	PvScheme scheme;
} PvTuf1Key;

/* A role: who may sign it, how many must; of a delegation also which target paths. */
typedef struct {
	char *name;
	guint threshold;
	GPtrArray *keys;      /* of PvTuf1Key; ids without a usable key are left out */
	gboolean terminating; /* what it does not name, nobody after it may */
	GPtrArray *paths;     /* of char*, globs; NULL if absent */
	GPtrArray
		*hash_prefixes; /* of char*, of sha256 of the path in hexadecimal; NULL if absent */
} PvTuf1Role;

void pv_tuf1_role_free(PvTuf1Role *role);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTuf1Role, pv_tuf1_role_free)

/* What timestamp says of snapshot, and snapshot of targets files. */
typedef struct {
	gint64 version;
	gint64 length;   /* -1 if absent */
	gboolean hashed; /* `hashes` is there … */
	PvDigest sha256; /* … perhaps with these; size 0 if absent */
	PvDigest sha512;
} PvTuf1Meta;

typedef struct {
	char *role; /* what it was parsed as: "targets", a delegation's name */
	PvTuf1Type type;
	GBytes *file;           /* the bytes as received */
	GBytes *canonical;      /* of `signed`: the input of signatures */
	GHashTable *signatures; /* key id → GBytes; empty if it was not hexadecimal */
	gint64 version;
	PvTime expires;
	GHashTable *keys;                 /* root and targets: key id → PvTuf1Key */
	PvTuf1Role *roles[PV_TUF1_TYPES]; /* root: all four */
	gboolean consistent_snapshot;     /* root */
	GHashTable *meta;                 /* timestamp, snapshot: "targets.json" → PvTuf1Meta */
	GHashTable *targets;    /* targets: path → PvFileMeta; hashes may both be absent */
	GPtrArray *delegations; /* targets: (nullable) of PvTuf1Role, in the order of the file */
	PvTuf1Role *bins;       /* targets: (nullable) succinct_roles; its name is the prefix */
	guint bin_bits;         /* 1 … 32 */
} PvTuf1Metadata;

/**
 * pv_tuf1_parse:
 * @type: what it must be
 * @role: for messages and the result: "targets", or a delegation's name
 * @file: untrusted; a reference is kept
 *
 * Strict JSON (base/canonical.h). Unknown members are kept in what is signed; keys of an unknown
 * type or scheme are left out. spec_version must be 1.x, version at least 1, expires to the second.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_ROLE, PV_ERROR_UNSUPPORTED; the sentence names
 * the file and the member.
 */
PvTuf1Metadata *pv_tuf1_parse(PvTuf1Type type, const char *role, GBytes *file, GError **error);

PvTuf1Metadata *pv_tuf1_ref(PvTuf1Metadata *metadata);
void pv_tuf1_unref(PvTuf1Metadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTuf1Metadata, pv_tuf1_unref)

/**
 * pv_tuf1_verify:
 * @role: whose keys and threshold to demand: the delegator's word
 *
 * Counts distinct keys with a good signature. Others and bad ones are ignored.
 *
 * Errors: PV_ERROR_SIGNATURE: how many are good, how many needed.
 */
gboolean pv_tuf1_verify(const PvTuf1Metadata *metadata, const PvTuf1Role *role, GError **error);

/**
 * pv_tuf1_check_expiry:
 *
 * Errors: PV_ERROR_EXPIRED: "timestamp (version 7) expired at …".
 */
gboolean pv_tuf1_check_expiry(const PvTuf1Metadata *metadata, PvTime now, GError **error);

/**
 * pv_tuf1_check_meta:
 * @meta: what the verified role above says
 * @what: "snapshot"
 *
 * Compares length and hashes, those that are there. Hashes of unknown kinds only are refused.
 *
 * Errors: PV_ERROR_MIX, PV_ERROR_UNSUPPORTED.
 */
gboolean pv_tuf1_check_meta(const PvTuf1Meta *meta, GBytes *file, const char *what, GError **error);

/**
 * pv_tuf1_keys_kept:
 *
 * Returns: FALSE if a key of @old is not in @new any more: it was rotated out.
 */
gboolean pv_tuf1_keys_kept(const PvTuf1Role *old, const PvTuf1Role *new);

/**
 * pv_tuf1_glob_matches:
 * @pattern: a shell pattern: `*` and `?` stand for characters other than `/`, `[a-z]` and `[!a-z]`
 * for one of a set
 * @path: a target's path; both are UTF-8
 */
gboolean pv_tuf1_glob_matches(const char *pattern, const char *path);

/**
 * pv_tuf1_role_covers:
 *
 * Returns: TRUE if the delegation @role is trusted for the target @path. One with neither paths nor
 * path_hash_prefixes is trusted for none.
 */
gboolean pv_tuf1_role_covers(const PvTuf1Role *role, const char *path);

/**
 * pv_tuf1_bin_name:
 * @targets: metadata with succinct_roles
 *
 * Returns: (transfer full): the name of the bin that is responsible for @path: "bin-07f".
 */
char *pv_tuf1_bin_name(const PvTuf1Metadata *targets, const char *path);

/**
 * pv_tuf1_file_name:
 * @name: untrusted: a role's or a target's
 * @suffix: ".json", or ""
 *
 * Returns: (transfer full): a name for a local file: never hidden, never with a slash, at most 255
 * bytes, another one for each @name.
 */
char *pv_tuf1_file_name(const char *name, const char *suffix);

/**
 * pv_tuf1_target_url:
 * @base: "http://host/targets/", with or without the slash at its end
 * @path: untrusted
 * @hash: (nullable): the digits that stand before the file's name
 *
 * Returns: (transfer full): each part of @path percent-encoded, the slashes between them kept.
 */
char *pv_tuf1_target_url(const char *base, const char *path, const char *hash);
