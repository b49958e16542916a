/* SPDX-License-Identifier: Apache-2.0 */

/* docker trust inspect: JSON as Docker's encoder writes it, byte for byte, or tables. */

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "base/sorted.h"
#include "base/terminal.h"
#include "program/docker/image.h"
#include "program/docker/rows.h"

#define INDENT         4
#define SHORT_ID_BYTES 12
#define COLUMN_MIN     10
#define COLUMN_GAP     3

/* The trust data to inspect; any failure is Docker's one sentence, with ours before it. */
static PvTufState *look_up(PvDockerImage *image, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PvTufState *state = pv_docker_image_state(image, image->tag, &failure);

	if (state)
		return state;
	if (!g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_SIGNED)) {
		g_autofree char *safe = pv_terminal_safe(failure->message);

		fprintf(stderr, "docker trust: %s\n", safe);
	}
	return pv_fail_null(error, PV_ERROR_NOT_SIGNED, "no signatures or cannot access %s",
			    image->name);
}

/* --- JSON --------------------------------------------------------------------------------- */

static json_t *json_of_texts(const GPtrArray *texts)
{
	json_t *array = json_array();

	for (guint i = 0; i < texts->len; i++)
		json_array_append_new(array, json_string(texts->pdata[i]));
	return array;
}

/* {"Name":…,"Keys":[{"ID":…}]}, without Keys if there are none. */
static json_t *json_of_keys(const char *name, const GPtrArray *ids)
{
	json_t *keys = json_array();
	json_t *object = json_pack("{s:s}", "Name", name);

	for (guint i = 0; i < ids->len; i++)
		json_array_append_new(keys, json_pack("{s:s}", "ID", ids->pdata[i]));
	if (ids->len > 0)
		json_object_set(object, "Keys", keys);
	json_decref(keys);
	return object;
}

static json_t *json_of_admin(const PvTufState *state, const char *role, const char *name)
{
	const PvRole *found = g_hash_table_lookup(state->root->roles, role);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();

	for (guint i = 0; i < found->keys->len; i++)
		g_ptr_array_add(ids, (void *)pv_public_key_id(found->keys->pdata[i]));
	return json_of_keys(name, ids);
}

static json_t *describe(const PvDockerImage *image, const PvTufState *state)
{
	g_autoptr(GPtrArray) rows = pv_docker_rows(state, image->tag);
	g_autoptr(GPtrArray) signers = pv_docker_signers(state);
	json_t *tags = json_array(), *people = json_array(), *admins = json_array();

	for (guint i = 0; i < rows->len; i++) {
		const PvDockerRow *row = rows->pdata[i];
		json_t *names = json_of_texts(row->signers);

		if (row->signers->len == 0)
			json_array_append_new(names, json_string(PV_DOCKER_ADMIN));
		json_array_append_new(tags, json_pack("{s:s, s:s, s:o}", "SignedTag", row->tag,
						      "Digest", row->digest, "Signers", names));
	}
	for (guint i = signers->len; i > 0; i--) {
		const PvDockerSigner *signer = signers->pdata[i - 1];

		json_array_append_new(people, json_of_keys(signer->name, signer->keys));
	}
	json_array_append_new(admins, json_of_admin(state, "root", "Root"));
	json_array_append_new(admins, json_of_admin(state, "targets", "Repository"));
	return json_pack("{s:s, s:o, s:o, s:o}", "Name", image->name, "SignedTags", tags, "Signers",
			 people, "AdministrativeKeys", admins);
}

/* Go's encoder writes these so that JSON can stand in HTML; they occur in strings only. */
static void print_as_go(const json_t *value)
{
	static const struct {
		const char *from, *to;
	} escapes[] = { { "<", "\\u003c" },
			{ ">", "\\u003e" },
			{ "&", "\\u0026" },
			{ "\u2028", "\\u2028" },
			{ "\u2029", "\\u2029" } };
	char *text = json_dumps(value, JSON_INDENT(INDENT));
	GString *out = g_string_new(text);

	free(text);
	for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++)
		g_string_replace(out, escapes[i].from, escapes[i].to, 0);
	puts(out->str);
	g_string_free(out, TRUE);
}

static gboolean inspect_one(PvDocker *docker, const char *name, json_t *all, GError **error)
{
	g_auto(PvDockerImage) image = { 0 };
	g_autoptr(PvTufState) state = NULL;

	if (!pv_docker_image_open(docker, name, &image, error))
		return FALSE;
	state = look_up(&image, error);
	if (!state)
		return FALSE;
	json_array_append_new(all, describe(&image, state));
	return TRUE;
}

static gboolean inspect_json(PvDocker *docker, const GPtrArray *names, GError **error)
{
	g_autoptr(json_t) all = json_array();
	g_autoptr(GString) failures = g_string_new(NULL);

	for (guint i = 0; i < names->len; i++) {
		g_autoptr(GError) failure = NULL;

		if (!inspect_one(docker, names->pdata[i], all, &failure))
			g_string_append_printf(failures, "%s%s", failures->len ? "\n" : "",
					       failure->message);
	}
	print_as_go(all);
	return failures->len == 0 || pv_fail(error, PV_ERROR_NOT_SIGNED, "%s", failures->str);
}

