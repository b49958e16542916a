/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Debian packages: /var/lib/dpkg/status, and one file a package below status.d in images without
 * dpkg ("distroless"). deb-control(5), dpkg-query(1); a package counts if its files are
 * there, which its state tells. Files of status.d have no Status field and count.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/lines.h"

#define STATUS   "var/lib/dpkg/status"
#define STATUS_D "var/lib/dpkg/status.d/"

/* The fields of the paragraph being read. */
typedef struct {
	GString *package, *version, *architecture, *source, *status;
	guint fields; /* known or not */
	guint line;
} Paragraph;

/* status.d also holds NAME.md5sums and maintainer scripts of each package: no paragraphs. */
static gboolean is_paragraph(const char *name)
{
	static const char *const others[] = { ".md5sums", ".preinst", ".postinst", ".prerm",
					      ".postrm" };

	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		if (g_str_has_suffix(name, others[i]))
			return FALSE;
	}
	return *name && !strchr(name, '/');
}

static gboolean wants(const char *path)
{
	return strcmp(path, STATUS) == 0 ||
	       (g_str_has_prefix(path, STATUS_D) && is_paragraph(path + strlen(STATUS_D)));
}

static void clear(Paragraph *paragraph)
{
	g_string_truncate(paragraph->package, 0);
	g_string_truncate(paragraph->version, 0);
	g_string_truncate(paragraph->architecture, 0);
	g_string_truncate(paragraph->source, 0);
	g_string_truncate(paragraph->status, 0);
	paragraph->fields = 0;
}

/* "WANT FLAG STATE": its files are there in these states, whatever is wanted of it. */
static gboolean is_installed(const char *status)
{
	static const char *const states[] = { "installed",        "unpacked",
					      "half-configured",  "triggers-awaited",
					      "triggers-pending", NULL };
	const char *state = strrchr(status, ' ');

	return !*status || (state && g_strv_contains(states, state + 1));
}

/* "name" or "name (version)". */
static void split_source(char *source, const char *version, PvFoundPackage *found)
{
	char *open = strchr(source, '('), *close = open ? strchr(open, ')') : NULL;

	found->source_version = version;
	if (close && close > open + 1) {
		*close = '\0';
		found->source_version = g_strstrip(open + 1);
	}
	if (open)
		*open = '\0';
	found->source_name = g_strstrip(source);
}

static gboolean give(Paragraph *paragraph, const PvFindings *findings, GError **error)
{
	PvFoundPackage found = { .type = "deb",
				 .name = paragraph->package->str,
				 .version = paragraph->version->str,
				 .architecture = paragraph->architecture->str };

	if (paragraph->fields == 0)
		return TRUE;
	if (!is_installed(paragraph->status->str)) {
		clear(paragraph);
		return TRUE;
	}
	if (!*found.name || !*found.version)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "line %u: a paragraph ends without Package and Version",
			       paragraph->line);
	if (paragraph->source->len > 0)
		split_source(paragraph->source->str, found.version, &found);
	if (!found.source_name || !*found.source_name) {
		found.source_name = found.name;
		found.source_version = found.version;
	}
	if (!findings->package(findings->sink, &found, error))
		return FALSE;
	clear(paragraph);
	return TRUE;
}

static gboolean read_field(Paragraph *paragraph, PvSpan line, GError **error)
{
	const struct {
		const char *name;
		GString *into;
	} fields[] = { { "Package", paragraph->package },
		       { "Version", paragraph->version },
		       { "Architecture", paragraph->architecture },
		       { "Source", paragraph->source },
		       { "Status", paragraph->status } };
	const char *colon = memchr(line.data, ':', line.size);
	gsize length;

	if (!colon || colon == line.data)
		return pv_fail(error, PV_ERROR_SYNTAX,
			       "line %u: not a field, expected 'Name: value'", paragraph->line);
	length = (gsize)(colon - line.data);
	paragraph->fields++;
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		PvSpan value = { colon + 1, line.size - length - 1 };

		if (length != strlen(fields[i].name) ||
		    g_ascii_strncasecmp(line.data, fields[i].name, length) != 0)
			continue;
		if (fields[i].into->len > 0)
			return pv_fail(error, PV_ERROR_SYNTAX,
				       "line %u: a second %s in one paragraph", paragraph->line,
				       fields[i].name);
		return pv_span_set(fields[i].into, pv_span_strip(value), fields[i].name,
				   paragraph->line, error);
	}
	return TRUE;
}

static gboolean read_all(Paragraph *paragraph, PvSpan text, const PvFindings *findings,
			 GError **error)
{
	PvSpan line = { NULL, 0 };

	while (pv_lines_next(&text, &line)) {
		paragraph->line++;
		if (pv_span_strip(line).size == 0) {
			if (!give(paragraph, findings, error))
				return FALSE;
		} else if (line.data[0] == ' ' || line.data[0] == '\t') {
			if (paragraph->fields == 0) /* the continuation of nothing */
				return pv_fail(error, PV_ERROR_SYNTAX,
					       "line %u: a paragraph begins with a blank",
					       paragraph->line);
		} else if (!read_field(paragraph, line, error)) {
			return FALSE;
		}
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
				g_string_new(NULL),
				0,
				0 };
	gboolean done = read_all(&paragraph, (PvSpan){ (const char *)data, size }, findings, error);

	g_string_free(paragraph.package, TRUE);
	g_string_free(paragraph.version, TRUE);
	g_string_free(paragraph.architecture, TRUE);
	g_string_free(paragraph.source, TRUE);
	g_string_free(paragraph.status, TRUE);
	return done;
}

static const char *const not_links[] = {
	"var", "var/lib", "var/lib/dpkg", STATUS, "var/lib/dpkg/status.d", NULL
};

const PvCataloger pv_catalog_dpkg = {
	.name = "dpkg",
	.description = "Debian packages, from dpkg's status file or status.d",
	.max_bytes = PV_PACKAGE_DATABASE_BYTES_MAX,
	.wants = wants,
	.not_links = not_links,
	.parse = parse,
};
