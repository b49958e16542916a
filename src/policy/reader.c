/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading YAML of a known structure from libyaml's events. What could be read in two ways is
 * refused here, for all files that are read so: anchors, aliases, tags, a key twice, NUL characters.
 */

#include "policy/reader.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

gboolean pv_reader_fail(const PvReader *reader, PvErrorCode code, GError **error,
			const char *format, ...)
{
	g_autofree char *words = NULL;
	va_list args;

	va_start(args, format);
	words = g_strdup_vprintf(format, args);
	va_end(args);
	return pv_fail(error, code, "%s:%zu:%zu: %s", reader->name,
		       reader->event.start_mark.line + 1, reader->event.start_mark.column + 1,
		       words);
}

static gboolean has_extras(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor || event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor || event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor || event->data.mapping_start.tag;
	default:
		return event->type == YAML_ALIAS_EVENT;
	}
}

gboolean pv_reader_next(PvReader *reader, GError **error)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	reader->has_event = FALSE;
	if (!yaml_parser_parse(&reader->parser, &reader->event)) {
		const yaml_parser_t *parser = &reader->parser;

		return pv_fail(error, PV_ERROR_SYNTAX, "%s:%zu:%zu: not YAML: %s", reader->name,
			       parser->problem_mark.line + 1, parser->problem_mark.column + 1,
			       parser->problem ? parser->problem : "unreadable");
	}
	reader->has_event = TRUE;
	if (has_extras(&reader->event))
		return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
				      "anchors, aliases and tags are not allowed in a policy");
	return TRUE;
}

const char *pv_reader_found(const PvReader *reader)
{
	switch (reader->event.type) {
	case YAML_SCALAR_EVENT:
		return "a value";
	case YAML_SEQUENCE_START_EVENT:
		return "a list";
	case YAML_MAPPING_START_EVENT:
		return "a mapping";
	case YAML_DOCUMENT_START_EVENT:
		return "another";
	default:
		return "the end";
	}
}

gboolean pv_reader_expect(PvReader *reader, yaml_event_type_t type, const char *what,
			  GError **error)
{
	if (!pv_reader_next(reader, error))
		return FALSE;
	if (reader->event.type != type)
		return pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "expected %s, found %s", what,
				      pv_reader_found(reader));
	return TRUE;
}

char *pv_reader_scalar(PvReader *reader, GError **error)
{
	const char *text = (const char *)reader->event.data.scalar.value;
	gsize length = reader->event.data.scalar.length;

	if (memchr(text, '\0', length)) {
		pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "a NUL character");
		return NULL;
	}
	if (length > PV_POLICY_VALUE_BYTES_MAX) {
		pv_reader_fail(reader, PV_ERROR_LIMIT, error, "a value of more than %d bytes",
			       PV_POLICY_VALUE_BYTES_MAX);
		return NULL;
	}
	return g_strndup(text, length);
}

char *pv_reader_value(PvReader *reader, const char *key, GError **error)
{
	g_autofree char *what = g_strdup_printf("a value for '%s'", key);
	g_autofree char *text = NULL;

	if (!pv_reader_expect(reader, YAML_SCALAR_EVENT, what, error))
		return NULL;
	text = pv_reader_scalar(reader, error);
	if (text && text[0] == '\0') {
		pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "'%s' has no value", key);
		return NULL;
	}
	return g_steal_pointer(&text);
}

gboolean pv_reader_word(PvReader *reader, const char *key, const char *const *words,
			guint *ret_index, GError **error)
{
	g_autofree char *text = pv_reader_value(reader, key, error);
	g_autofree char *all = NULL;

	if (!text)
		return FALSE;
	for (guint i = 0; words[i]; i++) {
		if (g_str_equal(words[i], text)) {
			*ret_index = i;
			return TRUE;
		}
	}
	all = g_strjoinv(", ", (char **)words);
	return pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "%s: '%s', expected one of %s", key,
			      text, all);
}

GStrv pv_reader_list(PvReader *reader, const char *key, PvReaderCheck check, void *data,
		     GError **error)
{
	g_autofree char *what = g_strdup_printf("a list for '%s'", key);
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

	if (!pv_reader_expect(reader, YAML_SEQUENCE_START_EVENT, what, error))
		return NULL;
	while (pv_reader_next(reader, error)) {
		char *item;

		if (reader->event.type == YAML_SEQUENCE_END_EVENT) {
			g_ptr_array_add(items, NULL);
			return (GStrv)g_ptr_array_free(g_steal_pointer(&items), FALSE);
		}
		if (reader->event.type != YAML_SCALAR_EVENT) {
			pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
				       "'%s' has %s, expected values", key,
				       pv_reader_found(reader));
			return NULL;
		}
		if (items->len >= PV_POLICY_ITEMS_MAX) {
			pv_reader_fail(reader, PV_ERROR_LIMIT, error, "'%s' has more than %d items",
				       key, PV_POLICY_ITEMS_MAX);
			return NULL;
		}
		item = pv_reader_scalar(reader, error);
		if (!item)
			return NULL;
		g_ptr_array_add(items, item);
		if (!check(reader, item, data, error))
			return NULL;
	}
	return NULL;
}

gboolean pv_reader_fields(PvReader *reader, const char *what, const PvReaderField *fields,
			  guint count, void *into, guint32 *ret_seen, GError **error)
{
	guint32 seen = 0;

	while (pv_reader_next(reader, error)) {
		g_autofree char *key = NULL;
		guint i = 0;

		if (reader->event.type == YAML_MAPPING_END_EVENT) {
			*ret_seen = seen;
			return TRUE;
		}
		if (reader->event.type != YAML_SCALAR_EVENT)
			return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
					      "expected a key, found %s", pv_reader_found(reader));
		key = pv_reader_scalar(reader, error);
		if (!key)
			return FALSE;
		while (i < count && !g_str_equal(fields[i].key, key))
			i++;
		if (i == count)
			return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
					      "unknown key '%s' in %s", key, what);
		if (seen & 1U << i)
			return pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "'%s' twice in %s",
					      key, what);
		seen |= 1U << i;
		if (!fields[i].read(reader, key, into, error))
			return FALSE;
	}
	return FALSE;
}
