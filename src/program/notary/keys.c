/* SPDX-License-Identifier: Apache-2.0 */

/* notary key …: the private keys of the trust directory. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "program/notary/notary.h"
#include "trust/keys.h"

#define GUN_WIDTH_MAX      25
#define LOCATION_WIDTH_MAX 40

/* As Notary sorts: root first, then by repository, role, id. */
static int compare_keys(const void *a, const void *b)
{
	const PvStoredKey *const *left = a, *const *right = b;
	const char *roles[] = { (*left)->file->role, (*right)->file->role };
	gboolean roots[] = { g_strcmp0(roles[0], "root") == 0, g_strcmp0(roles[1], "root") == 0 };
	int order;

	if (roots[0] != roots[1])
		return roots[0] ? -1 : 1;
	order = g_strcmp0((*left)->file->gun ? (*left)->file->gun : "",
			  (*right)->file->gun ? (*right)->file->gun : "");
	if (order == 0)
		order = g_strcmp0(roles[0], roles[1]);
	return order ? order : strcmp((*left)->id, (*right)->id);
}

/* (transfer full): the end of a text that is too wide. */
static char *shortened(const char *text, gsize width)
{
	gsize length = strlen(text);

	if (length <= width)
		return g_strdup(text);
	return g_strconcat("...", text + length - (width - 3), NULL);
}

gboolean pv_notary_key_list(PvNotary *notary, GError **error)
{
	static const char *const head[] = { "ROLE", "GUN", "KEY ID", "LOCATION",
					    "----", "---", "------", "--------" };
	g_autoptr(GPtrArray) keys = NULL;
	g_autoptr(GPtrArray) cells = g_ptr_array_new();
	g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *private = g_build_filename(notary->directory, "private", NULL);

	if (notary->arguments->len > 0)
		return pv_notary_misused(notary, "", error);
	keys = pv_trust_keys(notary->directory, error);
	if (!keys)
		return FALSE;
	if (keys->len == 0) {
		printf("\nNo signing keys found.\n\n\n");
		return TRUE;
	}
	g_ptr_array_sort(keys, compare_keys);
	for (gsize i = 0; i < G_N_ELEMENTS(head); i++)
		g_ptr_array_add(cells, (void *)head[i]);
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *key = keys->pdata[i];
		char *gun = shortened(key->file->gun ? key->file->gun : "", GUN_WIDTH_MAX);
		char *location = shortened(private, LOCATION_WIDTH_MAX);

		g_ptr_array_add(made, gun);
		g_ptr_array_add(made, location);
		g_ptr_array_add(cells, (void *)(key->file->role ? key->file->role : ""));
		g_ptr_array_add(cells, gun);
		g_ptr_array_add(cells, key->id);
		g_ptr_array_add(cells, location);
	}
	g_ptr_array_add(cells, NULL);
	putchar('\n');
	pv_notary_print_table((const char *const *)cells->pdata, 4);
	putchar('\n');
	return TRUE;
}

/* --output NAME: NAME.pem and NAME-key.pem instead of the trust directory. */
static gboolean write_pair(const PvNotary *notary, const PvPrivateKey *key, const char *role,
			   const PvSecret *passphrase, GError **error)
{
	g_autofree char *private_path = g_strconcat(notary->output, "-key.pem", NULL);
	g_autofree char *public_path = g_strconcat(notary->output, ".pem", NULL);
	g_autofree char *pem = pv_certificate_public_pem(pv_private_key_public(key));
	g_autoptr(PvSecret) text = pv_key_file_write(key, NULL, role, passphrase, error);

	return text && pv_file_replace(private_path, text->data, text->size, 0600, error) &&
	       pv_file_replace(public_path, pem, strlen(pem), 0600, error);
}

gboolean pv_notary_key_generate(PvNotary *notary, GError **error)
{
	const char *role = notary->role && *notary->role ? notary->role : "root";
	g_autoptr(PvPrivateKey) key = NULL;
	const PvSecret *passphrase;

	if (notary->arguments->len > 1)
		return pv_notary_misused(
			notary,
			"Please provide only one Algorithm as an argument to generate (rsa, ecdsa)",
			error);
	if (notary->arguments->len == 1 &&
	    g_ascii_strcasecmp(pv_notary_argument(notary, 0), "ecdsa") != 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "Algorithm not allowed, possible values are: ECDSA");
	passphrase = pv_passphrases_new(notary->passphrases, role, error);
	key = passphrase ? pv_private_key_generate(PV_KEY_ECDSA, error) : NULL;
	if (!key)
		return FALSE;
	if (notary->output)
		return write_pair(notary, key, role, passphrase, error);
	if (!pv_trust_key_add(notary->directory, key, NULL, role, passphrase, error))
		return FALSE;
	printf("Generated new ecdsa %s key with keyID: %s\n", role,
	       pv_public_key_id(pv_private_key_public(key)));
	return TRUE;
}

