/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The distribution: os-release, shell-like assignments. Where both files are there, etc's counts
 * (it is mostly a symbolic link to the other). os-release(5).
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/lines.h"

static gboolean wants(const char *path)
{
	return strcmp(path, "etc/os-release") == 0 || strcmp(path, "usr/lib/os-release") == 0;
}

/* Takes quotes and backslashes away, as a shell would; os-release has no other expansions. */
static gboolean unquote(GString *text, guint line, GError **error)
{
	char *from = text->str, *to = text->str;
	char quote = 0;

	for (; *from; from++) {
		if (quote == 0 && (*from == '"' || *from == '\'')) {
			quote = *from;
			continue;
		}
		if (quote && *from == quote) {
			quote = 0;
			continue;
		}
		if (*from == '\\' && quote != '\'' && from[1])
			from++;
		*to++ = *from;
	}
	if (quote)
		return pv_fail(error, PV_ERROR_SYNTAX, "line %u: a quote is not closed", line);
	g_string_truncate(text, (gsize)(to - text->str));
	return TRUE;
}

typedef struct {
	const char *key;
	GString *value;
} Assignment;

static gboolean read_line(PvSpan line, guint number, Assignment *assignments, guint count,
			  GError **error)
{
	const char *equal;
	PvSpan key, value;

	line = pv_span_strip(line);
	if (line.size == 0 || line.data[0] == '#')
		return TRUE;
	equal = memchr(line.data, '=', line.size);
	if (!equal)
		return pv_fail(error, PV_ERROR_SYNTAX, "line %u: not an assignment", number);
	key = (PvSpan){ line.data, (gsize)(equal - line.data) };
	value = (PvSpan){ equal + 1, line.size - key.size - 1 };
	for (guint i = 0; i < count; i++) {
		if (pv_span_equal(key, assignments[i].key))
			return pv_span_set(assignments[i].value, value, assignments[i].key, number,
					   error) &&
			       unquote(assignments[i].value, number, error);
	}
	return TRUE;
}

static gboolean parse(const char *path, const guint8 *data, gsize size, const PvFindings *findings,
		      GError **error)
{
	Assignment assignments[] = { { "ID", g_string_new(NULL) },
				     { "VERSION_ID", g_string_new(NULL) },
				     { "ID_LIKE", g_string_new(NULL) },
				     { "PRETTY_NAME", g_string_new(NULL) } };
	PvSpan text = { (const char *)data, size }, line = { NULL, 0 };
	gboolean good = TRUE;

	for (guint number = 1; good && pv_lines_next(&text, &line); number++)
		good = read_line(line, number, assignments, G_N_ELEMENTS(assignments), error);
	if (good) {
		PvFoundDistro distro = { assignments[0].value->str, assignments[1].value->str,
					 assignments[2].value->str, assignments[3].value->str };

		good = findings->distro(findings->sink, &distro, error);
	}
	for (guint i = 0; i < G_N_ELEMENTS(assignments); i++)
		g_string_free(assignments[i].value, TRUE);
	return good;
}

const PvCataloger pv_catalog_os_release = {
	.name = "os-release",
	.description = "the distribution and its version, from os-release",
	.max_bytes = PV_PACKAGE_FILE_BYTES_MAX,
	.wants = wants,
	.parse = parse,
};
