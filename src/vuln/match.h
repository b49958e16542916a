/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "catalog/inventory.h"
#include "vuln/cvss.h"
#include "vuln/database.h"

/* One installed package and one vulnerability. */
typedef struct {
	const char *id;        /* the CVE where there is one */
	GPtrArray *advisories; /* of const char*: the records it came from, sorted */
	GPtrArray *aliases;    /* of const char*: other names, sorted */
	const PvPackage *package;
	const char *fixed; /* the version that cures it; "" if none is known */
	PvSeverity severity;
} PvFinding;

/* Packages that nothing is known of: no finding among them says nothing. */
typedef struct {
	const char *type;
	const char *ecosystem; /* "" if the distribution's advisories are not read at all */
	guint packages;
} PvUnmatched;

/* Owns its strings; the packages are the inventory's, which must outlive it. */
typedef struct {
	GStringChunk *strings;
	GPtrArray *findings; /* of PvFinding: worst first, then by package and id */
	GArray *unmatched;   /* of PvUnmatched, by type */
	guint counts[PV_SEVERITY_COUNT];
} PvMatch;

void pv_match_free(PvMatch *match);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvMatch, pv_match_free)

/**
 * pv_match:
 *
 * Looks up every package of @inventory. Distribution packages are looked up by their source package
 * and source version in the release's own ecosystem ("Debian:12", "Alpine:v3.19") and in the
 * distribution's ("Debian": a record that names no release means all), others in their language's. Records that speak of one vulnerability of one package are one finding: all records
 * are listed, the severest rating and the highest fixed version count.
 *
 * Errors: those of pv_database_find().
 */
PvMatch *pv_match(const PvInventory *inventory, PvDatabase *database, GError **error);

/**
 * pv_match_ecosystem:
 * @type: a package's type: "deb", "apk", "npm"
 * @ret_order: (out): the version order to use
 *
 * Returns: (transfer full) (nullable): the ecosystem, or NULL if nothing is known of such packages.
 */
char *pv_match_ecosystem(const PvDistro *distro, const char *type, const char **ret_order);
