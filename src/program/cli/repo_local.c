/* SPDX-License-Identifier: Apache-2.0 */

/* pavise repo status, reset, list: what the trust directory knows and has staged. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "program/cli/repo.h"

/* (transfer full): what is staged for the repository that @image names. */
static GPtrArray *staged(PvRepoOptions *options, const char *image, GError **error)
{
	g_autoptr(PvRepository) repository = pv_trust_options_open(&options->trust, image, error);

	return repository ? pv_changelist_read(options->trust.directory, options->trust.gun, error)
			  : NULL;
}

static void print_json(json_t *value)
{
	g_autofree char *text = pv_json_text(value, FALSE);

	fputs(text, stdout);
}

gboolean pv_repo_status(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(GPtrArray) changes = staged(options, argv[1], error);
	g_autoptr(json_t) all = json_array();

	if (!changes)
		return FALSE;
	if (!options->trust.json && changes->len == 0)
		printf("%s: nothing is staged\n", options->trust.gun);
	else if (!options->trust.json)
		printf("%-6s %-8s %-10s %-28s %s\n", "NUMBER", "ACTION", "TYPE", "ROLE", "TARGET");
	for (guint i = 0; i < changes->len; i++) {
		const PvChange *change = changes->pdata[i];
		const char *action = pv_change_action_name(change->action);
		const char *type = pv_change_type_name(change->type);
		g_autofree char *role = pv_terminal_safe(change->role);
		g_autofree char *path = pv_terminal_safe(change->path);

		if (options->trust.json)
			json_array_append_new(all, json_pack("{s:i, s:s, s:s, s:s, s:s}", "number",
							     (int)i, "action", action, "type", type,
							     "role", change->role, "target",
							     change->path));
		else
			printf("%-6u %-8s %-10s %-28s %s\n", i, action, type, role, path);
	}
	if (options->trust.json)
		print_json(all);
	return TRUE;
}

/* (transfer container) (nullable): the changes that --number names. */
static GPtrArray *chosen(const PvRepoOptions *options, const GPtrArray *changes, GError **error)
{
	g_autoptr(GPtrArray) some = g_ptr_array_new();

	for (guint i = 0; options->all && i < changes->len; i++)
		g_ptr_array_add(some, changes->pdata[i]);
	for (char **number = options->numbers; !options->all && number && *number; number++) {
		guint64 index;

		if (!g_ascii_string_to_unsigned(*number, 10, 0, G_MAXUINT, &index, NULL) ||
		    index >= changes->len)
			return pv_fail_null(error, PV_ERROR_USAGE,
					    "--number %s: `pavise repo status` lists 0 to %d",
					    *number, (int)changes->len - 1);
		g_ptr_array_add(some, changes->pdata[index]);
	}
	return g_steal_pointer(&some);
}

gboolean pv_repo_reset(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GPtrArray) some = NULL;
	g_autoptr(json_t) value = NULL;

	if (!options->all && !options->numbers)
		return pv_fail(error, PV_ERROR_USAGE,
			       "which staged changes? say --number N (repeatable) or --all");
	changes = staged(options, argv[1], error);
	some = changes ? chosen(options, changes, error) : NULL;
	if (!some ||
	    !pv_changelist_remove(options->trust.directory, options->trust.gun, some, error))
		return FALSE;
	value = json_pack("{s:s, s:i}", "repository", options->trust.gun, "reset", (int)some->len);
	if (options->trust.json)
		print_json(value);
	else
		printf("%s: %u staged change%s taken back\n", options->trust.gun, some->len,
		       some->len == 1 ? "" : "s");
	return TRUE;
}

static gint64 cached_version(PvTrustCache *store, const char *role)
{
	PvTufCache cache;
	g_autoptr(GBytes) file = NULL;
	g_autoptr(PvMetadata) metadata = NULL;

	pv_trust_cache_functions(store, &cache);
	file = cache.load(cache.cache, role);
	metadata = file ? pv_metadata_parse(role, file, NULL) : NULL;
	return metadata ? metadata->version : 0;
}

gboolean pv_repo_list(PvRepoOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(GPtrArray) guns = NULL;
	g_autoptr(json_t) all = json_array();

	if (!pv_trust_options_configure(&options->trust, error))
		return FALSE;
	guns = pv_trust_repositories(options->trust.directory);
	if (!options->trust.json && guns->len > 0)
		printf("%-48s %-5s %-8s %s\n", "REPOSITORY", "ROOT", "TARGETS", "STAGED");
	for (guint i = 0; i < guns->len; i++) {
		const char *gun = guns->pdata[i];
		g_autoptr(PvTrustCache) cache = pv_trust_cache_new(options->trust.directory, gun);
		g_autoptr(GPtrArray) changes =
			pv_changelist_read(options->trust.directory, gun, error);
		gint64 root = cached_version(cache, "root");
		gint64 targets = cached_version(cache, "targets");

		if (!changes)
			return FALSE;
		if (options->trust.json)
			json_array_append_new(all, json_pack("{s:s, s:I, s:I, s:i}", "repository",
							     gun, "root", (json_int_t)root,
							     "targets", (json_int_t)targets,
							     "staged", (int)changes->len));
		else
			printf("%-48s %-5d %-8d %u\n", gun, (int)root, (int)targets, changes->len);
	}
	if (options->trust.json)
		print_json(all);
	return TRUE;
}
