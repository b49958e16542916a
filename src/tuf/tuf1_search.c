/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Who says what of a target (specification 5.6.7): a pre-order depth-first search through the
 * delegations that are trusted for its path, with a list of what is still to be visited in place of
 * recursion.
 */

#include "base/error.h"
#include "base/limits.h"
#include "tuf/tuf1_client_private.h"

/* A role to visit, and on whose word. */
typedef struct {
	PvTuf1Metadata *delegator; /* owns the role, unless it is a bin */
	const PvTuf1Role *role;
	char *bin; /* the name of a bin; NULL otherwise */
} Visit;

static Visit *visit_new(PvTuf1Metadata *delegator, const PvTuf1Role *role, char *bin)
{
	Visit *visit = g_new0(Visit, 1);

	visit->delegator = pv_tuf1_ref(delegator);
	visit->role = role;
	visit->bin = bin;
	return visit;
}

static void visit_free(Visit *visit)
{
	pv_tuf1_unref(visit->delegator);
	g_free(visit->bin);
	g_free(visit);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Visit, visit_free)

/*
 * Adds what @targets delegates @path to, so that the first comes next. After a terminating one
 * nothing else counts, neither later delegations nor those of the roles above.
 */
static void add_delegations(GPtrArray *to_visit, PvTuf1Metadata *targets, const char *path)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	gboolean ends = FALSE;

	if (targets->bins) {
		g_ptr_array_add(found, targets->bins);
		ends = TRUE;
	}
	for (guint i = 0; targets->delegations && i < targets->delegations->len && !ends; i++) {
		PvTuf1Role *role = targets->delegations->pdata[i];

		if (!pv_tuf1_role_covers(role, path))
			continue;
		g_ptr_array_add(found, role);
		ends = role->terminating;
	}
	if (ends)
		g_ptr_array_set_size(to_visit, 0);
	for (guint i = found->len; i > 0; i--) {
		PvTuf1Role *role = found->pdata[i - 1];
		char *bin = role == targets->bins ? pv_tuf1_bin_name(targets, path) : NULL;

		g_ptr_array_add(to_visit, visit_new(targets, role, bin));
	}
}

const PvFileMeta *pv_tuf1_client_find(PvTuf1Client *client, const char *path, GError **error)
{
	g_autoptr(GPtrArray) to_visit = g_ptr_array_new_with_free_func((GDestroyNotify)visit_free);
	g_autoptr(GHashTable) visited =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_return_val_if_fail(client->snapshot, NULL);
	g_ptr_array_add(to_visit,
			visit_new(client->root, client->root->roles[PV_TUF1_TARGETS], NULL));
	while (to_visit->len > 0) {
		g_autoptr(Visit) visit = g_ptr_array_steal_index(to_visit, to_visit->len - 1);
		const char *name = visit->bin ? visit->bin : visit->role->name;
		g_autoptr(PvTuf1Metadata) targets = NULL;
		const PvFileMeta *found;

		if (g_hash_table_contains(visited, name))
			continue;
		if (g_hash_table_size(visited) > PV_TUF1_VISITS_MAX) /* with "targets" itself */
			return pv_fail_null(error, PV_ERROR_LIMIT,
					    "target '%.200s': not found in %d delegated roles",
					    path, PV_TUF1_VISITS_MAX);
		targets = pv_tuf1_client_load_targets(client, name, visit->role, error);
		if (!targets)
			return NULL;
		found = g_hash_table_lookup(targets->targets, path);
		if (found)
			return found; /* @client keeps the role */
		g_hash_table_add(visited, g_strdup(name));
		add_delegations(to_visit, targets, path);
	}
	return pv_fail_null(error, PV_ERROR_NOT_FOUND, "target '%.200s': no role that may names it",
			    path);
}
