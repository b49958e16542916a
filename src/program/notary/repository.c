/* SPDX-License-Identifier: Apache-2.0 */

/* notary init, publish, status, reset, witness, delete, version. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "config.h"
#include "program/notary/notary.h"

static gboolean publish_now(PvNotary *notary, GError **error)
{
	g_autoptr(PvRepository) repository = pv_notary_open(notary, error);
	const PvInitialise as_notary = { 0 };
	g_auto(PvPublished) published = { 0 };

	if (!repository || !pv_repository_publish(repository, notary->passphrases, &as_notary,
						  &published, error)) {
		pv_notary_rephrase(notary, error);
		return FALSE;
	}
	printf("Successfully published changes for repository %s\n", pv_notary_argument(notary, 0));
	return TRUE;
}

gboolean pv_notary_maybe_publish(PvNotary *notary, GError **error)
{
	if (!notary->publish)
		return TRUE;
	printf("Auto-publishing changes to %s\n", pv_notary_argument(notary, 0));
	fflush(stdout);
	return publish_now(notary, error);
}

gboolean pv_notary_publish(PvNotary *notary, GError **error)
{
	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "Must specify a GUN", error);
	printf("Pushing changes to %s\n", pv_notary_argument(notary, 0));
	fflush(stdout);
	return publish_now(notary, error);
}

/* Notary says which key it takes when one is there. */
static char *present_root_key(const PvNotary *notary)
{
	g_autoptr(GPtrArray) keys = pv_trust_keys(notary->directory, NULL);

	for (guint i = 0; keys && i < keys->len; i++) {
		const PvStoredKey *key = keys->pdata[i];

		if (g_strcmp0(key->file->role, "root") == 0)
			return g_strdup(key->id);
	}
	return NULL;
}

gboolean pv_notary_init(PvNotary *notary, GError **error)
{
	g_autoptr(PvRepository) repository = NULL;
	g_autofree char *present = NULL;
	PvInitialise options = { .root_key_file = notary->root_key,
				 .root_certificate_file = notary->root_certificate };

	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "Must specify a GUN", error);
	repository = pv_notary_open(notary, error);
	if (!repository)
		return FALSE;
	present = notary->root_key || notary->root_certificate ? NULL : present_root_key(notary);
	if (present)
		printf("Root key found, using: %s\n", present);
	options.root_key_id = present;
	return pv_repository_initialise(repository, notary->passphrases, &options, NULL, error) &&
	       pv_notary_maybe_publish(notary, error);
}

static GPtrArray *staged(PvNotary *notary, GError **error)
{
	const char *gun = pv_notary_argument(notary, 0);

	return pv_trust_check_gun(gun, error) ? pv_changelist_read(notary->directory, gun, error)
					      : NULL;
}

gboolean pv_notary_status(PvNotary *notary, GError **error)
{
	static const char *const head[] = { "#", "ACTION", "SCOPE", "TYPE", "PATH",
					    "-", "------", "-----", "----", "----" };
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GPtrArray) cells = g_ptr_array_new();
	g_autoptr(GPtrArray) numbers = g_ptr_array_new_with_free_func(g_free);

	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "Must specify a GUN", error);
	changes = staged(notary, error);
	if (!changes)
		return FALSE;
	if (changes->len == 0) {
		printf("No unpublished changes for %s\n", pv_notary_argument(notary, 0));
		return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(head); i++)
		g_ptr_array_add(cells, (void *)head[i]);
	for (guint i = 0; i < changes->len; i++) {
		const PvChange *change = changes->pdata[i];
		char *number = g_strdup_printf("%u", i);

		g_ptr_array_add(numbers, number);
		g_ptr_array_add(cells, number);
		g_ptr_array_add(cells, (void *)pv_change_action_name(change->action));
		g_ptr_array_add(cells, change->role);
		g_ptr_array_add(cells, (void *)pv_change_type_name(change->type));
		g_ptr_array_add(cells, change->path);
	}
	g_ptr_array_add(cells, NULL);
	printf("Unpublished changes for %s:\n\n", pv_notary_argument(notary, 0));
	pv_notary_print_table((const char *const *)cells->pdata, 5);
	return TRUE;
}

/* (transfer full): (borrowed) the changes that --number names; a number too large names none. */
static GPtrArray *chosen(const PvNotary *notary, const GPtrArray *changes)
{
	GPtrArray *some = g_ptr_array_new();

	for (guint i = 0; i < changes->len; i++) {
		gboolean is_chosen = notary->all;

		for (guint n = 0; notary->numbers && n < notary->numbers->len; n++)
			is_chosen = is_chosen || g_array_index(notary->numbers, gint, n) == (gint)i;
		if (is_chosen)
			g_ptr_array_add(some, changes->pdata[i]);
	}
	return some;
}

gboolean pv_notary_reset(PvNotary *notary, GError **error)
{
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GPtrArray) some = NULL;

	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "Must specify a GUN", error);
	if (!notary->all && !notary->numbers)
		return pv_notary_misused(notary,
					 "Must specify changes to reset with -n or the --all flag",
					 error);
	changes = staged(notary, error);
	if (!changes)
		return FALSE;
	some = chosen(notary, changes);
	if (!pv_changelist_remove(notary->directory, pv_notary_argument(notary, 0), some, error))
		return FALSE;
	printf("Successfully reset specified changes for repository %s\n",
	       pv_notary_argument(notary, 0));
	return TRUE;
}

gboolean pv_notary_witness(PvNotary *notary, GError **error)
{
	const char *gun;

	if (notary->arguments->len < 2)
		return pv_notary_misused(notary,
					 "Please provide a GUN and at least one role to witness",
					 error);
	gun = pv_notary_argument(notary, 0);
	if (!pv_trust_check_gun(gun, error))
		return FALSE;
	for (guint i = 1; i < notary->arguments->len; i++) {
		g_autoptr(PvChange) change = pv_change_witness(pv_notary_argument(notary, i));

		if (!pv_changelist_add(notary->directory, gun, change, error))
			return FALSE;
	}
	printf("The following roles were successfully marked for witnessing on the next publish:"
	       "\n");
	for (guint i = 1; i < notary->arguments->len; i++)
		printf("\t- %s\n", pv_notary_argument(notary, i));
	return pv_notary_maybe_publish(notary, error);
}

gboolean pv_notary_delete(PvNotary *notary, GError **error)
{
	g_autoptr(PvRepository) repository = NULL;

	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "Must specify a GUN", error);
	printf("Deleting trust data for repository %s\n", pv_notary_argument(notary, 0));
	fflush(stdout);
	repository = pv_notary_open(notary, error);
	if (!repository || !pv_repository_delete(repository, notary->remote, error))
		return FALSE;
	printf("Successfully deleted local %strust data for repository %s\n",
	       notary->remote ? "and remote " : "", pv_notary_argument(notary, 0));
	return TRUE;
}

gboolean pv_notary_version(PvNotary *notary, GError **error)
{
	printf("notary\n Version:    0.7.0 (pavise %s)\n", PV_VERSION);
	return TRUE;
}
