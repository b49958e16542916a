/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/key.h"

/*
 * Trust metadata as checked structures. Parsing trusts nothing and proves nothing: a PvMetadata is
 * unverified until pv_metadata_verify() has accepted it for a role's keys and threshold.
 *
 * The dialect (here Notary v1: tuf/notary.c, trust.md section 2) decides spelling; the structures
 * and the checks are the same for every dialect.
 */

typedef enum {
	PV_ROLE_ROOT,
	PV_ROLE_TARGETS,
	PV_ROLE_SNAPSHOT,
	PV_ROLE_TIMESTAMP,
	PV_ROLE_DELEGATION /* targets/… */
} PvRoleKind;

/**
 * pv_role_kind:
 * @name: untrusted: base role, or `targets/…` of `[-a-z0-9_/]`, path-clean, under 256 bytes
 *
 * Errors: PV_ERROR_ROLE.
 */
gboolean pv_role_kind(const char *name, PvRoleKind *ret_kind, GError **error);

/* A role: who may sign it, how many must, and for a delegation which paths (prefixes). */
typedef struct {
	char *name;
	guint threshold;
	GPtrArray *keys;  /* of PvPublicKey; ids that the key table lacks are left out */
	GPtrArray *paths; /* of char*; NULL for base roles; [""] is everything, empty is nothing */
} PvRole;

PvRole *pv_role_new(const char *name, guint threshold);
PvRole *pv_role_copy(const PvRole *role); /* keys are shared, which never change */
void pv_role_free(PvRole *role);

/* TRUE if @name is below one of a delegation's paths. */
gboolean pv_role_covers(const PvRole *role, const char *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvRole, pv_role_free)

typedef struct {
	char *key_id;
	char *method; /* lower case */
	GBytes *bytes;
} PvSignature;

/* Hashes and length of a file (in snapshot and timestamp) or of an image (a target). */
typedef struct {
	guint64 length;
	PvDigest sha256; /* size 0 if absent */
	PvDigest sha512; /* size 0 if absent */
	GBytes *custom;  /* canonical JSON of a target's `custom`, or NULL */
} PvFileMeta;

/* Where a member of `targets` stands in its file: from the quote of its name to its value's end. */
typedef struct {
	guint32 at, size;
} PvTargetPlace;

/* Where all of them stand, in the order of their names. */
typedef struct {
	guint32 start, end; /* the braces of `targets` and what is between them */
	GArray *members;    /* of PvTargetPlace */
} PvTargetPlaces;

PvTargetPlaces *pv_target_places_new(guint count);
void pv_target_places_free(PvTargetPlaces *places);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTargetPlaces, pv_target_places_free)

typedef struct {
	GBytes *file;          /* the bytes as received; hashes in other roles are over these */
	GBytes *canonical;     /* of `signed`: the input of signatures */
	GPtrArray *signatures; /* of PvSignature */
	char *role;            /* the name it was parsed for */
	PvRoleKind kind;
	gint64 version;
	PvTime expires;
	/* root: name → PvRole for root, targets, snapshot, timestamp.
	 * targets and delegations: name → PvRole of what they delegate to. */
	GHashTable *roles;
	GPtrArray *role_order; /* (borrowed names) delegations in the order of the file */
	/* root: (nullable) PvPublicKey in the key table that no role names: former certificates. */
	GPtrArray *other_keys;
	/* targets and delegations: name → PvFileMeta. snapshot and timestamp: role → PvFileMeta. */
	GHashTable *files;
	GPtrArray *file_names;  /* (borrowed) of @files, in the order of the file */
	PvTargetPlaces *places; /* (nullable) of pv_metadata_parse_for_index() */
	/*
	 * (nullable) What is known of the file since it was verified before (tuf/index.h): its
	 * length and hashes, and the ids of keys whose signatures are good, which are not verified
	 * again. @file and @canonical are then NULL if the file was not read whole: no other
	 * signature counts.
	 */
	PvFileMeta *known;
	GHashTable *proven; /* set of char* */
} PvMetadata;

/**
 * pv_metadata_parse:
 * @role: the role it is to be
 * @file: untrusted; a reference is kept
 *
 * Strict (trust.md 1.8: exact member names, no duplicates, no trailing bytes; a member equal to a
 * known name only when case is ignored is refused; other unknown members are kept in what is
 * signed). `_type` must fit the role; version at least 1.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_ROLE, PV_ERROR_KEY; the sentence names the file
 * and the member.
 */
PvMetadata *pv_metadata_parse(const char *role, GBytes *file, GError **error);

/**
 * pv_metadata_parse_known:
 *
 * As pv_metadata_parse() for bytes that were parsed and verified before: whether its keys are
 * usable is not looked at again (pv_public_key_new_known()).
 */
PvMetadata *pv_metadata_parse_known(const char *role, GBytes *file, GError **error);

/**
 * pv_metadata_parse_for_index:
 * @only: (nullable): keep this target alone; all others are checked as strictly, but not kept
 *
 * As pv_metadata_parse(), and of targets and delegations notes where each target stands in the
 * file, if they stand in the order of their names.
 */
