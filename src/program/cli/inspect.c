/* SPDX-License-Identifier: Apache-2.0 */

/* pavise inspect: keys, roles, tags, signatures and expiry of a repository's trust data. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "program/cli/trust_options.h"

#define COMMAND "pavise inspect"

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *sorted_names(GHashTable *table)
{
	GPtrArray *names = g_ptr_array_new();
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, table);
	while (g_hash_table_iter_next(&iter, &name, NULL))
		g_ptr_array_add(names, name);
	g_ptr_array_sort(names, compare_texts);
	return names;
}

static json_t *json_of_role(const PvTufState *state, const PvMetadata *metadata)
{
	const PvRole *role = pv_tuf_role(state, metadata->role);
	g_autoptr(GPtrArray) signers = pv_metadata_signers(metadata, role);
	json_t *keys = json_array();
	char expires[PV_TIME_TEXT_SIZE];

	for (guint i = 0; i < role->keys->len; i++) {
		PvPublicKey *key = role->keys->pdata[i];

		json_array_append_new(keys,
				      json_pack("{s:s, s:s, s:b}", "id", pv_public_key_id(key),
						"type", pv_public_key_type(key), "signed",
						g_ptr_array_find(signers, key, NULL)));
	}
	pv_time_format(metadata->expires, expires);
	return json_pack("{s:s, s:I, s:s, s:i, s:o}", "name", metadata->role, "version",
			 (json_int_t)metadata->version, "expires", expires, "threshold",
			 (int)role->threshold, "keys", keys);
}

static void add_tags(json_t *tags, const PvMetadata *metadata, const char *only)
{
	g_autoptr(GPtrArray) names = sorted_names(metadata->files);

	for (guint i = 0; i < names->len; i++) {
		const PvFileMeta *meta = g_hash_table_lookup(metadata->files, names->pdata[i]);
		char digest[PV_DIGEST_TEXT_SIZE] = "";

		if (only && strcmp(only, names->pdata[i]) != 0)
			continue;
		if (meta->sha256.size)
			pv_digest_format(&meta->sha256, digest);
		json_array_append_new(tags,
				      json_pack("{s:s, s:s, s:I, s:s}", "name", names->pdata[i],
						"digest", digest, "size", (json_int_t)meta->length,
						"role", metadata->role));
	}
}

static json_t *describe(const PvTufState *state, const char *gun, const char *server,
			const char *tag)
{
	g_autoptr(GPtrArray) delegations = sorted_names(state->delegations);
	json_t *roles = json_array(), *tags = json_array(), *notes = json_array();

	json_array_append_new(roles, json_of_role(state, state->root));
	json_array_append_new(roles, json_of_role(state, state->targets));
	add_tags(tags, state->targets, tag);
	for (guint i = 0; i < delegations->len; i++) {
		const PvMetadata *metadata = pv_tuf_metadata(state, delegations->pdata[i]);

		json_array_append_new(roles, json_of_role(state, metadata));
		add_tags(tags, metadata, tag);
	}
	json_array_append_new(roles, json_of_role(state, state->snapshot));
	json_array_append_new(roles, json_of_role(state, state->timestamp));
	for (guint i = 0; i < state->unusable->len; i++)
		json_array_append_new(notes, json_string(state->unusable->pdata[i]));
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "repository", gun, "server", server, "roles",
			 roles, "tags", tags, "unusable", notes);
}

static void print_for_people(json_t *all)
{
	json_t *item, *key;
	gsize i, k;

	printf("%s at %s\n\n%-28s %-8s %-31s %s\n", pv_json_string(all, "repository"),
	       pv_json_string(all, "server"), "ROLE", "VERSION", "EXPIRES", "KEYS (* signed this)");
	json_array_foreach(json_object_get(all, "roles"), i, item) {
		printf("%-28s %-8d %-31s", pv_json_string(item, "name"),
		       (int)json_integer_value(json_object_get(item, "version")),
		       pv_json_string(item, "expires"));
		json_array_foreach(json_object_get(item, "keys"), k, key) {
			printf(" %.12s%s", pv_json_string(key, "id"),
			       json_is_true(json_object_get(key, "signed")) ? "*" : "");
		}
		putchar('\n');
	}
	printf("\n%-28s %-71s %s\n", "TAG", "DIGEST", "ROLE");
	json_array_foreach(json_object_get(all, "tags"), i, item) {
		g_autofree char *name = pv_terminal_safe(pv_json_string(item, "name"));

		printf("%-28s %-71s %s\n", name, pv_json_string(item, "digest"),
		       pv_json_string(item, "role"));
	}
	json_array_foreach(json_object_get(all, "unusable"), i, item) {
		fprintf(stderr, COMMAND ": passed over: %s\n", json_string_value(item));
	}
}

static gboolean inspect(PvTrustOptions *options, const char *image, GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(options, image, error);
	g_autoptr(PvTufState) state = NULL;
	g_autoptr(json_t) all = NULL;
	/* A name without a tag means the whole repository, not ":latest". */
	const char *colon = strrchr(image, ':');
	gboolean has_tag = colon && !strchr(colon, '/');

	if (!repository)
		return FALSE;
	state = pv_repository_update(repository, error);
	if (!state)
		return FALSE;
	all = describe(state, options->gun, pv_repository_server(repository),
		       has_tag ? options->reference.tag : NULL);
	if (has_tag && json_array_size(json_object_get(all, "tags")) == 0)
		return pv_fail(error, PV_ERROR_NOT_SIGNED, "%s: no valid trust data for tag %s",
			       options->gun, options->reference.tag);
	if (options->json) {
		g_autofree char *text = pv_json_text(all, FALSE);

		fputs(text, stdout);
	} else {
		print_for_people(all);
	}
	return TRUE;
}

int pv_command_inspect(int argc, char **argv)
{
	g_auto(PvTrustOptions) options = { 0 };
	g_autofree GOptionEntry *entries = pv_trust_options_entries(&options);
	const GOptionEntry *const groups[] = { entries, NULL };
	g_autoptr(GError) error = NULL;

	if (!pv_options_parse(COMMAND, "IMAGE",
			      "Tells who may sign what in a repository, and "
			      "what is signed.",
			      groups, &argc, &argv, &error))
		return pv_terminal_fail(COMMAND, error);
	if (argc != 2) {
		pv_fail(&error, PV_ERROR_USAGE, "expected one IMAGE; try `%s --help`", COMMAND);
		return pv_terminal_fail(COMMAND, error);
	}
	if (!inspect(&options, argv[1], &error))
		return pv_terminal_fail(COMMAND, error);
	return 0;
}
