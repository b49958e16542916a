/* SPDX-License-Identifier: Apache-2.0 */

/* pavise inspect: keys, roles, tags, signatures and expiry of a repository's trust data. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/sorted.h"
#include "base/terminal.h"
#include "program/cli/options.h"
#include "program/cli/trust.h"
#include "program/cli/trust_options.h"
#include "trust/attestations.h"

#define COMMAND "pavise inspect"

/* {"id","type","signed","hardware"}, and "attestation" where there is more to say. */
static json_t *json_of_key(const PvTrustOptions *options, const PvPublicKey *key,
			   gboolean signed_it)
{
	g_autoptr(PvHardware) hardware =
		pv_hardware_find(options->directory, key, options->roots, pv_time_now());
	json_t *value = pv_hardware_json(hardware);
	g_autofree char *words = pv_hardware_words(hardware);

	json_object_set_new(value, "type", json_string(pv_public_key_type(key)));
	json_object_set_new(value, "signed", json_boolean(signed_it));
	if (words)
		json_object_set_new(value, "where", json_string(words));
	return value;
}

static json_t *json_of_role(const PvTrustOptions *options, const PvTufState *state,
			    const PvMetadata *metadata)
{
	const PvRole *role = pv_tuf_role(state, metadata->role);
	g_autoptr(GPtrArray) signers = pv_metadata_signers(metadata, role);
	json_t *keys = json_array();
	char expires[PV_TIME_TEXT_SIZE];

	for (guint i = 0; i < role->keys->len; i++) {
		PvPublicKey *key = role->keys->pdata[i];

		json_array_append_new(keys, json_of_key(options, key,
							g_ptr_array_find(signers, key, NULL)));
	}
	pv_time_format(metadata->expires, expires);
	return json_pack("{s:s, s:I, s:s, s:i, s:o}", "name", metadata->role, "version",
			 (json_int_t)metadata->version, "expires", expires, "threshold",
			 (int)role->threshold, "keys", keys);
}

/* One line of the table, or one member of "tags". */
typedef struct {
	const char *name, *role;
	const PvFileMeta *meta;
} Tag;

static int compare_tags(const void *a, const void *b)
{
	return strcmp(((const Tag *)a)->name, ((const Tag *)b)->name);
}

/* (borrowed from @metadata) the tags of a role, or @only, behind those in @tags. */
static void add_tags(GArray *tags, const PvMetadata *metadata, const char *only)
{
	g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(Tag));
	Tag tag = { .role = metadata->role };
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, metadata->files);
	while (g_hash_table_iter_next(&iter, (void **)&tag.name, (void **)&tag.meta)) {
		if (!only || strcmp(only, tag.name) == 0)
			g_array_append_val(own, tag);
	}
	g_array_sort(own, compare_tags);
	g_array_append_vals(tags, own->data, own->len);
}

static void format_digest(const Tag *tag, char *ret_digest)
{
	*ret_digest = '\0';
	if (tag->meta->sha256.size)
		pv_digest_format(&tag->meta->sha256, ret_digest);
}

