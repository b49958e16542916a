/* SPDX-License-Identifier: Apache-2.0 */

/* notary delegation …: who may sign which targets. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "crypto/certificate.h"
#include "program/notary/notary.h"

#define ALL_PATHS "\"\" <all paths>"

static PvPublicKey *read_key(const char *path, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PvPublicKey *key = pv_certificate_read_key(path, &failure);

	if (g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		return pv_fail_null(error, PV_ERROR_NOT_FOUND,
				    "file for public key does not exist: %s", path);
	if (!key)
		return pv_fail_null(
			error, PV_ERROR_KEY,
			"unable to parse valid public key certificate from PEM file %s: "
			"no valid public key found",
			path);
	return key;
}

/* (transfer full): "[a b]" or, of paths, a line each. */
static char *bracketed(const GPtrArray *texts, const char *separator)
{
	GString *all = g_string_new("[");

	for (guint i = 0; i < texts->len; i++) {
		const char *text = texts->pdata[i];

		g_string_append_printf(all, "%s%s", i ? separator : "", *text ? text : ALL_PATHS);
	}
	g_string_append_c(all, ']');
	return g_string_free(all, FALSE);
}

static gboolean stage(PvNotary *notary, PvChange *change, GError **error)
{
	g_autoptr(PvChange) owned = change;
	const char *gun = pv_notary_argument(notary, 0);

	return pv_trust_check_gun(gun, error) &&
	       pv_changelist_add(notary->directory, gun, owned, error);
}

static gboolean is_delegation(const char *role)
{
	PvRoleKind kind;

	return pv_role_kind(role, &kind, NULL) && kind == PV_ROLE_DELEGATION;
}

static void add_paths(const PvNotary *notary, GPtrArray *paths)
{
	if (notary->all_paths)
		g_ptr_array_add(paths, g_strdup(""));
	for (guint i = 0; !notary->all_paths && notary->paths && i < notary->paths->len; i++)
		g_ptr_array_add(paths, g_strdup(notary->paths->pdata[i]));
}

/* Notary stages the keys and the paths each for themselves. */
static gboolean stage_addition(PvNotary *notary, const char *role, GPtrArray *keys,
			       GPtrArray *paths, GError **error)
{
	g_autoptr(PvDelegationChange) of_keys = pv_delegation_change_new();
	g_autoptr(PvDelegationChange) of_paths = pv_delegation_change_new();

	for (guint i = 0; i < keys->len; i++)
		g_ptr_array_add(of_keys->add_keys, pv_public_key_ref(keys->pdata[i]));
	of_keys->threshold = 1;
	for (guint i = 0; i < paths->len; i++)
		g_ptr_array_add(of_paths->add_paths, g_strdup(paths->pdata[i]));
	if (keys->len > 0 &&
	    !stage(notary, pv_change_delegation(PV_CHANGE_CREATE, role, of_keys), error))
		return FALSE;
	return paths->len == 0 ||
	       stage(notary, pv_change_delegation(PV_CHANGE_CREATE, role, of_paths), error);
}

gboolean pv_notary_delegation_add(PvNotary *notary, GError **error)
{
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_public_key_unref);
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *id_text = NULL;
	g_autofree char *path_text = NULL;
	const char *role;

	if (notary->arguments->len < 2 ||
	    (notary->arguments->len < 3 && !notary->paths && !notary->all_paths))
		return pv_notary_misused(
			notary,
			"must specify the Global Unique Name and the role of the delegation along "
			"with the public key certificate paths and/or a list of paths to add",
			error);
	role = pv_notary_argument(notary, 1);
	for (guint i = 2; i < notary->arguments->len; i++) {
		PvPublicKey *key = read_key(pv_notary_argument(notary, i), error);

		if (!key)
			return FALSE;
		g_ptr_array_add(keys, key);
		g_ptr_array_add(ids, (void *)pv_public_key_canonical_id(key));
	}
	add_paths(notary, paths);
	if (!is_delegation(role))
		return pv_fail(error, PV_ERROR_ROLE,
			       "failed to create delegation: tuf: invalid role %.128s. invalid "
			       "delegation role name",
			       role);
	if (!stage_addition(notary, role, keys, paths, error))
		return FALSE;
	id_text = bracketed(ids, " ");
	path_text = bracketed(paths, "\n");
	printf("\nAddition of delegation role %s ", role);
	if (keys->len > 0)
		printf("with keys %s, ", id_text);
	if (paths->len > 0)
		printf("with paths %s, ", path_text);
	printf("to repository \"%s\" staged for next publish.\n\n", pv_notary_argument(notary, 0));
	return pv_notary_maybe_publish(notary, error);
}

