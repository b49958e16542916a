/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The one list of catalogers, and the checks that hold for all of them.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/catalog.h"

static const PvCataloger *const catalogers[] = {
	&pv_catalog_apk,
	&pv_catalog_dpkg,
	&pv_catalog_npm,
	&pv_catalog_os_release,
};

const PvCataloger *const *pv_catalog_list(guint *ret_count)
{
	*ret_count = G_N_ELEMENTS(catalogers);
	return catalogers;
}

const PvCataloger *pv_catalog_find(const char *path)
{
	for (guint i = 0; i < G_N_ELEMENTS(catalogers); i++) {
		if (catalogers[i]->wants(path))
			return catalogers[i];
	}
	return NULL;
}

const PvCataloger *pv_catalog_by_name(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(catalogers); i++) {
		if (strcmp(catalogers[i]->name, name) == 0)
			return catalogers[i];
	}
	return NULL;
}

gboolean pv_catalog_must_not_be_link(const char *path)
{
	for (guint i = 0; i < G_N_ELEMENTS(catalogers); i++) {
		if (catalogers[i]->not_links && g_strv_contains(catalogers[i]->not_links, path))
			return TRUE;
	}
	return FALSE;
}

/* Between a cataloger and the findings it fills. */
typedef struct {
	const PvFindings *findings;
} Gate;

static gboolean check_text(const char *text, const char *what, GError **error)
{
	gsize size = strlen(text);

	if (size > PV_PACKAGE_FIELD_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, "a %s of %zu bytes, at most %d are accepted",
			       what, size, PV_PACKAGE_FIELD_BYTES_MAX);
	if (!g_utf8_validate(text, (gssize)size, NULL))
		return pv_fail(error, PV_ERROR_SYNTAX, "a %s that is not UTF-8", what);
	for (const char *at = text; *at; at++) {
		if ((guint8)*at < 0x20 || *at == 0x7f)
			return pv_fail(error, PV_ERROR_SYNTAX, "a %s with a control character",
				       what);
	}
	return TRUE;
}

static gboolean pass_package(void *sink, const PvFoundPackage *package, GError **error)
{
	const PvFindings *findings = ((Gate *)sink)->findings;

	if (!check_text(package->name, "package name", error) ||
	    !check_text(package->version, "version", error) ||
	    !check_text(package->architecture, "architecture", error) ||
	    !check_text(package->source_name, "source name", error) ||
	    !check_text(package->source_version, "source version", error))
		return FALSE;
	return findings->package(findings->sink, package, error);
}

static gboolean pass_distro(void *sink, const PvFoundDistro *distro, GError **error)
{
	const PvFindings *findings = ((Gate *)sink)->findings;

	if (!check_text(distro->id, "distribution id", error) ||
	    !check_text(distro->version_id, "distribution version", error) ||
	    !check_text(distro->id_like, "distribution family", error) ||
	    !check_text(distro->pretty_name, "distribution name", error))
		return FALSE;
	return findings->distro(findings->sink, distro, error);
}

gboolean pv_catalog_parse(const PvCataloger *cataloger, const char *path, const guint8 *data,
			  gsize size, const PvFindings *findings, GError **error)
{
	Gate gate = { findings };
	PvFindings checked = { pass_package, pass_distro, &gate };

	if (size > cataloger->max_bytes)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "%zu bytes, at most %zu are read as a file of %s", size,
			       cataloger->max_bytes, cataloger->name);
	return cataloger->parse(path, data, size, &checked, error);
}
