/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "vuln/cvss.h"
#include "vuln/versions.h"

/*
 * OSV records (ossf/osv-schema 1.7). Import reads whole records and keeps, for each package a record
 * affects, an entry with just what matching needs; the entry's JSON is what the database stores.
 */

/* One package that a record affects. */
typedef struct {
	char *ecosystem; /* "Debian:12", "npm" */
	char *name;
	json_t *entry; /* {"id","ids":[…],"aliases":[…],"severity","ranges":[[event…]…],"versions":[…]} */
} PvOsvAffected;

void pv_osv_affected_free(PvOsvAffected *affected);

/**
 * pv_osv_parse:
 * @bytes: untrusted: one record
 * @what: for messages
 * @ret_id: (out) (transfer full): the record's id
 *
 * A withdrawn record affects nothing. `ids` are the vulnerabilities it is about: the CVEs among id,
 * aliases and upstream, or the record's own id if there are none. GIT ranges are left out.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED (a range's type).
 *
 * Returns: (transfer full): PvOsvAffected, or NULL.
 */
GPtrArray *pv_osv_parse(GBytes *bytes, const char *what, char **ret_id, GError **error);

/**
 * pv_osv_is_affected:
 * @entry: of a PvOsvAffected, or as it came back from the database
 * @ret_fixed: (out) (transfer none) (nullable): the first fixed version above @version, in the range
 * that holds it; of a version that is only listed, in any range
 *
 * Source: osv-schema, "Evaluation".
 */
gboolean pv_osv_is_affected(const json_t *entry, const PvVersionOrder *order, const char *version,
			    const char **ret_fixed);
