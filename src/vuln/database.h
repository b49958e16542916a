/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <jansson.h>

/*
 * The advisory database: one LMDB file that is written once, at import, and then only read, by mmap.
 * Keys are "ecosystem\0package\0record id\0" and a number; values are entries of vuln/osv as JSON.
 */

/**
 * pv_database_path:
 * @named: (nullable): --db
 *
 * Returns: (transfer full): @named, $PAVISE_DB, /var/lib/pavise/advisories.mdb for root, else
 * ~/.local/share/pavise/advisories.mdb.
 */
char *pv_database_path(const char *named);

/* --- reading ------------------------------------------------------------------------------ */

typedef struct PvDatabase PvDatabase;

/**
 * pv_database_open:
 *
 * Errors: PV_ERROR_NOT_FOUND (with the command that makes one), PV_ERROR_SYNTAX (no such database,
 * or one of another version), PV_ERROR_IO.
 */
PvDatabase *pv_database_open(const char *path, GError **error);
void pv_database_close(PvDatabase *database);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvDatabase, pv_database_close)

/*
 * (transfer none): {"schema","created","digest","records","entries","skipped","sources":[{"name",
 * "records","sha256"}],"ecosystems":{NAME: entries}}; the digest is of all keys and values, equal for
 * equal records.
 */
const json_t *pv_database_about(const PvDatabase *database);

/* TRUE if the database has an advisory for any package of @ecosystem. */
gboolean pv_database_covers(const PvDatabase *database, const char *ecosystem);

/**
 * pv_database_find:
 *
 * Returns: (transfer full): the entries for a package, sorted by record id; empty if there are none.
 */
json_t *pv_database_find(PvDatabase *database, const char *ecosystem, const char *name,
			 GError **error);

/* --- writing ------------------------------------------------------------------------------ */

typedef struct PvDatabaseWriter PvDatabaseWriter;

/**
 * pv_database_writer_new:
 * @path: the file to make or replace; it is not touched before pv_database_writer_finish()
 */
PvDatabaseWriter *pv_database_writer_new(const char *path, GError **error);

/* Gives up what was not finished and removes it. */
void pv_database_writer_free(PvDatabaseWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvDatabaseWriter, pv_database_writer_free)

/**
 * pv_database_writer_add:
 * @record: untrusted: one OSV record
 *
 * A second record of one id adds to the first.
 *
 * Errors: those of pv_osv_parse(): nothing of the record was added, others may follow. After
 * PV_ERROR_IO and the file's own PV_ERROR_LIMIT pv_database_writer_has_failed() is TRUE and nothing
 * may follow.
 */
gboolean pv_database_writer_add(PvDatabaseWriter *writer, GBytes *record, const char *what,
				GError **error);

gboolean pv_database_writer_has_failed(const PvDatabaseWriter *writer);

/**
 * pv_database_writer_finish:
 * @sources: (transfer none): what `about` is to say of them
 * @skipped: records that were refused
 *
 * Syncs the file, makes it read-only and renames it to its place.
 */
gboolean pv_database_writer_finish(PvDatabaseWriter *writer, const json_t *sources, guint64 skipped,
				   GError **error);

guint64 pv_database_writer_records(const PvDatabaseWriter *writer);
