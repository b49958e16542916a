/* SPDX-License-Identifier: Apache-2.0 */

/* The signer's key files. What was opened once stays in locked memory, PV_SIGNER_OPEN_MAX at most. */

#include "program/signer/keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "crypto/keyfile.h"
#include "crypto/random.h"
#include "trust/token_keys.h"

#define PV_SIGNER_OPEN_MAX 256 /* keys: locked memory is scarce */
#define PASSPHRASE_BYTES   32  /* bytes of randomness, written as hex */
#define ID_HEX             64

/* The ends of a key's file name: what it is in, and whether it has signed. */
static const char *const endings[2][2] = { { ".key", ".pending.key" },
					   { ".token", ".pending.token" } };

struct PvSignerKeys {
	char *directory;
	PvSecret *passphrase;
	PvSignerToken *token; /* NULL: new keys are made in files */
	GHashTable *open;     /* path of the used key → PvPrivateKey */
	gboolean is_checked;  /* pv_signer_keys_add() met a key that the passphrase opens */
};

static PvSecret *made_passphrase(const char *path, GError **error)
{
	static const char digits[] = "0123456789abcdef";
	g_autoptr(PvSecret) text = pv_secret_new(2 * PASSPHRASE_BYTES);
	guint8 raw[PASSPHRASE_BYTES];

	if (!pv_random_fill(raw, sizeof raw, error))
		return NULL;
	for (gsize i = 0; i < sizeof raw; i++) {
		text->data[2 * i] = digits[raw[i] >> 4];
		text->data[2 * i + 1] = digits[raw[i] & 15];
	}
	explicit_bzero(raw, sizeof raw);
	if (!pv_file_create(path, text->data, text->size, 0600, error))
		return NULL;
	return g_steal_pointer(&text);
}

static gboolean is_id(const char *id)
{
	return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
}

static gboolean has_keys(const char *directory)
{
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (is_id(name))
			return TRUE;
	}
	return FALSE;
}

static PvSecret *stored_passphrase(const char *directory, GError **error)
{
	g_autofree char *path = g_build_filename(directory, "passphrase", NULL);
	g_autoptr(GError) missing = NULL;
	g_autoptr(GBytes) bytes = pv_file_read(path, PV_PASSPHRASE_BYTES_MAX, &missing);
	gsize size;
	const void *data;

	if (!bytes && g_error_matches(missing, PV_ERROR, PV_ERROR_NOT_FOUND)) {
		if (has_keys(directory))
			return pv_fail_null(
				error, PV_ERROR_PASSPHRASE,
				"the keys in %s are under a passphrase that is not kept "
				"beside them; set PAVISE_SIGNER_PASSPHRASE to it",
				directory);
		return made_passphrase(path, error);
	}
	if (!bytes) {
		g_propagate_error(error, g_steal_pointer(&missing));
		return NULL;
	}
	data = g_bytes_get_data(bytes, &size);
	return pv_secret_new_copy(data, size);
}

PvSignerKeys *pv_signer_keys_open(const char *directory, PvSecret *passphrase, PvSignerToken *token,
				  GError **error)
{
	g_autoptr(PvSecret) secret = passphrase;
	g_autoptr(PvSignerToken) in_token = token;
	PvSignerKeys *keys;

	if (!pv_file_make_directory(directory, 0700, error))
		return NULL;
	if (!secret)
		secret = stored_passphrase(directory, error);
	if (!secret)
		return NULL;
	keys = g_new0(PvSignerKeys, 1);
	keys->directory = g_strdup(directory);
	keys->passphrase = g_steal_pointer(&secret);
	keys->token = g_steal_pointer(&in_token);
	keys->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   (GDestroyNotify)pv_private_key_free);
	return keys;
}

void pv_signer_keys_close(PvSignerKeys *keys)
{
	if (!keys)
		return;
	g_hash_table_unref(keys->open); /* before the token that some are in */
	pv_signer_token_close(keys->token);
	pv_secret_free(keys->passphrase);
	g_free(keys->directory);
	g_free(keys);
}

static char *directory_of(const PvSignerKeys *keys, const char *gun)
{
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, gun, strlen(gun));
	g_autofree char *hex = pv_digest_hex(&digest);

	return g_build_filename(keys->directory, hex, NULL);
}

static char *path_of(const PvSignerKeys *keys, const char *gun, const char *role, const char *id,
		     gboolean in_token, gboolean pending)
{
	g_autofree char *directory = directory_of(keys, gun);

	return g_strdup_printf("%s/%s.%s%s", directory, role, id, endings[in_token][pending]);
}

