/* SPDX-License-Identifier: Apache-2.0 */

/*
 * YAML configuration by libcyaml. It reports a failure only through its log, from which the error's
 * sentence is made here.
 */

#include "base/yaml.h"

#include <string.h>

#include "base/error.h"

#define SENTENCE_BYTES_MAX 4096 /* no line is added behind it; a line quotes at most one value */

static void note_failure(cyaml_log_t level, void *context, const char *format, va_list args)
{
	GString *sentence = context;
	g_autofree char *line = NULL;
	const char *at;

	if (level < CYAML_LOG_ERROR || sentence->len > SENTENCE_BYTES_MAX)
		return;
	line = g_strstrip(g_strdup_vprintf(format, args));
	at = g_str_has_prefix(line, "Load: ") ? line + strlen("Load: ") : line;
	if (*at && !g_str_has_prefix(at, "Backtrace"))
		g_string_append_printf(sentence, "%s%s", sentence->len ? ", " : "", at);
}

static void *allocate(void *context, void *pointer, size_t size)
{
	if (size == 0) {
		g_free(pointer);
		return NULL;
	}
	return g_realloc(pointer, size);
}

static cyaml_config_t settings(GString *sentence)
{
	return (cyaml_config_t){
		.log_fn = note_failure,
		.log_ctx = sentence,
		.mem_fn = allocate,
		.log_level = CYAML_LOG_ERROR,
		.flags = CYAML_CFG_NO_ALIAS,
	};
}

gboolean pv_yaml_load(GBytes *text, gsize max_bytes, const char *path,
		      const cyaml_schema_value_t *schema, void **ret_value, GError **error)
{
	g_autoptr(GString) sentence = g_string_new(NULL);
	const cyaml_config_t how = settings(sentence);
	gsize size;
	const guint8 *data = g_bytes_get_data(text, &size);
	cyaml_data_t *value = NULL;
	cyaml_err_t result = CYAML_OK;

	if (size > max_bytes)
		return pv_fail(error, PV_ERROR_LIMIT, "%s: %zu bytes, at most %zu allowed", path,
			       size, max_bytes);
	if (size > 0)
		result = cyaml_load_data(data, size, &how, schema, &value, NULL);
	if (result != CYAML_OK)
		return pv_fail(error, PV_ERROR_USAGE, "%s: %s", path,
			       sentence->len ? sentence->str : cyaml_strerror(result));
	*ret_value = value;
	return TRUE;
}

void pv_yaml_free(const cyaml_schema_value_t *schema, void *value)
{
	g_autoptr(GString) sentence = g_string_new(NULL);
	const cyaml_config_t how = settings(sentence);

	if (value)
		cyaml_free(&how, schema, value, 0);
}