/* --- list ---------------------------------------------------------------------------------- */

static const char *item_or_empty(const GPtrArray *items, guint index)
{
	const char *text = index < items->len ? items->pdata[index] : "";

	return text;
}

static void add_rows(GPtrArray *cells, GPtrArray *made, const PvRole *role)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	char *threshold = g_strdup_printf("%u", role->threshold);

	g_ptr_array_add(made, threshold);
	for (guint i = 0; i < role->paths->len; i++) {
		const char *path = role->paths->pdata[i];

		g_ptr_array_add(paths, (void *)(*path ? path : ALL_PATHS));
	}
	for (guint i = 0; i < role->keys->len; i++)
		g_ptr_array_add(ids, (void *)pv_public_key_canonical_id(role->keys->pdata[i]));
	for (guint i = 0; i < MAX(1, MAX(paths->len, ids->len)); i++) {
		g_ptr_array_add(cells, i == 0 ? role->name : (void *)"");
		g_ptr_array_add(cells, (void *)item_or_empty(paths, i));
		g_ptr_array_add(cells, (void *)item_or_empty(ids, i));
		g_ptr_array_add(cells, i == 0 ? threshold : (void *)"");
	}
}

static int compare_roles(const void *a, const void *b)
{
	const PvRole *const *left = a, *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* (transfer container): every delegation that targets or another delegation makes, by name. */
static GPtrArray *all_delegations(const PvTufState *state)
{
	GPtrArray *roles = g_ptr_array_new();
	GHashTableIter iter, inner;
	PvMetadata *metadata;
	void *role;

	g_hash_table_iter_init(&inner, state->targets->roles);
	while (g_hash_table_iter_next(&inner, NULL, &role))
		g_ptr_array_add(roles, role);
	g_hash_table_iter_init(&iter, state->delegations);
	while (g_hash_table_iter_next(&iter, NULL, (void **)&metadata)) {
		g_hash_table_iter_init(&inner, metadata->roles);
		while (g_hash_table_iter_next(&inner, NULL, &role))
			g_ptr_array_add(roles, role);
	}
	g_ptr_array_sort(roles, compare_roles);
	return roles;
}

gboolean pv_notary_delegation_list(PvNotary *notary, GError **error)
{
	static const char *const head[] = { "ROLE", "PATHS", "KEY IDS", "THRESHOLD",
					    "----", "-----", "-------", "---------" };
	g_autoptr(PvRepository) repository = NULL;
	const PvTufState *state;
	g_autoptr(GPtrArray) roles = NULL;
	g_autoptr(GPtrArray) cells = g_ptr_array_new();
	g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);

	if (notary->arguments->len != 1)
		return pv_notary_misused(
			notary, "Please provide a Global Unique Name as an argument to list",
			error);
	repository = pv_notary_open(notary, error);
	state = repository ? pv_notary_read(notary, repository, NULL, error) : NULL;
	if (!state)
		return repository && pv_fail_wrap(error,
						  "Error retrieving delegation roles for "
						  "repository %s",
						  pv_notary_argument(notary, 0));
	roles = all_delegations(state);
	if (roles->len == 0) {
		printf("\n\nNo delegations present in this repository.\n\n\n");
		return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(head); i++)
		g_ptr_array_add(cells, (void *)head[i]);
	for (guint i = 0; i < roles->len; i++)
		add_rows(cells, made, roles->pdata[i]);
	g_ptr_array_add(cells, NULL);
	putchar('\n');
	pv_notary_print_table((const char *const *)cells->pdata, 4);
	putchar('\n');
	return TRUE;
}

/* --- purge, remove ------------------------------------------------------------------------- */