PvMetadata *pv_metadata_parse_for_index(const char *role, GBytes *file, const char *only,
					GError **error);

/**
 * pv_target_parse:
 * @text: one member of `targets`, `"NAME":{…}`, untrusted
 * @ret_name: (out): which target it is
 *
 * Reads a single target as pv_metadata_parse() does.
 */
PvFileMeta *pv_target_parse(const char *text, gsize size, char **ret_name, GError **error);

/* @name, @meta: (transfer full): one more in `files`, under a name that is not there yet. */
void pv_metadata_add_file(PvMetadata *metadata, char *name, PvFileMeta *meta);

PvMetadata *pv_metadata_ref(PvMetadata *metadata);
void pv_metadata_unref(PvMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvMetadata, pv_metadata_unref)

/**
 * pv_metadata_verify:
 * @role: whose keys and threshold to demand
 *
 * Counts distinct keys of @role with a good signature (pv_public_key_same(): one key under two
 * certificates, or in two spellings, counts once). Signatures of other keys and invalid ones are ignored (trust.md 0.1,
 * row 2.3).
 *
 * Errors: PV_ERROR_SIGNATURE: how many are good, how many needed.
 */
gboolean pv_metadata_verify(const PvMetadata *metadata, const PvRole *role, GError **error);

/**
 * pv_metadata_prove:
 *
 * As pv_metadata_verify(), and remembers in @metadata whose signatures are good: from then on it is
 * for no other role's keys.
 */
gboolean pv_metadata_prove(PvMetadata *metadata, const PvRole *role, GError **error);

/**
 * pv_metadata_signers:
 *
 * Returns: (transfer full): (borrowed from @role) the keys of @role with a good signature on
 * @metadata.
 */
GPtrArray *pv_metadata_signers(const PvMetadata *metadata, const PvRole *role);

/**
 * pv_metadata_check_expiry:
 *
 * Errors: PV_ERROR_EXPIRED: "timestamp (version 7) expired at …".
 */
gboolean pv_metadata_check_expiry(const PvMetadata *metadata, PvTime now, GError **error);

/* The same of a role of whatever dialect. */
gboolean pv_role_check_expiry(const char *role, gint64 version, PvTime expires, PvTime now,
			      GError **error);

/**
 * pv_file_meta_check:
 * @meta: what a verified snapshot or timestamp says of @file; sha256 must be there
 * @what: "targets"
 *
 * Compares the length and each hash that is there. Errors: PV_ERROR_MIX.
 */
gboolean pv_file_meta_check(const PvFileMeta *meta, GBytes *file, const char *what, GError **error);

/* The same of a file whose length and both hashes were @measured. */
gboolean pv_file_meta_compare(const PvFileMeta *meta, const PvFileMeta *measured, const char *what,
			      GError **error);

PvFileMeta *pv_file_meta_new(GBytes *file); /* sha256, sha512 and length of @file */
PvFileMeta *pv_file_meta_copy(const PvFileMeta *meta);
void pv_file_meta_free(PvFileMeta *meta);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvFileMeta, pv_file_meta_free)

/* --- writing ------------------------------------------------------------------------------ */

/* Metadata to be written; plain, filled by the caller. */
typedef struct {
	PvRoleKind kind;
	gint64 version;
	PvTime expires;
	GHashTable *roles; /* (borrowed) name → PvRole: root's four, or delegations; may be NULL */
	GPtrArray *role_order; /* (borrowed) order of delegations; NULL sorts by name */
	GHashTable *files;     /* (borrowed) name → PvFileMeta; may be NULL */
	GPtrArray
		*other_keys; /* (borrowed) root: kept in the key table though no role names them */
} PvMetadataDraft;

/**
 * pv_metadata_write_signed:
 *
 * Returns: (transfer full): the canonical `signed` object (trust.md 0.1: exactly these members),
 * which is what signers sign. Names with control characters are refused: PV_ERROR_SYNTAX.
 */
GBytes *pv_metadata_write_signed(const PvMetadataDraft *draft, GError **error);

/**
 * pv_metadata_write_file:
 * @signed_part: of pv_metadata_write_signed(), or the `canonical` of existing metadata
 * @signatures: of PvSignature
 *
 * Returns: (transfer full): `{"signed":…,"signatures":[…]}` byte-exactly as trust.md 0.1 demands. A
 * key id or method that is not of printable ASCII without quotes is refused: PV_ERROR_SYNTAX.
 */
GBytes *pv_metadata_write_file(GBytes *signed_part, GPtrArray *signatures, GError **error);

PvSignature *pv_signature_new(const char *key_id, const char *method, GBytes *bytes);
void pv_signature_free(PvSignature *signature);

/**
 * pv_metadata_sign:
 * @signed_part: what to sign
 * @key_id: the id under which the role lists the key (x509 id for root)
 *
 * Returns: (transfer full): a signature by a private key held here.
 */
PvSignature *pv_metadata_sign(GBytes *signed_part, const char *key_id, const PvPrivateKey *key,
			      GError **error);