static PvPrivateKey *read_key(const PvSignerKeys *keys, const char *path, GError **error)
{
	g_autoptr(PvKeyFile) file = pv_key_file_read(path, error);

	return file ? pv_key_file_open(file, keys->passphrase, error) : NULL;
}

/* (transfer full): the path of the pending key of @role, in a file or in the token, or NULL. */
static char *find_pending(const PvSignerKeys *keys, const char *gun, const char *role,
			  gboolean in_token)
{
	g_autofree char *directory = directory_of(keys, gun);
	g_autofree char *prefix = g_strconcat(role, ".", NULL);
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (g_str_has_prefix(name, prefix) &&
		    g_str_has_suffix(name, endings[in_token][TRUE]))
			return g_build_filename(directory, name, NULL);
	}
	return NULL;
}

static gboolean write_key(PvSignerKeys *keys, const char *gun, const char *role,
			  const PvPrivateKey *key, const char *path, GError **error)
{
	g_autofree char *directory = directory_of(keys, gun);
	g_autoptr(PvSecret) text = NULL;

	if (!pv_file_make_directory(directory, 0700, error))
		return FALSE;
	text = pv_key_file_write(key, gun, role, keys->passphrase, error);
	return text && pv_file_create(path, text->data, text->size, 0600, error);
}

/* --- in the token --------------------------------------------------------------------------- */

static PvStoredKey *read_record(const PvSignerKeys *keys, const char *gun, const char *id,
				GError **error)
{
	g_autofree char *directory = directory_of(keys, gun);
	g_autofree char *path = pv_token_key_path(directory, id);

	return pv_token_key_read(path, id, error);
}

/* The record first: a key that nothing stands for yet is only room lost in the token. */
static PvPublicKey *make_in_token(PvSignerKeys *keys, const char *gun, const char *role,
				  GError **error)
{
	g_autofree char *directory = directory_of(keys, gun);
	g_autoptr(PvTokenKey) key = pv_signer_token_make(keys->token, gun, role, error);
	g_autofree char *path = NULL;

	if (!key || !pv_file_make_directory(directory, 0700, error) ||
	    !pv_token_key_record(directory, key, gun, role, error))
		return NULL;
	path = path_of(keys, gun, role, pv_public_key_id(key->public), TRUE, TRUE);
	return pv_file_create(path, "", 0, 0600, error) ? pv_public_key_ref(key->public) : NULL;
}

/* The public half of the key whose file is @path. */
static PvPublicKey *public_in_token(const PvSignerKeys *keys, const char *gun, const char *path,
				    GError **error)
{
	gsize end = strlen(path) - strlen(endings[TRUE][TRUE]);
	g_autofree char *id = end >= ID_HEX ? g_strndup(path + end - ID_HEX, ID_HEX) : NULL;
	g_autoptr(PvStoredKey) record = NULL;

	if (!id || !is_id(id))
		return pv_fail_null(error, PV_ERROR_KEY, "%s names no key", path);
	record = read_record(keys, gun, id, error);
	return record ? pv_public_key_ref(record->public) : NULL;
}

static PvPrivateKey *open_in_token(const PvSignerKeys *keys, const char *gun, const char *id,
				   GError **error)
{
	g_autoptr(PvStoredKey) record = read_record(keys, gun, id, error);

	if (!record)
		return NULL;
	if (!keys->token)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "key %.7s is in a token, at %.200s, and the signer was started "
				    "without one: --signer-token",
				    id, record->uri);
	return pv_signer_token_key(keys->token, record->uri, record->public, error);
}

static gboolean remove_from_token(PvSignerKeys *keys, const char *directory, GError **error)
{
	g_autoptr(GPtrArray) records =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_stored_key_free);

	pv_token_keys_add(directory, records);
	for (guint i = 0; i < records->len; i++) {
		const PvStoredKey *record = records->pdata[i];

		if (!keys->token)
			return pv_fail(error, PV_ERROR_KEY,
				       "key %.7s is in a token, at %.200s, and the signer was "
				       "started without one: --signer-token",
				       record->id, record->uri);
		if (!pv_signer_token_remove(keys->token, record->uri, error))
			return FALSE;
		if (unlink(record->path) != 0)
			return pv_fail_errno(error, errno, "cannot remove %s", record->path);
	}
	return TRUE;
}

/* --- one or the other ----------------------------------------------------------------------- */

static PvPublicKey *make_key(PvSignerKeys *keys, const char *gun, const char *role, GError **error)
{
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, error);
	g_autofree char *path = NULL;
	PvPublicKey *public;

	if (!key)
		return NULL;
	public = pv_private_key_public(key);
	path = path_of(keys, gun, role, pv_public_key_id(public), FALSE, TRUE);
	return write_key(keys, gun, role, key, path, error) ? pv_public_key_ref(public) : NULL;
}

