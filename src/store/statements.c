/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The tables and the statements. A file of metadata is a recipe (files.pieces: SHA-256 after
 * SHA-256) of pieces that are stored once for a GUN and role, whatever number of versions has them;
 * a piece that the newest version does not have any more says so (dropped: the last version with
 * it), so that it goes with that version. A file of one piece has that piece's hash. Pieces belong
 * to a GUN and role: nothing can be read by its hash from another.
 */

#include "store/statements.h"

/* size: of data, so that a look at what is there need not read it. */
#define ATTESTATIONS                                                                \
	"CREATE TABLE trust_attestations (gun TEXT NOT NULL, key_id TEXT NOT NULL," \
	" sha256 BYTEA NOT NULL, created BIGINT NOT NULL, size BIGINT NOT NULL,"    \
	" data BYTEA NOT NULL, PRIMARY KEY (gun, key_id))"

const char *const pv_sql_schema[] = {
	"CREATE TABLE trust_state (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
	/* bytes: of all its pieces; expires: of the newest timestamp, claimed: until then by one
	 * of the services that look for what to renew. The row is also the GUN's lock. */
	"CREATE TABLE trust_repositories (gun TEXT PRIMARY KEY, bytes BIGINT NOT NULL,"
	" expires BIGINT NOT NULL, claimed BIGINT NOT NULL)",
	"CREATE INDEX trust_repositories_by_expiry ON trust_repositories (expires)",
	"CREATE TABLE trust_files (gun TEXT NOT NULL, role TEXT NOT NULL, version BIGINT NOT NULL,"
	" sha256 BYTEA NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL,"
	" pieces BYTEA NOT NULL, PRIMARY KEY (gun, role, version))",
	"CREATE INDEX trust_files_by_hash ON trust_files (gun, role, sha256)",
	"CREATE TABLE trust_pieces (gun TEXT NOT NULL, role TEXT NOT NULL, sha256 BYTEA NOT NULL,"
	" dropped BIGINT, size BIGINT NOT NULL, data BYTEA NOT NULL,"
	" PRIMARY KEY (gun, role, sha256))",
	"CREATE INDEX trust_pieces_by_drop ON trust_pieces (gun, role, dropped)"
	" WHERE dropped IS NOT NULL",
	"CREATE TABLE trust_changes (id BIGINT PRIMARY KEY, created BIGINT NOT NULL,"
	" nanoseconds BIGINT NOT NULL, gun TEXT NOT NULL, version BIGINT NOT NULL,"
	" sha256 TEXT NOT NULL, deletion BIGINT NOT NULL)",
	"CREATE INDEX trust_changes_by_gun ON trust_changes (gun, id)",
	ATTESTATIONS,
	"INSERT INTO trust_state (name, value) VALUES ('feed', 0)",
	"INSERT INTO trust_state (name, value) VALUES ('guns', 0)",
	"INSERT INTO trust_state (name, value) VALUES ('schema', " G_STRINGIFY(PV_STORE_SCHEMA) ")",
	NULL,
};

const char *const *pv_sql_step(gint64 version)
{
	static const char *const from_2[] = {
		ATTESTATIONS, "UPDATE trust_state SET value = 3 WHERE name = 'schema'", NULL
	};

	return version == 2 ? from_2 : NULL;
}

#define FILE_COLUMNS                                                                             \
	"SELECT f.version, f.created, f.sha256, f.pieces, p.data FROM trust_files f"             \
	" LEFT JOIN trust_pieces p ON p.gun = f.gun AND p.role = f.role AND p.sha256 = f.sha256" \
	" WHERE f.gun = $1 AND f.role = $2 "
#define CHANGE_COLUMNS "SELECT id, created, nanoseconds, gun, version, sha256, deletion"

