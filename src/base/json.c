/* SPDX-License-Identifier: Apache-2.0 */

/*
 * JSON that is not trust metadata: manifests, configurations, advisories, our own output. jansson
 * parses; what it does not bound (depth as we want it) is counted before.
 */

#include "base/json.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

/* Levels of brackets outside strings; wrong JSON gives some number, and jansson the error. */
static guint deepest(const char *text, gsize length)
{
	guint depth = 0, most = 0;
	gboolean in_string = FALSE;

	for (gsize i = 0; i < length; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = FALSE;
		} else if (c == '"') {
			in_string = TRUE;
		} else if (c == '[' || c == '{') {
			depth++;
			most = MAX(most, depth);
		} else if ((c == ']' || c == '}') && depth > 0) {
			depth--;
		}
	}
	return most;
}

json_t *pv_json_load(GBytes *bytes, gsize max_bytes, const char *what, GError **error)
{
	gsize length;
	const char *text = g_bytes_get_data(bytes, &length);
	json_error_t problem;
	json_t *value;

	if (length > max_bytes)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    "%s: %zu bytes of JSON, at most %zu allowed", what, length,
				    max_bytes);
	if (deepest(text, length) > PV_JSON_DEPTH_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT, "%s: JSON nested deeper than %d levels",
				    what, PV_JSON_DEPTH_MAX);
	value = json_loadb(text ? text : "", length, JSON_REJECT_DUPLICATES, &problem);
	if (!value)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "%s: not valid JSON at line %d column %d: %s", what,
				    problem.line, problem.column, problem.text);
	return value;
}

const char *pv_json_string(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

char *pv_json_text(const json_t *value, gboolean pretty)
{
	size_t flags = JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT);
	char *text = json_dumps(value, flags);
	char *line = g_strconcat(text ? text : "null", "\n", NULL);

	free(text);
	return line;
}
