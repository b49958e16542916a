/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alpine packages: lib/apk/db/installed, since Alpine 3.23 in usr/lib. Paragraphs of one-letter
 * fields; P, V, A and o (the origin, which advisories name). apk-tools, doc/apk-package.5 and
 * src/package.c.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/lines.h"

typedef struct {
	GString *name, *version, *architecture, *origin;
	gboolean any;
	guint line;
} Paragraph;

static gboolean wants(const char *path)
{
	return strcmp(path, "lib/apk/db/installed") == 0 ||
	       strcmp(path, "usr/lib/apk/db/installed") == 0;
}

static gboolean give(Paragraph *paragraph, const PvFindings *findings, GError **error)
{
	PvFoundPackage found = { .type = "apk",
				 .name = paragraph->name->str,
				 .version = paragraph->version->str,
				 .architecture = paragraph->architecture->str,
				 .source_name = paragraph->origin->len ? paragraph->origin->str
								       : paragraph->name->str,
				 .source_version = paragraph->version->str };

	if (!paragraph->any)
		return TRUE;
	if (!*found.name || !*found.version)
		return pv_fail(error, PV_ERROR_SYNTAX, "line %u: a paragraph ends without P and V",
			       paragraph->line);
	if (!findings->package(findings->sink, &found, error))
		return FALSE;
	g_string_truncate(paragraph->name, 0);
	g_string_truncate(paragraph->version, 0);
	g_string_truncate(paragraph->architecture, 0);
	g_string_truncate(paragraph->origin, 0);
	paragraph->any = FALSE;
	return TRUE;
}

static gboolean read_field(Paragraph *paragraph, PvSpan line, GError **error)
{
	PvSpan value = { line.data + 2, line.size - 2 };

	if (line.size < 2 || line.data[1] != ':')
		return pv_fail(error, PV_ERROR_SYNTAX, "line %u: not a field, expected 'X:value'",
			       paragraph->line);
	paragraph->any = TRUE;
	switch (line.data[0]) {
	case 'P':
		return pv_span_set(paragraph->name, value, "P", paragraph->line, error);
	case 'V':
		return pv_span_set(paragraph->version, value, "V", paragraph->line, error);
	case 'A':
		return pv_span_set(paragraph->architecture, value, "A", paragraph->line, error);
	case 'o':
		return pv_span_set(paragraph->origin, value, "o", paragraph->line, error);
	default:
		return TRUE;
	}
}

static gboolean read_all(Paragraph *paragraph, PvSpan text, const PvFindings *findings,
			 GError **error)
{
	PvSpan line = { NULL, 0 };

	while (pv_lines_next(&text, &line)) {
		paragraph->line++;
		if (line.size == 0 ? !give(paragraph, findings, error)
				   : !read_field(paragraph, line, error))
			return FALSE;
	}
	return give(paragraph, findings, error);
}

static gboolean parse(const char *path, const guint8 *data, gsize size, const PvFindings *findings,
		      GError **error)
{
	Paragraph paragraph = { g_string_new(NULL),
				g_string_new(NULL),
				g_string_new(NULL),
				g_string_new(NULL),
				FALSE,
				0 };
	gboolean done = read_all(&paragraph, (PvSpan){ (const char *)data, size }, findings, error);

	g_string_free(paragraph.name, TRUE);
	g_string_free(paragraph.version, TRUE);
	g_string_free(paragraph.architecture, TRUE);
	g_string_free(paragraph.origin, TRUE);
	return done;
}

static const char *const not_links[] = {
	"lib/apk",     "lib/apk/db",     "lib/apk/db/installed",
	"usr/lib/apk", "usr/lib/apk/db", "usr/lib/apk/db/installed",
	NULL
};

const PvCataloger pv_catalog_apk = {
	.name = "apk",
	.description = "Alpine packages, from apk's database of what is installed",
	.max_bytes = PV_PACKAGE_DATABASE_BYTES_MAX,
	.wants = wants,
	.not_links = not_links,
	.parse = parse,
};