const char *const pv_sql_statements[PV_SQL_STATEMENTS] = {
	[PV_SQL_GET_NEWEST] = FILE_COLUMNS "ORDER BY f.version DESC LIMIT 1",
	[PV_SQL_GET_VERSION] = FILE_COLUMNS "AND f.version = $3",
	[PV_SQL_GET_HASH] = FILE_COLUMNS "AND f.sha256 = $3 ORDER BY f.version DESC LIMIT 1",
	[PV_SQL_GET_PIECE] = "SELECT data FROM trust_pieces WHERE gun = $1 AND role = $2"
			     " AND sha256 = $3",
	[PV_SQL_CHANGES_AFTER] =
		CHANGE_COLUMNS " FROM trust_changes WHERE id > $1 ORDER BY id LIMIT $2",
	[PV_SQL_CHANGES_BEFORE] =
		CHANGE_COLUMNS " FROM trust_changes WHERE id < $1 ORDER BY id DESC LIMIT $2",
	[PV_SQL_GUN_CHANGES_AFTER] = CHANGE_COLUMNS
	" FROM trust_changes WHERE id > $1 AND gun = $3 ORDER BY id LIMIT $2",
	[PV_SQL_GUN_CHANGES_BEFORE] = CHANGE_COLUMNS
	" FROM trust_changes WHERE id < $1 AND gun = $3 ORDER BY id DESC LIMIT $2",
	[PV_SQL_SCHEMA] = "SELECT value FROM trust_state WHERE name = 'schema'",
	[PV_SQL_FEED] = "SELECT value FROM trust_state WHERE name = 'feed'",

	[PV_SQL_GET_ATTESTATION] = "SELECT sha256, created, size, data FROM trust_attestations"
				   " WHERE gun = $1 AND key_id = $2",
	/* Makes the row of a new GUN and locks it in any case. */
	[PV_SQL_LOCK] = "INSERT INTO trust_repositories (gun, bytes, expires, claimed)"
			" VALUES ($1, 0, 0, 0)"
			" ON CONFLICT (gun) DO UPDATE SET gun = excluded.gun RETURNING bytes",
	[PV_SQL_NEWEST] = "SELECT version, sha256, pieces FROM trust_files"
			  " WHERE gun = $1 AND role = $2 ORDER BY version DESC LIMIT 1",
	[PV_SQL_INSERT_FILE] = "INSERT INTO trust_files"
			       " (gun, role, version, sha256, created, expires, pieces)"
			       " VALUES ($1, $2, $3, $4, $5, $6, $7)",
	[PV_SQL_INSERT_PIECE] = "INSERT INTO trust_pieces (gun, role, sha256, size, data)"
				" VALUES ($1, $2, $3, $4, $5)",
	[PV_SQL_REVIVE_PIECE] = "UPDATE trust_pieces SET dropped = NULL"
				" WHERE gun = $1 AND role = $2 AND sha256 = $3",
	[PV_SQL_DROP_PIECE] = "UPDATE trust_pieces SET dropped = $4"
			      " WHERE gun = $1 AND role = $2 AND sha256 = $3",
	[PV_SQL_SET_REPOSITORY] = "UPDATE trust_repositories SET bytes = bytes + $2,"
				  " expires = coalesce($3, expires), claimed = 0 WHERE gun = $1"
				  " RETURNING bytes",
	/* The last lock that a transaction takes: ids become visible in their order. */
	[PV_SQL_NEXT_CHANGE] = "UPDATE trust_state SET value = value + 1 WHERE name = 'feed'"
			       " RETURNING value",
	[PV_SQL_INSERT_CHANGE] = "INSERT INTO trust_changes"
				 " (id, created, nanoseconds, gun, version, sha256, deletion)"
				 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
	[PV_SQL_COUNT_GUN] = "UPDATE trust_state SET value = value + $1 WHERE name = 'guns'"
			     " RETURNING value",
	[PV_SQL_NTH_CHANGE] = "SELECT created FROM trust_changes WHERE gun = $1"
			      " ORDER BY id DESC LIMIT 1 OFFSET $2",

	[PV_SQL_COUNT_ATTESTATIONS] = "SELECT count(*) FROM trust_attestations WHERE gun = $1",
	[PV_SQL_PUT_ATTESTATION] = "INSERT INTO trust_attestations"
				   " (gun, key_id, sha256, created, size, data)"
				   " VALUES ($1, $2, $3, $4, $5, $6)"
				   " ON CONFLICT (gun, key_id) DO UPDATE SET"
				   " sha256 = excluded.sha256, created = excluded.created,"
				   " size = excluded.size, data = excluded.data",

	/* The lower of: what was current at $3; the oldest of the newest $4. */
	[PV_SQL_OLDEST_KEPT] =
		"SELECT (SELECT max(version) FROM trust_files"
		" WHERE gun = $1 AND role = $2 AND created <= $3),"
		" (SELECT min(version) FROM (SELECT version FROM trust_files"
		" WHERE gun = $1 AND role = $2 ORDER BY version DESC LIMIT $4) AS newest)",
	[PV_SQL_PRUNE_FILES] = "DELETE FROM trust_files"
			       " WHERE gun = $1 AND role = $2 AND version < $3",
	[PV_SQL_PRUNE_PIECES] = "DELETE FROM trust_pieces"
				" WHERE gun = $1 AND role = $2 AND dropped < $3 RETURNING size",

	[PV_SQL_REMOVE_REPOSITORY] = "DELETE FROM trust_repositories WHERE gun = $1",
	[PV_SQL_REMOVE_FILES] = "DELETE FROM trust_files WHERE gun = $1",
	[PV_SQL_REMOVE_PIECES] = "DELETE FROM trust_pieces WHERE gun = $1",
	[PV_SQL_REMOVE_ATTESTATIONS] = "DELETE FROM trust_attestations WHERE gun = $1",

	/* Said twice, so that of two services that ask at once the later one gets none. */
	[PV_SQL_CLAIM_EXPIRING] =
		"UPDATE trust_repositories SET claimed = $3 WHERE gun IN (SELECT gun"
		" FROM trust_repositories WHERE expires < $1 AND claimed <= $2"
		" ORDER BY expires LIMIT $4) AND claimed <= $2 RETURNING gun",
};
