/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/clock.h"
#include "crypto/key.h"

/* One metadata file as it came from a source. */
typedef struct {
	char *role;
	gint64 version;
	GBytes *data;
	PvTime created;
	PvTime expires;      /* written by pv_migrate_verify() */
	gboolean is_current; /* likewise: a root, or named by what is current */
} PvMigrateFile;

void pv_migrate_file_free(PvMigrateFile *file);

/**
 * pv_migrate_verify:
 * @files: of PvMigrateFile, untrusted: all roots by rising version, and the newest of other roles
 * @notes: char* are added: what is odd and no reason to refuse
 * @ret_timestamp_keys: (out) (transfer full): char*: ids of the keys that may sign timestamps
 * @ret_snapshot_keys: likewise
 *
 * Checks what a client would check: each root is signed by the keys of the one before it and by its
 * own, timestamp, snapshot and targets by those the newest root names, and each file has the hash
 * by which the one above vouches for it. That something has expired, or that a delegation lacks
 * signatures (clients ignore it then), is a note.
 *
 * Errors: PV_ERROR_SIGNATURE, PV_ERROR_MIX, PV_ERROR_NOT_FOUND (a file is missing),
 * PV_ERROR_SYNTAX and others of the parser.
 */
gboolean pv_migrate_verify(GPtrArray *files, PvTime now, GPtrArray *notes,
			   GPtrArray **ret_timestamp_keys, GPtrArray **ret_snapshot_keys,
			   GError **error);