gboolean pv_notary_delegation_purge(PvNotary *notary, GError **error)
{
	if (notary->arguments->len != 1)
		return pv_notary_misused(
			notary,
			"Please provide a single Global Unique Name as an argument to remove",
			error);
	if (!notary->keys)
		return pv_notary_misused(
			notary,
			"Please provide at least one key ID to be removed using the --key flag",
			error);
	g_ptr_array_add(notary->keys, NULL);
	if (!stage(notary, pv_change_purge_keys((const char *const *)notary->keys->pdata), error))
		return FALSE;
	printf("Removal of the following keys from all delegations in %s staged for next publish:"
	       "\n",
	       pv_notary_argument(notary, 0));
	for (guint i = 0; i + 1 < notary->keys->len; i++)
		printf("\t- %s\n", (const char *)notary->keys->pdata[i]);
	return pv_notary_maybe_publish(notary, error);
}

static gboolean remove_all(PvNotary *notary, const char *role, GError **error)
{
	printf("\nAre you sure you want to remove all data for this delegation? (yes/no)");
	if (notary->yes)
		printf("\nConfirmed `yes` from flag\n");
	else if (!pv_notary_confirm())
		return pv_fail(error, PV_ERROR_REFUSED, "Aborting action.");
	if (!stage(notary, pv_change_remove_delegation(role), error))
		return FALSE;
	printf("\nForced removal (including all keys and paths) of delegation role %s to "
	       "repository \"%s\" staged for next publish.\n\n",
	       role, pv_notary_argument(notary, 0));
	return TRUE;
}

/* Keys and paths each for themselves, as for an addition. */
static gboolean stage_removal(PvNotary *notary, const char *role, GPtrArray *ids, GError **error)
{
	g_autoptr(PvDelegationChange) of_keys = pv_delegation_change_new();
	g_autoptr(PvDelegationChange) of_paths = pv_delegation_change_new();

	for (guint i = 0; i < ids->len; i++)
		g_ptr_array_add(of_keys->remove_keys, g_strdup(ids->pdata[i]));
	of_paths->clear_paths = notary->all_paths;
	for (guint i = 0; !notary->all_paths && notary->paths && i < notary->paths->len; i++)
		g_ptr_array_add(of_paths->remove_paths, g_strdup(notary->paths->pdata[i]));
	if ((notary->all_paths || notary->paths) &&
	    !stage(notary, pv_change_delegation(PV_CHANGE_UPDATE, role, of_paths), error))
		return FALSE;
	return ids->len == 0 ||
	       stage(notary, pv_change_delegation(PV_CHANGE_UPDATE, role, of_keys), error);
}

static gboolean remove_some(PvNotary *notary, const char *role, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new();
	g_autofree char *id_text = NULL;
	g_autofree char *path_text = NULL;

	for (guint i = 2; i < notary->arguments->len; i++)
		g_ptr_array_add(ids, (void *)pv_notary_argument(notary, i));
	if (!stage_removal(notary, role, ids, error))
		return FALSE;
	id_text = bracketed(ids, " ");
	path_text = notary->paths ? bracketed(notary->paths, "\n") : NULL;
	printf("\nRemoval of delegation role %s ", role);
	if (ids->len > 0)
		printf("with keys %s, ", id_text);
	if (notary->all_paths)
		printf("with all paths, ");
	else if (path_text)
		printf("with paths %s, ", path_text);
	printf("to repository \"%s\" staged for next publish.\n\n", pv_notary_argument(notary, 0));
	return TRUE;
}

gboolean pv_notary_delegation_remove(PvNotary *notary, GError **error)
{
	const char *role;
	gboolean some, done;

	if (notary->arguments->len < 2)
		return pv_notary_misused(
			notary,
			"must specify the Global Unique Name and the role of the delegation along "
			"with optional keyIDs and/or a list of paths to remove",
			error);
	role = pv_notary_argument(notary, 1);
	if (!is_delegation(role))
		return pv_fail(error, PV_ERROR_ROLE, "invalid delegation name %.128s", role);
	some = notary->arguments->len > 2 || notary->paths || notary->all_paths;
	done = some ? remove_some(notary, role, error) : remove_all(notary, role, error);
	return done && pv_notary_maybe_publish(notary, error);
}