/* --- tables ------------------------------------------------------------------------------- */

/* Prints @cells, rows of @columns: each column as wide as its widest cell, the last one unpadded. */
static void print_table(const GPtrArray *cells, guint columns)
{
	g_autofree glong *widths = g_new0(glong, columns);

	for (guint i = 0; i < cells->len; i++)
		widths[i % columns] =
			MAX(widths[i % columns], g_utf8_strlen(cells->pdata[i], -1) + COLUMN_GAP);
	for (guint i = 0; i < cells->len; i++) {
		glong width = MAX(widths[i % columns], COLUMN_MIN);
		gboolean last = i % columns == columns - 1;

		fputs(cells->pdata[i], stdout);
		if (last)
			putchar('\n');
		else
			printf("%*s", (int)(width - g_utf8_strlen(cells->pdata[i], -1)), "");
	}
}

/* Sorted, joined, each cut to @bytes. */
static char *join_sorted(const GPtrArray *texts, gsize bytes)
{
	g_autoptr(GPtrArray) sorted = g_ptr_array_copy((GPtrArray *)texts, NULL, NULL);
	GString *joined = g_string_new(NULL);

	g_ptr_array_set_free_func(sorted, NULL);
	pv_sort_texts(sorted);
	for (guint i = 0; i < sorted->len; i++)
		g_string_append_printf(joined, "%s%.*s", i ? ", " : "", (int)bytes,
				       (char *)sorted->pdata[i]);
	return g_string_free(joined, FALSE);
}

static void print_rows(const GPtrArray *rows)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);

	g_ptr_array_add(cells, g_strdup("SIGNED TAG"));
	g_ptr_array_add(cells, g_strdup("DIGEST"));
	g_ptr_array_add(cells, g_strdup("SIGNERS"));
	for (guint i = 0; i < rows->len; i++) {
		const PvDockerRow *row = rows->pdata[i];

		g_ptr_array_add(cells, pv_terminal_safe(row->tag));
		g_ptr_array_add(cells, g_strdup(row->digest));
		g_ptr_array_add(cells, row->signers->len ? join_sorted(row->signers, G_MAXINT)
							 : g_strdup("(" PV_DOCKER_ADMIN ")"));
	}
	print_table(cells, 3);
}

static void print_signers(const GPtrArray *signers)
{
	g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

	g_ptr_array_add(cells, g_strdup("SIGNER"));
	g_ptr_array_add(cells, g_strdup("KEYS"));
	for (guint i = 0; i < signers->len; i++) {
		const PvDockerSigner *signer = signers->pdata[i];

		if (!g_hash_table_add(done, signer->name))
			continue;
		g_ptr_array_add(cells, g_strdup(signer->name));
		g_ptr_array_add(cells, join_sorted(signer->keys, SHORT_ID_BYTES));
	}
	print_table(cells, 2);
}

static void print_admin(const PvTufState *state, const char *role, const char *name)
{
	const PvRole *found = g_hash_table_lookup(state->root->roles, role);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	g_autofree char *joined = NULL;

	for (guint i = 0; i < found->keys->len; i++)
		g_ptr_array_add(ids, (void *)pv_public_key_id(found->keys->pdata[i]));
	joined = join_sorted(ids, G_MAXINT);
	printf("  %s:\t%s\n", name, joined);
}

static int compare_by_count(const void *a, const void *b)
{
	const PvDockerSigner *left = *(PvDockerSigner *const *)a;
	const PvDockerSigner *right = *(PvDockerSigner *const *)b;

	return pv_docker_compare_natural(left->name, right->name);
}

static gboolean inspect_pretty(PvDocker *docker, const char *name, GError **error)
{
	g_auto(PvDockerImage) image = { 0 };
	g_autoptr(PvTufState) state = NULL;
	g_autoptr(GPtrArray) rows = NULL;
	g_autoptr(GPtrArray) signers = NULL;

	if (!pv_docker_image_open(docker, name, &image, error))
		return FALSE;
	state = look_up(&image, error);
	if (!state)
		return FALSE;
	rows = pv_docker_rows(state, image.tag);
	signers = pv_docker_signers(state);
	g_ptr_array_sort(signers, compare_by_count);
	printf(rows->len ? "\nSignatures for %s\n\n" : "\nNo signatures for %s\n\n", name);
	if (rows->len)
		print_rows(rows);
	if (signers->len) {
		printf("\nList of signers and their keys for %s\n\n", name);
		print_signers(signers);
	}
	printf("\nAdministrative keys for %s\n\n", name);
	print_admin(state, "targets", "Repository Key");
	print_admin(state, "root", "Root Key");
	return TRUE;
}

gboolean pv_docker_inspect(PvDocker *docker, const PvDockerArguments *arguments, GError **error)
{
	const GPtrArray *names = arguments->words;

	if (!arguments->on)
		return inspect_json(docker, names, error);
	for (guint i = 0; i < names->len; i++) {
		if (i)
			fputs("\n\n", stdout);
		if (!inspect_pretty(docker, names->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}
