/* SPDX-License-Identifier: Apache-2.0 */

/* pavise trace: the life of an image, told from the audit trail. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/terminal.h"
#include "oci/reference.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "trust/hardware.h"
#include "trust/trace.h"

#define COMMAND "pavise trace"

/* What the trail calls it: "docker://debian" and "debian" are docker.io/library/debian:latest. */
static char *reference_of(const char *image)
{
	g_auto(PvReference) reference = { 0 };

	if (g_str_has_prefix(image, "sha256:") || g_str_has_prefix(image, "oci:") ||
	    g_str_has_prefix(image, "dir:") || strstr(image, "-archive:"))
		return g_strdup(image);
	if (g_str_has_prefix(image, "docker://"))
		image += strlen("docker://");
	if (!pv_reference_parse(image, &reference, NULL))
		return g_strdup(image);
	return pv_reference_format(&reference);
}

static void append_list(GString *line, const json_t *record, const char *name, const char *words)
{
	json_t *list = json_object_get(record, name), *item;
	gsize i;

	if (json_array_size(list) == 0)
		return;
	g_string_append_printf(line, "%s ", words);
	json_array_foreach(list, i, item) {
		const char *text = json_is_object(item) ? pv_json_string(item, "text")
							: json_string_value(item);
		gboolean is_key = strcmp(name, "keys") == 0;

		if (text)
			g_string_append_printf(line, is_key ? "%s%.12s" : "%s%s", i ? ", " : "",
					       text);
	}
}

/*
 * Where keys were: of a signature its "places", of a verdict the keys of "hardware", which
 * `pavise admit` was told by `pavise verify --hardware`.
 */
static void append_places(GString *line, const json_t *record)
{
	const json_t *role, *key;
	gsize i, k;

	append_list(line, record, "places", " where");
	json_array_foreach(json_object_get(record, "hardware"), i, role) {
		json_array_foreach(json_object_get(role, "keys"), k, key) {
			g_autoptr(PvHardware) hardware = pv_hardware_of_json(key, NULL);
			g_autofree char *words = hardware ? pv_hardware_words(hardware) : NULL;
			const char *name = pv_json_string(role, "name");

			if (words)
				g_string_append_printf(line, "; %s key %.12s: %s",
						       name ? name : "?", hardware->id, words);
		}
	}
}

static void append_counts(GString *line, const json_t *record)
{
	json_t *counts = json_object_get(record, "findings"), *value;
	const char *name;
	gboolean any = FALSE;

	if (!json_is_object(counts))
		return;
	json_object_foreach(counts, name, value) {
		if (json_integer_value(value) == 0)
			continue;
		g_string_append_printf(line, "%s%d %s", any ? ", " : " found ",
				       (int)json_integer_value(value), name);
		any = TRUE;
	}
	if (!any)
		g_string_append(line, " found nothing");
}

static void append_member(GString *line, const json_t *record, const char *name, const char *words)
{
	const char *text = pv_json_string(record, name);

	if (text)
		g_string_append_printf(line, "%s %s", words, text);
}

static void print_record(const json_t *record)
{
	g_autoptr(GString) line = g_string_new(NULL);
	g_autofree char *safe = NULL;
	const char *event = pv_json_string(record, "event");
	const char *time = pv_json_string(record, "time");
	json_t *status = json_object_get(record, "status");

	append_list(line, record, "roles", " in");
	append_list(line, record, "keys", " with key");
	append_places(line, record);
	append_counts(line, record);
	append_member(line, record, "profile", " with profile");
	append_member(line, record, "container", " as");
	append_list(line, record, "reasons", " because");
	if (json_is_integer(status))
		g_string_append_printf(line, " with status %d", (int)json_integer_value(status));
	safe = pv_terminal_safe(line->str);
	printf("%.19sZ  %-7s uid %-6d%s\n", time ? time : "", event ? event : "?",
	       (int)json_integer_value(json_object_get(record, "uid")), safe);
}

int pv_command_trace(int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the records as JSON", NULL },
		{ NULL },
	};
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;
	g_autofree char *reference = NULL;
	g_autoptr(json_t) records = NULL;
	json_t *record;
	gsize i;

	if (!pv_options_parse(COMMAND, "[IMAGE]",
			      "Tells the life of an image: signed, scanned, admitted, run.", groups,
			      &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc > 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one IMAGE; try `%s --help`", COMMAND);
		return pv_terminal_fail(COMMAND, error);
	}
	reference = argc == 2 ? reference_of(argv[1]) : NULL;
	records = pv_trace_read(reference, &error);
	if (!records)
		return pv_terminal_fail(COMMAND, error);
	if (json) {
		g_autofree char *text = pv_json_text(records, FALSE);

		fputs(text, stdout);
		return 0;
	}
	json_array_foreach(records, i, record)
		print_record(record);
	if (json_array_size(records) == 0)
		fprintf(stderr, COMMAND ": the audit trail has no record of it\n");
	return 0;
}
