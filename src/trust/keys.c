/* SPDX-License-Identifier: Apache-2.0 */

/* Import, export, new passphrases and removal of the private keys in a trust directory. */

#include "trust/keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

#define BEGIN          "-----BEGIN "
#define ID_CHARACTERS  64
#define DEFAULT_ROLE   "delegation" /* Notary's word for a key that nobody gave a role */
#define OLD_ROOT_KEYS  "root_keys/"
#define OLD_OTHER_KEYS "tuf_keys/"

gboolean pv_trust_key_is_id(const char *id)
{
	return strlen(id) == ID_CHARACTERS && strspn(id, "0123456789abcdef") == ID_CHARACTERS;
}

static char *key_path(const char *directory, const char *id)
{
	return g_strdup_printf("%s/private/%s.key", directory, id);
}

static gboolean replace_key(const char *directory, const char *id, const PvSecret *text,
			    GError **error)
{
	g_autofree char *path = key_path(directory, id);
	g_autofree char *private = g_path_get_dirname(path);

	return pv_file_make_directory(private, 0700, error) &&
	       pv_file_replace(path, text->data, text->size, 0600, error);
}

/* --- import -------------------------------------------------------------------------------- */

typedef struct {
	const char *directory, *role, *gun;
	PvPassphrases *passphrases;
	GPtrArray *ids;
	GString *refused;
} Import;

static void set_text(char **field, const char *value)
{
	char *copy = g_strdup(value);

	g_free(*field);
	*field = copy;
}

/* "tuf_keys/GUN/ID_ROLE" of before Notary 0.4 says all that the headers say now. */
static void read_old_path(PvKeyFile *file)
{
	const char *below = file->path;
	g_autofree char *gun = NULL;
	g_autofree char *name = NULL;
	char *under;

	if (!below)
		return;
	if (g_str_has_prefix(below, OLD_ROOT_KEYS))
		below += strlen(OLD_ROOT_KEYS);
	else if (g_str_has_prefix(below, OLD_OTHER_KEYS))
		below += strlen(OLD_OTHER_KEYS);
	else
		return;
	gun = g_path_get_dirname(below);
	name = g_path_get_basename(below);
	under = strchr(name, '_');
	if (strcmp(gun, ".") != 0)
		set_text(&file->gun, gun);
	if (under) {
		set_text(&file->role, under + 1);
		*under = '\0';
	}
	set_text(&file->path, name);
}

static gboolean is_base_role(const char *role)
{
	return strcmp(role, "targets") == 0 || strcmp(role, "snapshot") == 0 ||
	       strcmp(role, "timestamp") == 0;
}

static gboolean settle_headers(const Import *import, PvKeyFile *file, GError **error)
{
	read_old_path(file);
	if (!file->role)
		set_text(&file->role, import->role ? import->role : DEFAULT_ROLE);
	if (!file->gun && import->gun)
		set_text(&file->gun, import->gun);
	if (!is_base_role(file->role)) {
		g_clear_pointer(&file->gun, g_free);
	} else if (!file->gun || !*file->gun) {
		return pv_fail(error, PV_ERROR_KEY,
			       "a %s key belongs to one repository, and nothing says which",
			       file->role);
	}
	if (file->path && !pv_trust_key_is_id(file->path))
		return pv_fail(error, PV_ERROR_KEY, "its path header \"%.80s\" is no key id",
			       file->path);
	if (file->encrypted && !file->path)
		return pv_fail(error, PV_ERROR_KEY,
			       "it is encrypted and has no path header to tell its id");
	return TRUE;
}

/* (transfer full): the text to keep: as it is if encrypted, else encrypted now. Sets the path. */
static PvSecret *text_to_keep(const Import *import, PvKeyFile *file, char **ret_id, GError **error)
{
	g_autoptr(PvPrivateKey) key = NULL;
	const PvSecret *passphrase;
	PvSecret *text;

	if (file->encrypted) {
		g_autofree char *id = g_steal_pointer(&file->path);

		text = pv_key_file_format(file);
		*ret_id = g_steal_pointer(&id);
		return text;
	}
	key = pv_key_file_open(file, NULL, error);
	if (!key)
		return NULL;
	passphrase = pv_passphrases_new(import->passphrases, file->role, error);
	if (!passphrase)
		return NULL;
	text = pv_key_file_write(key, file->gun, file->role, passphrase, error);
	if (text)
		*ret_id = g_strdup(pv_public_key_id(pv_private_key_public(key)));
	return text;
}

static gboolean import_block(Import *import, const char *text, gsize size, GError **error)
{
	g_autoptr(PvKeyFile) file = pv_key_file_parse(text, size, error);
	g_autoptr(PvSecret) kept = NULL;
	g_autofree char *id = NULL;

	if (!file || !settle_headers(import, file, error))
		return FALSE;
	kept = text_to_keep(import, file, &id, error);
	if (!kept || !replace_key(import->directory, id, kept, error))
		return FALSE;
	g_ptr_array_add(import->ids, g_steal_pointer(&id));
	return TRUE;
}

/* Where the block that begins at @block ends: at the next one, or with the text. */
static gsize block_size(const char *block, gsize left)
{
	const char *next =
		memmem(block + strlen(BEGIN), left - strlen(BEGIN), BEGIN, strlen(BEGIN));

	return next ? (gsize)(next - block) : left;
}

