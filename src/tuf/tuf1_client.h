/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/tuf1.h"

/*
 * The client workflow of TUF 1.0 (specification 1.0.34, section 5): from a trusted root in a
 * directory to fresh, consistent, verified metadata, and to what is signed of one target.
 *
 * The directory holds what is trusted, byte for byte as it was received: root.json, timestamp.json,
 * snapshot.json, targets.json and a file for each delegated role. Each is written as soon as it is
 * verified, so that an update that fails later still remembers what was seen (no rollback).
 */

typedef struct {
	/*
	 * Gets a file below the metadata URL: "2.root.json", "timestamp.json"; @name is ready for a
	 * URL. Errors: PV_ERROR_NOT_FOUND if there is no such file, PV_ERROR_LIMIT, others.
	 */
	GBytes *(*fetch)(void *remote, const char *name, gsize max_bytes, GError **error);
	void *remote;
} PvTuf1Remote;

typedef struct PvTuf1Client PvTuf1Client;

/**
 * pv_tuf1_client_init:
 * @directory: made if it is missing
 * @root: what to trust from now on; replaces a root that was there
 *
 * Errors: as pv_tuf1_parse(); PV_ERROR_SIGNATURE (not signed by its own keys), PV_ERROR_IO.
 */
gboolean pv_tuf1_client_init(const char *directory, GBytes *root, GError **error);

/**
 * pv_tuf1_client_new:
 * @directory: with a trusted root.json; locked until pv_tuf1_client_free()
 * @now: the moment that counts for all expiry of this update
 * @remote: copied
 *
 * Errors: PV_ERROR_ROOT (no usable root.json), PV_ERROR_IO.
 */
PvTuf1Client *pv_tuf1_client_new(const char *directory, PvTime now, const PvTuf1Remote *remote,
				 GError **error);
void pv_tuf1_client_free(PvTuf1Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTuf1Client, pv_tuf1_client_free)

/**
 * pv_tuf1_client_refresh:
 *
 * Root, timestamp, snapshot, targets. Errors: PV_ERROR_SIGNATURE, PV_ERROR_EXPIRED,
 * PV_ERROR_ROLLBACK, PV_ERROR_MIX, PV_ERROR_NOT_FOUND, PV_ERROR_LIMIT, and those of the parser and
 * the remote.
 */
gboolean pv_tuf1_client_refresh(PvTuf1Client *client, GError **error);

/**
 * pv_tuf1_client_find:
 * @client: refreshed
 * @path: a target's
 *
 * Searches targets and its delegations in pre-order, only through those trusted for @path. Each
 * role is verified by who delegates to it on this way, also if another way led to it before.
 *
 * Errors: PV_ERROR_NOT_FOUND (nobody names it), PV_ERROR_LIMIT (more than PV_TUF1_VISITS_MAX
 * delegated roles), and those of pv_tuf1_client_refresh().
 *
 * Returns: (transfer none): lives until the next call.
 */
const PvFileMeta *pv_tuf1_client_find(PvTuf1Client *client, const char *path, GError **error);

/* The verified metadata; NULL before pv_tuf1_client_refresh(). */
const PvTuf1Metadata *pv_tuf1_client_root(const PvTuf1Client *client);
const PvTuf1Metadata *pv_tuf1_client_timestamp(const PvTuf1Client *client);
const PvTuf1Metadata *pv_tuf1_client_snapshot(const PvTuf1Client *client);

/* --- targets ------------------------------------------------------------------------------ */

/* A target's bytes on their way, compared with what is signed of it. */
typedef struct PvTuf1TargetCheck PvTuf1TargetCheck;

/**
 * pv_tuf1_target_check_new:
 * @meta: of pv_tuf1_client_find(); must outlive the check
 *
 * Errors: PV_ERROR_UNSUPPORTED (hashes of unknown kinds only), PV_ERROR_LIMIT (too large).
 */
PvTuf1TargetCheck *pv_tuf1_target_check_new(const PvFileMeta *meta, GError **error);

/* Errors: PV_ERROR_DIGEST: longer than signed. */
gboolean pv_tuf1_target_check_feed(PvTuf1TargetCheck *check, const void *data, gsize size,
				   GError **error);

/* After the last byte. Errors: PV_ERROR_DIGEST. */
gboolean pv_tuf1_target_check_finish(PvTuf1TargetCheck *check, GError **error);
void pv_tuf1_target_check_free(PvTuf1TargetCheck *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTuf1TargetCheck, pv_tuf1_target_check_free)

/**
 * pv_tuf1_target_is_current:
 * @path: a local file
 *
 * Returns: TRUE if it is a regular file with the signed length and hashes.
 */
gboolean pv_tuf1_target_is_current(const char *path, const PvFileMeta *meta);
