/* SPDX-License-Identifier: Apache-2.0 */

/*
 * npm packages: package.json directly in a package's own directory below node_modules, so that the
 * test data and templates which packages carry do not count. A file without name and version is
 * not a package's (some name only a module type) and passes silently. npm, package.json(5).
 */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "catalog/catalog.h"

#define MODULES "node_modules/"
#define FILE    "/package.json"

/* Whether what follows node_modules/ is NAME/package.json or @SCOPE/NAME/package.json. */
static gboolean is_package(const char *rest)
{
	const char *slash = strchr(rest, '/');

	if (rest[0] == '@' && slash)
		slash = strchr(slash + 1, '/');
	return slash && slash != rest && rest[0] != '.' && strcmp(slash, FILE) == 0;
}

static gboolean wants(const char *path)
{
	const char *at = path, *last = NULL;

	if (!g_str_has_suffix(path, FILE))
		return FALSE;
	while ((at = strstr(at, MODULES))) {
		if (at == path || at[-1] == '/')
			last = at;
		at += strlen(MODULES);
	}
	return last && is_package(last + strlen(MODULES));
}

static gboolean parse(const char *path, const guint8 *data, gsize size, const PvFindings *findings,
		      GError **error)
{
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(json_t) manifest = NULL;
	PvFoundPackage found = { .type = "npm", .architecture = "" };

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { /* npm passes over this mark */
		data += 3;
		size -= 3;
	}
	bytes = g_bytes_new_static(data, size);
	manifest = pv_json_load(bytes, PV_PACKAGE_FILE_BYTES_MAX, "package.json", error);
	if (!manifest)
		return FALSE;
	found.name = found.source_name = pv_json_string(manifest, "name");
	found.version = found.source_version = pv_json_string(manifest, "version");
	if (!found.name || !*found.name || !found.version || !*found.version)
		return TRUE;
	return findings->package(findings->sink, &found, error);
}

const PvCataloger pv_catalog_npm = {
	.name = "npm",
	.description = "npm packages, from node_modules/NAME/package.json",
	.max_bytes = PV_PACKAGE_FILE_BYTES_MAX,
	.wants = wants,
	.parse = parse,
};
