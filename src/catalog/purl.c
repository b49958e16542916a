/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Package URLs, the common name of a package in reports and VEX documents.
 */

#include "catalog/purl.h"

#include <string.h>

/* Percent encoding; the colon of an epoch stays, as purl's canonical form has it. */
static void append_encoded(GString *purl, const char *text, gsize size, gboolean lower)
{
	for (gsize i = 0; i < size; i++) {
		guint8 c = (guint8)(lower ? g_ascii_tolower(text[i]) : text[i]);

		if (g_ascii_isalnum(c) || memchr(".-_~:", c, 5))
			g_string_append_c(purl, (char)c);
		else
			g_string_append_printf(purl, "%%%02X", c);
	}
}

static void append_name(GString *purl, const PvPackage *package, const PvDistro *distro)
{
	gboolean of_distro = strcmp(package->type, "npm") != 0;
	const char *name = package->name;
	const char *slash = name[0] == '@' ? strchr(name, '/') : NULL;

	if (of_distro) {
		const char *vendor = *distro->id ? distro->id : NULL;

		if (!vendor) /* no os-release: the distribution the format comes from */
			vendor = strcmp(package->type, "apk") == 0 ? "alpine" : "debian";
		append_encoded(purl, vendor, strlen(vendor), TRUE);
		g_string_append_c(purl, '/');
	} else if (slash) {
		append_encoded(purl, name, (gsize)(slash - name), FALSE);
		g_string_append_c(purl, '/');
		name = slash + 1;
	}
	append_encoded(purl, name, strlen(name), of_distro);
}

static void append_qualifiers(GString *purl, const PvPackage *package, const PvDistro *distro)
{
	char mark = '?';

	if (*package->architecture) {
		g_string_append(purl, "?arch=");
		append_encoded(purl, package->architecture, strlen(package->architecture), FALSE);
		mark = '&';
	}
	if (strcmp(package->type, "npm") == 0 || !*distro->id)
		return;
	g_string_append_printf(purl, "%cdistro=", mark);
	append_encoded(purl, distro->id, strlen(distro->id), FALSE);
	if (*distro->version_id) {
		g_string_append_c(purl, '-');
		append_encoded(purl, distro->version_id, strlen(distro->version_id), FALSE);
	}
}

char *pv_purl_build(const PvPackage *package, const PvDistro *distro)
{
	GString *purl = g_string_new("pkg:");

	g_string_append_printf(purl, "%s/", package->type);
	append_name(purl, package, distro);
	g_string_append_c(purl, '@');
	append_encoded(purl, package->version, strlen(package->version), FALSE);
	append_qualifiers(purl, package, distro);
	return g_string_free(purl, FALSE);
}
