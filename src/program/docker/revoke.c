/* SPDX-License-Identifier: Apache-2.0 */

/* docker trust revoke: takes tags out of every role that can be signed here. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "program/docker/image.h"

static const char *const released[] = { "targets/releases", "targets" };

typedef struct {
	const PvDockerImage *image;
	const char *tag; /* NULL: all */
} Revocation;

/* (transfer full): copies of the tags that are released now and meant. */
static GPtrArray *tags_to_revoke(const PvEdit *edit, const char *only)
{
	GPtrArray *tags = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(released); i++) {
		const PvEditRole *role = pv_edit_role(edit, released[i]);
		GHashTableIter iter;
		void *tag;

		if (!role || !role->files)
			continue;
		g_hash_table_iter_init(&iter, role->files);
		while (g_hash_table_iter_next(&iter, &tag, NULL)) {
			if ((only && strcmp(only, tag) != 0) || g_hash_table_contains(seen, tag))
				continue;
			g_ptr_array_add(tags, g_strdup(tag));
			g_hash_table_add(seen, tags->pdata[tags->len - 1]);
		}
	}
	return tags;
}

static gboolean revoke_tag(PvEdit *edit, const PvDockerImage *image, const char *tag,
			   GError **error)
{
	g_autoptr(GPtrArray) roles = pv_docker_image_signable(image, edit, tag, error);

	if (!roles)
		return FALSE;
	for (guint i = 0; i < roles->len; i++) {
		g_autoptr(PvChange) change = pv_change_remove_target(roles->pdata[i], tag);

		if (!pv_edit_apply(edit, change, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean apply(PvEdit *edit, void *data, GError **error)
{
	const Revocation *revocation = data;
	g_autoptr(GPtrArray) tags = tags_to_revoke(edit, revocation->tag);

	if (tags->len == 0)
		return revocation->tag
			       ? pv_fail(error, PV_ERROR_NOT_FOUND, "No valid trust data for %s",
					 revocation->tag)
			       : pv_fail(error, PV_ERROR_NOT_FOUND, "no signed tags to remove");
	for (guint i = 0; i < tags->len; i++) {
		if (!revoke_tag(edit, revocation->image, tags->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

gboolean pv_docker_revoke(PvDocker *docker, const PvDockerArguments *arguments, GError **error)
{
	const char *name = arguments->words->pdata[0];
	g_auto(PvDockerImage) image = { 0 };
	g_auto(PvPublished) published = { 0 };
	g_autofree char *question =
		g_strdup_printf("Confirm you would like to delete all signature data for %s?",
				name);
	Revocation revocation = { &image, NULL };

	if (!pv_docker_image_open(docker, name, &image, error))
		return FALSE;
	if (image.reference.has_digest)
		return pv_fail(error, PV_ERROR_USAGE,
			       "cannot use a digest reference for IMAGE:TAG");
	if (!image.tag && !arguments->on && !pv_docker_confirm(question))
		return TRUE;
	revocation.tag = image.tag;
	if (!pv_repository_edit(image.repository, docker->passphrases, NULL, apply, &revocation,
				&published, error)) {
		if (error && g_error_matches(*error, PV_ERROR, PV_ERROR_NOT_SIGNED)) {
			g_free((*error)->message);
			(*error)->message = pv_docker_image_absent(&image);
		}
		return pv_fail_wrap(error, "could not remove signature for %s", name);
	}
	printf("Successfully deleted signature for %s\n", name);
	return TRUE;
}
