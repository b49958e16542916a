/* SPDX-License-Identifier: Apache-2.0 */

/* Each limit of the TUF 1.0 parser at one below, at and one above. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "tuf/tuf1.h"

#define HEAD   "\"spec_version\":\"1.0\",\"version\":1,\"expires\":\"2030-01-01T00:00:00Z\""
#define KEY    "{\"keytype\":\"x\",\"scheme\":\"x\",\"keyval\":{}}"
#define HASHES "\"hashes\":{\"x\":\"\"}"

static void append_numbered(GString *to, const char *format, guint i)
{
	g_autofree char *number = g_strdup_printf("%u", i);
	g_auto(GStrv) parts = g_strsplit(format, "#", -1);
	g_autofree char *text = g_strjoinv(number, parts);

	g_string_append(to, text);
}

/* @count times @item, with # as its number, between @before and @after. */
static char *repeated(const char *before, const char *item, guint count, const char *after)
{
	GString *text = g_string_new(before);

	for (guint i = 0; i < count; i++) {
		if (i > 0)
			g_string_append_c(text, ',');
		append_numbered(text, item, i);
	}
	g_string_append(text, after);
	return g_string_free(text, FALSE);
}

typedef struct {
	const char *name;
	guint limit;
	PvTuf1Type type;
	const char *before, *item, *after;
} Row;

#define TARGETS     "{\"signatures\":[],\"signed\":{\"_type\":\"targets\"," HEAD ",\"targets\":{"
#define DELEGATIONS TARGETS "},\"delegations\":{\"keys\":{"

static const Row rows[] = {
	{ "signatures", PV_SIGNATURES_MAX, PV_TUF1_TARGETS,
	  "{\"signed\":{\"_type\":\"targets\"," HEAD ",\"targets\":{}},\"signatures\":[",
	  "{\"keyid\":\"#\",\"sig\":\"\"}", "]}" },
	{ "keys", PV_KEYS_MAX, PV_TUF1_TARGETS, DELEGATIONS, "\"#\":" KEY, "},\"roles\":[]}}}" },
	{ "keyids", PV_KEYS_MAX, PV_TUF1_TARGETS,
	  DELEGATIONS "},\"roles\":[{\"name\":\"a\",\"threshold\":1,\"keyids\":[", "\"#\"",
	  "]}]}}}" },
	{ "delegations", PV_DELEGATIONS_MAX, PV_TUF1_TARGETS, DELEGATIONS "},\"roles\":[",
	  "{\"name\":\"#\",\"threshold\":1,\"keyids\":[]}", "]}}}" },
	{ "paths", PV_TUF1_PATHS_MAX, PV_TUF1_TARGETS,
	  DELEGATIONS "},\"roles\":[{\"name\":\"a\",\"threshold\":1,\"keyids\":[],\"paths\":[",
	  "\"#\"", "]}]}}}" },
	{ "path_hash_prefixes", PV_TUF1_PATHS_MAX, PV_TUF1_TARGETS,
	  DELEGATIONS "},\"roles\":[{\"name\":\"a\",\"threshold\":1,\"keyids\":[],"
		      "\"path_hash_prefixes\":[",
	  "\"#\"", "]}]}}}" },
	{ "roles of a snapshot", PV_TUF1_ROLES_MAX, PV_TUF1_SNAPSHOT,
	  "{\"signatures\":[],\"signed\":{\"_type\":\"snapshot\"," HEAD
	  ",\"meta\":{\"targets.json\":{\"version\":1},\"x.json\":{\"version\":1}",
	  ",\"#.json\":{\"version\":1}", "}}}" },
	{ "targets", PV_TARGETS_MAX, PV_TUF1_TARGETS, TARGETS, "\"#\":{\"length\":0," HASHES "}",
	  "}}}" },
};

static void test_counts(gconstpointer data)
{
	const Row *row = data;

	for (int more = -1; more <= 1; more++) {
		guint count = (guint)((int)row->limit + more);
		g_autofree char *text = NULL;
		g_autoptr(GBytes) file = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(PvTuf1Metadata) metadata = NULL;

		if (row->type == PV_TUF1_SNAPSHOT) { /* two stand in it already; no comma first */
			GString *all = g_string_new(row->before);

			for (guint i = 2; i < count; i++)
				append_numbered(all, row->item, i);
			g_string_append(all, row->after);
			text = g_string_free(all, FALSE);
		} else {
			text = repeated(row->before, row->item, count, row->after);
		}
		file = g_bytes_new_static(text, strlen(text));
		metadata = pv_tuf1_parse(row->type, "role", file, &error);
		if (more <= 0) {
			g_assert_no_error(error);
			g_assert_nonnull(metadata);
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		}
	}
}

/* Lengths of a name between @before and @after. */
static void check_length(const char *before, const char *after, gsize limit, int code)
{
	for (int more = -1; more <= 1; more++) {
		g_autofree char *name = g_strnfill((gsize)((gssize)limit + more), 'n');
		g_autofree char *text = g_strconcat(before, name, after, NULL);
		g_autoptr(GBytes) file = g_bytes_new_static(text, strlen(text));
		g_autoptr(GError) error = NULL;
		g_autoptr(PvTuf1Metadata) metadata =
			pv_tuf1_parse(PV_TUF1_TARGETS, "role", file, &error);

		if (more <= 0) {
			g_assert_no_error(error);
			g_assert_nonnull(metadata);
		} else {
			g_assert_error(error, PV_ERROR, code);
		}
	}
}

static void test_lengths(void)
{
	check_length(TARGETS "\"", "\":{\"length\":0," HASHES "}}}}", PV_TARGET_NAME_BYTES_MAX,
		     PV_ERROR_LIMIT);
	check_length(DELEGATIONS "},\"roles\":[{\"name\":\"",
		     "\",\"threshold\":1,\"keyids\":[]}]}}}", PV_ROLE_NAME_BYTES_MAX,
		     PV_ERROR_ROLE);
	check_length(DELEGATIONS
		     "},\"roles\":[{\"name\":\"a\",\"threshold\":1,\"keyids\":[],\"paths\":[\"",
		     "\"]}]}}}", PV_TARGET_NAME_BYTES_MAX, PV_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = g_strconcat("/tuf1-limits/", rows[i].name, NULL);

		g_test_add_data_func(path, &rows[i], test_counts);
	}
	g_test_add_func("/tuf1-limits/lengths", test_lengths);
	return g_test_run();
}
