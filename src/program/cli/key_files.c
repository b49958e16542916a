/* SPDX-License-Identifier: Apache-2.0 */

/* pavise key show, import, export, passwd, remove: the files of private keys. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/terminal.h"
#include "program/cli/key.h"
#include "program/cli/published.h"
#include "trust/keys.h"

#define ID_DIGITS_MIN 7

PvStoredKey *pv_key_find(const PvKeyOptions *options, const char *name, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_trust_keys(options->directory, error);
	guint count = 0, found = 0;

	if (!keys)
		return NULL;
	if (strlen(name) < ID_DIGITS_MIN)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "\"%.64s\": name a key by %d digits of its id at least", name,
				    ID_DIGITS_MIN);
	for (guint i = 0; i < keys->len; i++) {
		if (g_str_has_prefix(((PvStoredKey *)keys->pdata[i])->id, name)) {
			found = i;
			count++;
		}
	}
	if (count != 1)
		return pv_fail_null(error, PV_ERROR_KEY, "%s of the keys in %s/private is %.64s",
				    count ? "more than one" : "none", options->directory, name);
	return g_ptr_array_steal_index(keys, found);
}

static void print_json(json_t *value)
{
	g_autofree char *text = pv_json_text(value, FALSE);

	fputs(text, stdout);
}

gboolean pv_key_show(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvStoredKey) key = pv_key_find(options, argv[1], error);
	g_autoptr(json_t) value = NULL;
	g_autofree char *role = NULL;
	g_autofree char *gun = NULL;

	if (!key)
		return FALSE;
	role = pv_terminal_safe(key->file->role ? key->file->role : "");
	gun = pv_terminal_safe(key->file->gun ? key->file->gun : "");
	value = json_pack("{s:s, s:s, s:s, s:b, s:s}", "id", key->id, "role", role, "gun", gun,
			  "encrypted", key->file->encrypted, "path", key->path);
	if (options->json && key->uri)
		json_object_set_new(value, "store", json_string(key->uri));
	if (options->json) {
		print_json(value);
	} else if (key->uri) {
		printf("id          %s\nrole        %s\nrepository  %s\n", key->id, role,
		       *gun ? gun : "any");
		pv_key_show_token(options, key);
	} else {
		printf("id          %s\nrole        %s\nrepository  %s\nencrypted   %s\n"
		       "file        %s\n",
		       key->id, role, *gun ? gun : "any", key->file->encrypted ? "yes" : "no",
		       key->path);
	}
	return TRUE;
}

static gboolean import_file(PvKeyOptions *options, const char *path, json_t *all, GError **error)
{
	g_autoptr(GBytes) pem = pv_file_read(path, PV_KEY_IMPORT_BYTES_MAX, error);
	g_autoptr(GPtrArray) ids = NULL;

	if (!pem)
		return FALSE;
	if (!pv_trust_key_import(options->directory, options->passphrases, pem, options->role,
				 options->gun, &ids, error))
		return pv_fail_wrap(error, "%s", path);
	for (guint i = 0; i < ids->len; i++) {
		json_array_append_new(all, json_string(ids->pdata[i]));
		if (!options->json)
			printf("imported %s\n", (const char *)ids->pdata[i]);
	}
	return TRUE;
}

gboolean pv_key_import(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(json_t) all = json_array();

	if (options->store && strcmp(options->store, "file:") != 0)
		return pv_key_import_to_token(options, argc, argv, error);
	for (int i = 1; i < argc; i++) {
		if (!import_file(options, argv[i], all, error))
			return FALSE;
	}
	if (options->json)
		print_json(all);
	return TRUE;
}

gboolean pv_key_export(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GBytes) pem = NULL;
	const char *text;
	gsize size;

	for (int i = 1; i < argc; i++) {
		g_autoptr(PvStoredKey) key = pv_key_find(options, argv[i], error);

		if (!key)
			return FALSE;
		g_ptr_array_add(ids, g_strdup(key->id));
	}
	g_ptr_array_add(ids, NULL);
	pem = pv_trust_key_export(options->directory, (const char *const *)ids->pdata, options->gun,
				  error);
	if (!pem)
		return FALSE;
	text = g_bytes_get_data(pem, &size);
	if (size == 0)
		return pv_fail(error, PV_ERROR_KEY, "no such key in %s/private",
			       options->directory);
	if (options->output)
		return pv_file_replace(options->output, text, size, 0600, error);
	return fwrite(text, 1, size, stdout) == size ||
	       pv_fail(error, PV_ERROR_IO, "cannot write to standard output");
}

gboolean pv_key_passwd(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvStoredKey) key = pv_key_find(options, argv[1], error);
	g_autoptr(PvSecret) new = NULL;

	if (!key)
		return FALSE;
	if (options->new_passphrase) {
		new = pv_secret_read(options->new_passphrase, error);
		if (!new)
			return FALSE;
	}
	if (!pv_trust_key_passwd(options->directory, options->passphrases, key->id, new, error))
		return FALSE;
	if (!options->json)
		printf("new passphrase for %s\n", key->id);
	return TRUE;
}

gboolean pv_key_remove(PvKeyOptions *options, int argc, char **argv, GError **error)
{
	g_autoptr(PvStoredKey) key = pv_key_find(options, argv[1], error);
	g_autofree char *question = NULL;

	if (!key)
		return FALSE;
	if (key->uri) {
		if (!pv_key_remove_from_token(options, key, error))
			return FALSE;
		if (!options->json)
			printf("removed %s\n", key->id);
		return TRUE;
	}
	question = g_strdup_printf("remove the %s key %s from this machine for good",
				   key->file->role ? key->file->role : "", key->id);
	if (!pv_confirm(question, options->yes, error) ||
	    !pv_trust_key_remove(options->directory, key->id, error))
		return FALSE;
	if (!options->json)
		printf("removed %s\n", key->id);
	return TRUE;
}
