/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How to add a cataloger (this file is not built):
 *
 * 1. Copy it to src/catalog/NAME.c. This paragraph becomes: which file of which package manager is
 *    read, and which document says what is in it.
 * 2. Write wants() (a path from the root, without leading slash) and parse() (bytes in, findings
 *    out: no file access, no recursion, no allocation that the input can size without a limit).
 * 3. Declare pv_catalog_NAME in catalog.h, list it in registry.c and its file in meson.build, each
 *    in alphabetic order.
 * 4. Add tests/unit/catalog/NAME.c and fuzz/NAME.c with its corpus (a copy of fuzz/apk.c: only the
 *    name differs), and their lines in the meson.build files and in fuzz/parsers.
 * 5. If the package type is new, say in purl.c which namespace its purl has, and in vuln/ which
 *    ecosystem its advisories are under and how its versions order.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/catalog.h"

static gboolean wants(const char *path)
{
	return strcmp(path, "var/lib/NAME/installed") == 0;
}

static gboolean parse(const char *path, const guint8 *data, gsize size, const PvFindings *findings,
		      GError **error)
{
	PvFoundPackage found = { "NAME", "package", "1.0", "", "package", "1.0" };

	if (size == 0)
		return pv_fail(error, PV_ERROR_SYNTAX, "%s is empty", path);
	return findings->package(findings->sink, &found, error);
}

const PvCataloger pv_catalog_NAME = {
	.name = "NAME",
	.description = "what it reads, for `pavise scan --list`",
	.max_bytes = PV_PACKAGE_DATABASE_BYTES_MAX,
	.wants = wants,
	.parse = parse,
};