/* Is a key that is there under our passphrase? One speaks for all: opening takes its time. */
static gboolean check_passphrase(PvSignerKeys *keys, const char *path, GError **error)
{
	g_autoptr(PvPrivateKey) key = keys->is_checked ? NULL : read_key(keys, path, error);

	keys->is_checked |= key != NULL;
	return keys->is_checked || pv_fail_wrap(error, "%s", path);
}

gboolean pv_signer_keys_add(PvSignerKeys *keys, const char *gun, const char *role,
			    const PvPrivateKey *key, gboolean is_pending, GError **error)
{
	const char *id = pv_public_key_id(pv_private_key_public(key));
	g_autofree char *used = path_of(keys, gun, role, id, FALSE, FALSE);
	g_autofree char *pending = path_of(keys, gun, role, id, FALSE, TRUE);

	if (access(used, F_OK) == 0)
		return check_passphrase(keys, used, error);
	if (access(pending, F_OK) != 0)
		return write_key(keys, gun, role, key, is_pending ? pending : used, error);
	if (!check_passphrase(keys, pending, error))
		return FALSE;
	return is_pending || rename(pending, used) == 0 ||
	       pv_fail_errno(error, errno, "cannot rename %s", pending);
}

PvPublicKey *pv_signer_keys_pending(PvSignerKeys *keys, const char *gun, const char *role,
				    GError **error)
{
	g_autofree char *path = find_pending(keys, gun, role, keys->token != NULL);
	g_autoptr(PvPrivateKey) key = NULL;

	if (keys->token)
		return path ? public_in_token(keys, gun, path, error)
			    : make_in_token(keys, gun, role, error);
	if (!path)
		return make_key(keys, gun, role, error);
	key = read_key(keys, path, error);
	return key ? pv_public_key_ref(pv_private_key_public(key)) : NULL;
}

gboolean pv_signer_keys_has(PvSignerKeys *keys, const char *gun, const char *role, const char *id)
{
	for (guint i = 0; is_id(id) && i < 4; i++) {
		g_autofree char *path = path_of(keys, gun, role, id, i / 2 == 1, i % 2 == 1);

		if (access(path, R_OK) == 0)
			return TRUE;
	}
	return FALSE;
}

/* The key of @used is pending no more. TRUE if it is there. */
static gboolean take_into_use(const char *pending, const char *used, GError **error)
{
	if (rename(pending, used) == 0 || access(used, F_OK) == 0)
		return TRUE;
	return errno == ENOENT ? FALSE : pv_fail_errno(error, errno, "cannot rename %s", pending);
}

/* (transfer full): opens the key, wherever it is; it is pending no more. */
static PvPrivateKey *open_key(PvSignerKeys *keys, const char *gun, const char *role, const char *id,
			      GError **error)
{
	for (guint in_token = 0; in_token < 2; in_token++) {
		g_autofree char *used = path_of(keys, gun, role, id, in_token == 1, FALSE);
		g_autofree char *pending = path_of(keys, gun, role, id, in_token == 1, TRUE);
		g_autoptr(GError) failure = NULL;

		if (take_into_use(pending, used, &failure))
			return in_token ? open_in_token(keys, gun, id, error)
					: read_key(keys, used, error);
		if (failure) {
			g_propagate_error(error, g_steal_pointer(&failure));
			return NULL;
		}
	}
	return pv_fail_null(error, PV_ERROR_KEY, "no %s key %.7s is held", role, id);
}

const PvPrivateKey *pv_signer_keys_use(PvSignerKeys *keys, const char *gun, const char *role,
				       const char *id, GError **error)
{
	g_autofree char *name = path_of(keys, gun, role, id, FALSE, FALSE);
	PvPrivateKey *key = g_hash_table_lookup(keys->open, name);

	if (key)
		return key;
	key = open_key(keys, gun, role, id, error);
	if (!key)
		return NULL;
	if (strcmp(pv_public_key_id(pv_private_key_public(key)), id) != 0) {
		pv_private_key_free(key);
		return pv_fail_null(error, PV_ERROR_KEY, "%s does not hold the key of its name",
				    name);
	}
	if (g_hash_table_size(keys->open) >= PV_SIGNER_OPEN_MAX)
		g_hash_table_remove_all(keys->open);
	g_hash_table_insert(keys->open, g_steal_pointer(&name), key);
	return key;
}

gboolean pv_signer_keys_remove(PvSignerKeys *keys, const char *gun, GError **error)
{
	g_autofree char *directory = directory_of(keys, gun);

	g_hash_table_remove_all(keys->open);
	return remove_from_token(keys, directory, error) && pv_file_remove_tree(directory, error);
}