static gboolean import_blocks(Import *import, const char *text, gsize size, GError **error)
{
	const char *at = size ? memmem(text, size, BEGIN, strlen(BEGIN)) : NULL;

	if (!at)
		return pv_fail(error, PV_ERROR_NOT_FOUND, "no PEM block to import");
	while (at) {
		gsize left = size - (gsize)(at - text), length = block_size(at, left);
		g_autoptr(GError) failure = NULL;

		if (!import_block(import, at, length, &failure)) {
			if (!g_error_matches(failure, PV_ERROR, PV_ERROR_KEY)) {
				g_propagate_error(error, g_steal_pointer(&failure));
				return FALSE;
			}
			g_string_append_printf(import->refused, "%s%s",
					       import->refused->len ? "; " : "", failure->message);
		}
		at = length < left ? at + length : NULL;
	}
	if (import->refused->len)
		return pv_fail(error, PV_ERROR_KEY, "%u imported, not all: %s", import->ids->len,
			       import->refused->str);
	return TRUE;
}

gboolean pv_trust_key_import(const char *directory, PvPassphrases *passphrases, GBytes *pem,
			     const char *role, const char *gun, GPtrArray **ret_ids, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GString) refused = g_string_new(NULL);
	Import import = { directory, role, gun, passphrases, ids, refused };
	gsize size;
	const char *text = g_bytes_get_data(pem, &size);

	if (size > PV_KEY_IMPORT_BYTES_MAX)
		return pv_fail(error, PV_ERROR_LIMIT,
			       "keys to import: %zu bytes, at most %zu are read", size,
			       PV_KEY_IMPORT_BYTES_MAX);
	if (!import_blocks(&import, text, size, error))
		return FALSE;
	if (ret_ids)
		*ret_ids = g_steal_pointer(&ids);
	return TRUE;
}

/* --- export -------------------------------------------------------------------------------- */

static gboolean is_chosen(const PvStoredKey *key, const char *const *ids, const char *gun)
{
	if (ids && *ids && !g_strv_contains(ids, key->id))
		return FALSE;
	return !gun || g_strcmp0(key->file->gun, gun) == 0;
}

GBytes *pv_trust_key_export(const char *directory, const char *const *ids, const char *gun,
			    GError **error)
{
	g_autoptr(GPtrArray) keys = pv_trust_keys(directory, error);
	g_autoptr(GString) all = g_string_new(NULL);

	for (guint i = 0; keys && i < keys->len; i++) {
		PvStoredKey *key = keys->pdata[i];
		g_autoptr(PvSecret) block = NULL;

		if (!is_chosen(key, ids, gun))
			continue;
		if (key->uri && !(ids && *ids))
			continue;
		if (key->uri)
			return pv_fail_null(error, PV_ERROR_KEY,
					    "key %.7s is on a token and cannot leave it", key->id);
		if (!key->file->encrypted)
			return pv_fail_null(error, PV_ERROR_KEY,
					    "%s is not encrypted: give it a passphrase first "
					    "(key passwd)",
					    key->path);
		set_text(&key->file->path, key->id);
		block = pv_key_file_format(key->file);
		g_string_append_len(all, block->data, (gssize)block->size);
		if (all->len > PV_KEY_IMPORT_BYTES_MAX)
			return pv_fail_null(error, PV_ERROR_LIMIT, "too many keys for one file");
	}
	return keys ? g_string_free_to_bytes(g_steal_pointer(&all)) : NULL;
}

/* --- one key ------------------------------------------------------------------------------- */

static PvStoredKey *find_key(const char *directory, const char *id, GError **error)
{
	g_autoptr(GError) failure = NULL;
	PvStoredKey *key =
		pv_trust_key_is_id(id) ? pv_trust_key_find(directory, id, &failure) : NULL;

	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	else if (!key)
		pv_fail(error, PV_ERROR_KEY, "key %.80s is not in %s/private", id, directory);
	return key;
}

gboolean pv_trust_key_passwd(const char *directory, PvPassphrases *passphrases, const char *id,
			     const PvSecret *new_passphrase, GError **error)
{
	g_autoptr(PvStoredKey) stored = find_key(directory, id, error);
	g_autoptr(PvPrivateKey) key =
		stored ? pv_passphrases_open(passphrases, stored, error) : NULL;
	g_autoptr(PvSecret) asked = NULL;
	g_autoptr(PvSecret) text = NULL;

	if (!key)
		return FALSE;
	if (stored->uri)
		return pv_fail(error, PV_ERROR_KEY,
			       "key %.7s is on a token: its PIN protects it, not a passphrase", id);
	if (!new_passphrase) {
		asked = pv_passphrases_ask_new(stored->file->role, error);
		new_passphrase = asked;
	}
	if (!new_passphrase)
		return FALSE;
	text = pv_key_file_write(key, stored->file->gun,
				 stored->file->role ? stored->file->role : DEFAULT_ROLE,
				 new_passphrase, error);
	return text && replace_key(directory, id, text, error);
}

gboolean pv_trust_key_remove(const char *directory, const char *id, GError **error)
{
	g_autoptr(PvStoredKey) stored = find_key(directory, id, error);

	if (!stored)
		return FALSE;
	if (unlink(stored->path) != 0)
		return pv_fail_errno(error, errno, "%s: cannot remove", stored->path);
	return TRUE;
}