/* Printable ASCII without quotes is its own JSON; jansson knows the rest. */
static void append_json_string(GString *to, const char *text)
{
	g_autoptr(json_t) value = NULL;
	g_autofree char *quoted = NULL;
	const char *at = text;

	while (*at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		at++;
	if (!*at) {
		g_string_append_printf(to, "\"%s\"", text);
		return;
	}
	value = json_string(text);
	quoted = json_dumps(value, JSON_ENCODE_ANY);
	g_string_append(to, quoted);
}

/* Written as text: a tree of 10,000 tags would take longer than reading and verifying them. */
static void append_tags(GString *to, const GArray *tags)
{
	for (guint i = 0; i < tags->len; i++) {
		const Tag *tag = &g_array_index(tags, Tag, i);
		char digest[PV_DIGEST_TEXT_SIZE];

		format_digest(tag, digest);
		g_string_append(to, i ? ",{\"name\":" : "{\"name\":");
		append_json_string(to, tag->name);
		g_string_append(to, ",\"digest\":\"");
		g_string_append(to, digest);
		g_string_append_printf(to, "\",\"size\":%" G_GUINT64_FORMAT ",\"role\":\"%s\"}",
				       tag->meta->length, tag->role);
	}
}

static void append_member(GString *to, const char *name, json_t *value)
{
	g_autofree char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	g_string_append_printf(to, "\"%s\":%s", name, text);
	json_decref(value);
}

static json_t *roles_of(const PvTrustOptions *options, const PvTufState *state)
{
	g_autoptr(GPtrArray) delegations = pv_sorted_names(state->delegations);
	json_t *roles = json_array();

	json_array_append_new(roles, json_of_role(options, state, state->root));
	json_array_append_new(roles, json_of_role(options, state, state->targets));
	for (guint i = 0; i < delegations->len; i++)
		json_array_append_new(roles,
				      json_of_role(options, state,
						   pv_tuf_metadata(state, delegations->pdata[i])));
	json_array_append_new(roles, json_of_role(options, state, state->snapshot));
	json_array_append_new(roles, json_of_role(options, state, state->timestamp));
	return roles;
}

static GArray *tags_of(const PvTufState *state, const char *only)
{
	g_autoptr(GPtrArray) delegations = pv_sorted_names(state->delegations);
	GArray *tags = g_array_new(FALSE, FALSE, sizeof(Tag));

	add_tags(tags, state->targets, only);
	for (guint i = 0; i < delegations->len; i++)
		add_tags(tags, pv_tuf_metadata(state, delegations->pdata[i]), only);
	return tags;
}

static void print_json(const PvTrustOptions *options, const PvTufState *state, const char *server,
		       const GArray *tags)
{
	g_autoptr(GString) text = g_string_new("{");
	json_t *notes = json_array();

	for (guint i = 0; i < state->unusable->len; i++)
		json_array_append_new(notes, json_string(state->unusable->pdata[i]));
	append_member(text, "repository", json_string(options->gun));
	g_string_append_c(text, ',');
	append_member(text, "server", json_string(server));
	g_string_append_c(text, ',');
	append_member(text, "roles", roles_of(options, state));
	g_string_append(text, ",\"tags\":[");
	append_tags(text, tags);
	g_string_append(text, "],");
	append_member(text, "unusable", notes);
	g_string_append(text, "}\n");
	fwrite(text->str, 1, text->len, stdout);
}

static void print_roles(json_t *roles)
{
	json_t *item, *key;
	gsize i, k;

	json_array_foreach(roles, i, item) {
		printf("%-28s %-8d %-31s", pv_json_string(item, "name"),
		       (int)json_integer_value(json_object_get(item, "version")),
		       pv_json_string(item, "expires"));
		json_array_foreach(json_object_get(item, "keys"), k, key) {
			printf(" %.12s%s", pv_json_string(key, "id"),
			       json_is_true(json_object_get(key, "signed")) ? "*" : "");
		}
		putchar('\n');
	}
}

/* A line for each key of which it is known where it is. */
static void print_places(const json_t *roles)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	json_t *item, *key;
	gsize i, k;

	json_array_foreach(roles, i, item) {
		json_array_foreach(json_object_get(item, "keys"), k, key) {
			const char *id = pv_json_string(key, "id"),
				   *where = pv_json_string(key, "where");
			g_autofree char *safe = where ? pv_terminal_safe(where) : NULL;

			if (!safe || !g_hash_table_add(seen, (void *)id))
				continue;
			if (g_hash_table_size(seen) == 1)
				printf("\n%-12s %s\n", "KEY", "WHERE IT IS");
			printf("%.12s %s\n", id, safe);
		}
	}
}

static void print_for_people(const PvTrustOptions *options, const PvTufState *state,
			     const char *server, const GArray *tags)
{
	g_autoptr(json_t) roles = roles_of(options, state);

	printf("%s at %s\n\n%-28s %-8s %-31s %s\n", options->gun, server, "ROLE", "VERSION",
	       "EXPIRES", "KEYS (* signed this)");
	print_roles(roles);
	print_places(roles);
	printf("\n%-28s %-71s %s\n", "TAG", "DIGEST", "ROLE");
	for (guint i = 0; i < tags->len; i++) {
		const Tag *tag = &g_array_index(tags, Tag, i);
		g_autofree char *name = pv_terminal_safe(tag->name);
		char digest[PV_DIGEST_TEXT_SIZE];

		format_digest(tag, digest);
		printf("%-28s %-71s %s\n", name, digest, tag->role);
	}
	for (guint i = 0; i < state->unusable->len; i++)
		fprintf(stderr, COMMAND ": passed over: %s\n",
			(const char *)state->unusable->pdata[i]);
}

/* What was not asked for roles is not asked for their keys. */
static void bring_attestations(PvRepository *repository, const PvTufState *state,
			       const GArray *tags)
{
	const PvDigest *image =
		tags && tags->len > 0 ? &g_array_index(tags, Tag, 0).meta->sha256 : NULL;
	g_autoptr(GError) error = NULL;

	if (state->from_cache)
		return;
	pv_repository_bring_attestations(repository, state, image, &error);
	if (error)
		fprintf(stderr, COMMAND ": no attestations of keys: %s\n", error->message);
}

static gboolean inspect(PvTrustOptions *options, const char *image, GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(options, image, error);
	g_autoptr(PvTufState) state = NULL;
	g_autoptr(GArray) tags = NULL;
	gboolean has_tag = pv_trust_options_has_tag(image);
	const char *only;

	if (!repository)
		return FALSE;
	state = pv_repository_update(repository, error);
	if (!state)
		return FALSE;
	only = has_tag ? options->reference.tag : NULL;
	tags = tags_of(state, only);
	if (has_tag && tags->len == 0)
		return pv_fail(error, PV_ERROR_NOT_SIGNED, "%s: no valid trust data for tag %s",
			       options->gun, only);
	bring_attestations(repository, state, has_tag ? tags : NULL);
	if (options->json)
		print_json(options, state, pv_repository_server(repository), tags);
	else
		print_for_people(options, state, pv_repository_server(repository), tags);
	return TRUE;
}

int pv_command_inspect(int argc, char **argv)
{
	g_auto(PvTrustOptions) options = { .wants_hardware = TRUE };
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