/* (transfer full): the keys of --key and of each --gun. */
static GString *exported(const PvNotary *notary, const char *const *ids, GError **error)
{
	g_autoptr(GString) all = g_string_new(NULL);
	guint count = notary->guns ? notary->guns->len : 1;

	for (guint i = 0; i < count; i++) {
		const char *gun = notary->guns ? notary->guns->pdata[i] : NULL;
		g_autoptr(GBytes) some = pv_trust_key_export(notary->directory, ids, gun, error);
		const char *text;
		gsize size;

		if (!some)
			return NULL;
		text = g_bytes_get_data(some, &size);
		g_string_append_len(all, text ? text : "", (gssize)size);
	}
	return g_steal_pointer(&all);
}

gboolean pv_notary_key_export(PvNotary *notary, GError **error)
{
	g_autoptr(GString) all = NULL;

	if (notary->arguments->len > 0)
		return pv_notary_misused(notary, "", error);
	if (notary->keys && notary->guns)
		return pv_notary_misused(notary, "Only one of --key and --gun may be given", error);
	if (notary->keys)
		g_ptr_array_add(notary->keys, NULL);
	all = exported(notary, notary->keys ? (const char *const *)notary->keys->pdata : NULL,
		       error);
	if (!all)
		return FALSE;
	if (notary->output)
		return pv_file_replace(notary->output, all->str, all->len, 0600, error);
	return fwrite(all->str, 1, all->len, stdout) == all->len ||
	       pv_fail(error, PV_ERROR_IO, "cannot write to standard output");
}

