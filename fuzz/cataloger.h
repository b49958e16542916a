/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "catalog/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean fuzz_package(void *sink, const PvFoundPackage *found, GError **error)
{
	const char *const texts[] = { found->name, found->version, found->architecture,
				      found->source_name, found->source_version };

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_assert_cmpuint(strlen(texts[i]), <=, PV_PACKAGE_FIELD_BYTES_MAX);
		g_assert_true(g_utf8_validate(texts[i], -1, NULL));
	}
	g_assert_true(*found->name && *found->version && *found->source_name);
	return TRUE;
}

static gboolean fuzz_distro(void *sink, const PvFoundDistro *found, GError **error)
{
	g_assert_true(g_utf8_validate(found->pretty_name, -1, NULL));
	return TRUE;
}

/* One cataloger on one file: what it finds is bounded and clean, whatever the bytes. */
static inline int fuzz_cataloger(const PvCataloger *cataloger, const uint8_t *data, size_t size)
{
	PvFindings findings = { fuzz_package, fuzz_distro, NULL };

	pv_catalog_parse(cataloger, "file", data, size, &findings, NULL);
	return 0;
}
