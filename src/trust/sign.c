/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signing and revoking a tag (trust.md 3.4): the tag goes into, or out of, the roles whose keys are
 * here; and what was signed is read back.
 */

#include <string.h>

#include "base/error.h"
#include "trust/edit_private.h"
#include "trust/repository_private.h"

typedef struct {
	const PvRepository *repository;
	const char *tag;
	const PvFileMeta *content;
} Signing;

/* (transfer container): the roles to sign @tag in: delegations whose keys are here, else targets. */
static GPtrArray *roles_to_sign(const Signing *signing, const PvEdit *edit)
{
	const PvEditRole *targets = pv_edit_role(edit, "targets");
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < targets->role_order->len; i++) {
		const char *name = targets->role_order->pdata[i];
		const PvRole *role = pv_edit_keys(edit, name);

		if (pv_repository_holds_key(signing->repository, role) &&
		    pv_role_covers(role, signing->tag))
			g_ptr_array_add(names, (void *)name);
	}
	if (names->len == 0)
		g_ptr_array_add(names, (void *)"targets");
	return names;
}

static gboolean add_tag(PvEdit *edit, void *data, GError **error)
{
	const Signing *signing = data;
	g_autoptr(GPtrArray) names = roles_to_sign(signing, edit);

	for (guint i = 0; i < names->len; i++) {
		g_autoptr(PvChange) change =
			pv_change_add_target(names->pdata[i], signing->tag, signing->content);

		if (!pv_edit_apply(edit, change, error))
			return FALSE;
	}
	return TRUE;
}

/* (transfer full): the roles, as the cache knows them. */
static GPtrArray *known_roles(PvRepository *repository, const Signing *signing)
{
	gboolean offline = repository->options.offline;
	g_autoptr(PvTufState) state = NULL;
	g_autoptr(PvEdit) edit = NULL;
	g_autoptr(GPtrArray) names = NULL;
	GPtrArray *roles = g_ptr_array_new_with_free_func(g_free);

	repository->options.offline = TRUE;
	repository->publishing = TRUE;
	state = pv_repository_update(repository, NULL);
	repository->publishing = FALSE;
	repository->options.offline = offline;
	if (!state) {
		g_ptr_array_add(roles, g_strdup("targets"));
		return roles;
	}
	edit = pv_edit_new(state, pv_time_now());
	names = roles_to_sign(signing, edit);
	for (guint i = 0; i < names->len; i++)
		g_ptr_array_add(roles, g_strdup(names->pdata[i]));
	return roles;
}

GPtrArray *pv_repository_stage(PvRepository *repository, const char *tag, const PvFileMeta *content,
			       GError **error)
{
	const Signing signing = { repository, tag, content };
	g_autoptr(GPtrArray) roles = known_roles(repository, &signing);

	for (guint i = 0; i < roles->len; i++) {
		g_autoptr(PvChange) change = pv_change_add_target(roles->pdata[i], tag, content);

		if (!pv_changelist_add(repository->options.directory, repository->options.gun,
				       change, error))
			return NULL;
	}
	return g_steal_pointer(&roles);
}

/* What was signed must be what the server gives now. */
static PvTrustAnswer *read_back(PvRepository *repository, const char *tag,
				const PvFileMeta *content, GError **error)
{
	g_autoptr(PvTrustAnswer) answer = pv_repository_verify(repository, tag, error);

	if (!answer)
		return NULL;
	if (!pv_digest_equal(&answer->digest, &content->sha256))
		return pv_fail_null(error, PV_ERROR_CONFLICT,
				    "somebody else signed another digest as %s meanwhile", tag);
	return g_steal_pointer(&answer);
}

PvTrustAnswer *pv_repository_sign(PvRepository *repository, PvPassphrases *passphrases,
				  const char *tag, const PvFileMeta *content,
				  PvPublished *ret_published, GError **error)
{
	const PvInitialise docker = { .server_snapshot = TRUE };
	Signing signing = { repository, tag, content };
	g_auto(PvPublished) published = { 0 };
	PvTrustAnswer *answer;

	if (!pv_repository_edit(repository, passphrases, &docker, add_tag, &signing, &published,
				error))
		return NULL;
	answer = read_back(repository, tag, content, error);
	if (answer) {
		*ret_published = published;
		published = (PvPublished){ 0 };
	}
	return answer;
}

/* --- revoking ------------------------------------------------------------------------------ */

typedef struct {
	const PvRepository *repository;
	const char *tag; /* NULL: all */
} Revoking;

static gboolean has_tag(const PvEditRole *role, const char *tag)
{
	return tag ? g_hash_table_contains(role->files, tag) : g_hash_table_size(role->files) > 0;
}

/* (transfer full): what takes the tag out of @role. */
static GPtrArray *removals(const PvEditRole *role, const char *tag)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func((GDestroyNotify)pv_change_free);
	GHashTableIter iter;
	void *name;

	g_hash_table_iter_init(&iter, role->files);
	while (g_hash_table_iter_next(&iter, &name, NULL)) {
		if (!tag || strcmp(tag, name) == 0)
			g_ptr_array_add(changes, pv_change_remove_target(role->name, name));
	}
	return changes;
}

/* (transfer container) (nullable): the roles that have the tag; all their keys must be here. */
static GPtrArray *roles_to_revoke(const Revoking *revoking, const PvEdit *edit, GError **error)
{
	g_autoptr(GPtrArray) names = pv_edit_role_names(edit);
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	for (guint i = 0; i < names->len; i++) {
		const PvRole *keys = pv_edit_keys(edit, names->pdata[i]);

		if (!keys || !has_tag(pv_edit_role(edit, names->pdata[i]), revoking->tag))
			continue;
		if (!pv_repository_holds_key(revoking->repository, keys))
			return pv_fail_null(error, PV_ERROR_KEY,
					    "%s has it signed, and no key of that role is in "
					    "%s/private; nothing was revoked",
					    (const char *)names->pdata[i],
					    revoking->repository->options.directory);
		g_ptr_array_add(found, names->pdata[i]);
	}
	if (found->len > 0)
		return g_steal_pointer(&found);
	if (revoking->tag)
		return pv_fail_null(error, PV_ERROR_NOT_SIGNED, "nobody has signed tag %s",
				    revoking->tag);
	return pv_fail_null(error, PV_ERROR_NOT_SIGNED, "nobody has signed any tag");
}

static gboolean remove_tag(PvEdit *edit, void *data, GError **error)
{
	const Revoking *revoking = data;
	g_autoptr(GPtrArray) names = roles_to_revoke(revoking, edit, error);

	for (guint i = 0; names && i < names->len; i++) {
		g_autoptr(GPtrArray) changes =
			removals(pv_edit_role(edit, names->pdata[i]), revoking->tag);

		if (!pv_edit_apply_all(edit, changes, error))
			return FALSE;
	}
	return names != NULL;
}

gboolean pv_repository_revoke(PvRepository *repository, PvPassphrases *passphrases, const char *tag,
			      PvPublished *ret_published, GError **error)
{
	Revoking revoking = { repository, tag };

	return pv_repository_edit(repository, passphrases, NULL, remove_tag, &revoking,
				  ret_published, error);
}