static gboolean import_file(PvNotary *notary, const char *path, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem = pv_notary_read_file(path, PV_KEY_IMPORT_BYTES_MAX, error);

	if (!pem)
		return FALSE;
	if (pv_trust_key_import(notary->directory, notary->passphrases, pem, notary->role,
				notary->gun, NULL, &failure) ||
	    g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		return TRUE; /* Notary is content with a file without keys */
	g_propagate_prefixed_error(error, g_steal_pointer(&failure), "failed to import all keys: ");
	return FALSE;
}

gboolean pv_notary_key_import(PvNotary *notary, GError **error)
{
	if (notary->arguments->len < 1)
		return pv_notary_misused(notary,
					 "must specify at least one input file to import keys from",
					 error);
	if (notary->role && strcmp(notary->role, "targets") == 0 && !notary->gun)
		return pv_fail(error, PV_ERROR_USAGE,
			       "a targets key belongs to one repository: say --gun");
	for (guint i = 0; i < notary->arguments->len; i++) {
		if (!import_file(notary, pv_notary_argument(notary, i), error))
			return FALSE;
	}
	return TRUE;
}

static gboolean check_id(const char *id, GError **error)
{
	return pv_trust_key_is_id(id) ||
	       pv_fail(error, PV_ERROR_USAGE, "invalid key ID provided: %.128s", id);
}

gboolean pv_notary_key_passwd(PvNotary *notary, GError **error)
{
	g_autoptr(PvStoredKey) key = NULL;
	const PvSecret *known;
	const char *id;

	if (notary->arguments->len < 1)
		return pv_notary_misused(
			notary, "must specify the key ID of the key to change the passphrase of",
			error);
	id = pv_notary_argument(notary, 0);
	if (!check_id(id, error))
		return FALSE;
	key = pv_trust_key_find(notary->directory, id, NULL);
	if (!key)
		return pv_fail(error, PV_ERROR_KEY,
			       "could not retrieve local key for key ID provided: %s", id);
	/* With the passphrase in the environment the new one is the same, as with Notary. */
	known = pv_passphrases_known(notary->passphrases, key->file->role);
	if (!pv_trust_key_passwd(notary->directory, notary->passphrases, id, known, error))
		return FALSE;
	printf("\nSuccessfully updated passphrase for key ID: %s\n", id);
	return TRUE;
}

gboolean pv_notary_key_remove(PvNotary *notary, GError **error)
{
	g_autoptr(PvStoredKey) key = NULL;
	g_autofree char *what = NULL;
	const char *id;

	if (notary->arguments->len < 1)
		return pv_notary_misused(notary, "must specify the key ID of the key to remove",
					 error);
	id = pv_notary_argument(notary, 0);
	if (!check_id(id, error))
		return FALSE;
	key = pv_trust_key_find(notary->directory, id, NULL);
	if (!key)
		return pv_fail(error, PV_ERROR_KEY, "no key with ID %s found", id);
	what = g_strdup_printf("%s (role %s) from %s/private", id,
			       key->file->role ? key->file->role : "", notary->directory);
	printf("\nAre you sure you want to remove %s?  (yes/no)  \n", what);
	if (!pv_notary_confirm()) {
		printf("Aborting action.\n\n");
		return TRUE;
	}
	if (!pv_trust_key_remove(notary->directory, id, error))
		return FALSE;
	printf("Deleted %s.\n\n", what);
	return TRUE;
}

static gboolean confirm_root(void)
{
	printf("Warning: you are about to rotate your root key.\n\n"
	       "You must use your old key to sign this root rotation.\n"
	       "Are you sure you want to proceed?  (yes/no)  ");
	if (pv_notary_confirm())
		return TRUE;
	printf("\nAborting action.\n");
	return FALSE;
}

static gboolean check_rotation(const char *role, gboolean server, GError **error)
{
	gboolean is_targets = strcmp(role, "targets") == 0;

	if (strcmp(role, "root") != 0 && !is_targets && strcmp(role, "snapshot") != 0 &&
	    strcmp(role, "timestamp") != 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "notary does not currently permit rotating the %.64s key", role);
	if (server && is_targets)
		return pv_fail(error, PV_ERROR_USAGE,
			       "notary does not permit the server managing the %s key", role);
	if (!server && strcmp(role, "timestamp") == 0)
		return pv_fail(error, PV_ERROR_USAGE,
			       "notary does not permit the client managing the %s key", role);
	return TRUE;
}

/* -k names files of keys (or ids): files are imported first. */
static gboolean import_new_keys(PvNotary *notary, const char *role, GPtrArray *ids, GError **error)
{
	const char *gun = pv_notary_argument(notary, 0);

	for (guint i = 0; notary->keys && i < notary->keys->len; i++) {
		const char *named = notary->keys->pdata[i];
		g_autoptr(GPtrArray) some = NULL;
		g_autoptr(GBytes) pem = NULL;

		if (pv_trust_key_is_id(named)) {
			g_ptr_array_add(ids, g_strdup(named));
			continue;
		}
		pem = pv_notary_read_file(named, PV_KEY_IMPORT_BYTES_MAX, error);
		if (!pem || !pv_trust_key_import(notary->directory, notary->passphrases, pem, role,
						 gun, &some, error))
			return FALSE;
		for (guint k = 0; k < some->len; k++)
			g_ptr_array_add(ids, g_strdup(some->pdata[k]));
	}
	g_ptr_array_add(ids, NULL);
	return TRUE;
}

gboolean pv_notary_key_rotate(PvNotary *notary, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(PvRepository) repository = NULL;
	g_auto(PvPublished) published = { 0 };
	PvRotation rotation = { .server = notary->server_managed };

	if (notary->arguments->len < 2)
		return pv_notary_misused(notary, "Must specify a GUN and a key role to rotate",
					 error);
	rotation.role = pv_notary_argument(notary, 1);
	if (notary->legacy && notary->legacy->len)
		rotation.legacy =
			(guint)MAX(0, g_array_index(notary->legacy, gint, notary->legacy->len - 1));
	if (!check_rotation(rotation.role, rotation.server, error))
		return FALSE;
	if (strcmp(rotation.role, "root") == 0 && !confirm_root())
		return TRUE;
	if (!import_new_keys(notary, rotation.role, ids, error))
		return FALSE;
	rotation.keys = (const char *const *)ids->pdata;
	repository = pv_notary_open(notary, error);
	if (!repository ||
	    !pv_repository_rotate(repository, notary->passphrases, &rotation, &published, error))
		return FALSE;
	printf("Successfully rotated %s key for repository %s\n", rotation.role,
	       pv_notary_argument(notary, 0));
	return TRUE;
}
