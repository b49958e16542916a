/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * All SQL of the store, once for all backends: what SQLite and PostgreSQL (and those that speak
 * like it) both understand. Parameters are $1, $2 …; nothing else is ever put into the text.
 */

#define PV_STORE_SCHEMA 3 /* the version of the tables below; in trust_state under 'schema' */

typedef enum {
	/* reading */
	PV_SQL_GET_NEWEST,
	PV_SQL_GET_VERSION,
	PV_SQL_GET_HASH,
	PV_SQL_GET_PIECE,
	PV_SQL_CHANGES_AFTER,
	PV_SQL_CHANGES_BEFORE,
	PV_SQL_GUN_CHANGES_AFTER,
	PV_SQL_GUN_CHANGES_BEFORE,
	PV_SQL_SCHEMA,
	PV_SQL_FEED,
	PV_SQL_GET_ATTESTATION,
	/* publishing */
	PV_SQL_LOCK,
	PV_SQL_NEWEST,
	PV_SQL_INSERT_FILE,
	PV_SQL_INSERT_PIECE,
	PV_SQL_REVIVE_PIECE,
	PV_SQL_DROP_PIECE,
	PV_SQL_SET_REPOSITORY,
	PV_SQL_NEXT_CHANGE,
	PV_SQL_INSERT_CHANGE,
	PV_SQL_COUNT_GUN,
	PV_SQL_NTH_CHANGE,
	PV_SQL_COUNT_ATTESTATIONS,
	PV_SQL_PUT_ATTESTATION,
	/* retention */
	PV_SQL_OLDEST_KEPT,
	PV_SQL_PRUNE_FILES,
	PV_SQL_PRUNE_PIECES,
	/* deletion */
	PV_SQL_REMOVE_REPOSITORY,
	PV_SQL_REMOVE_FILES,
	PV_SQL_REMOVE_PIECES,
	PV_SQL_REMOVE_ATTESTATIONS,
	/* renewal */
	PV_SQL_CLAIM_EXPIRING,
	PV_SQL_STATEMENTS
} PvStatement;

/* The texts, and NULL-terminated what makes the tables. */
extern const char *const pv_sql_statements[PV_SQL_STATEMENTS];
extern const char *const pv_sql_schema[];

/* (nullable): NULL-terminated what makes schema @version + 1 of @version, its new number too. */
const char *const *pv_sql_step(gint64 version);
