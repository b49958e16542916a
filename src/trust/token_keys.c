/* SPDX-License-Identifier: Apache-2.0 */

/* The records of keys on tokens. They are read as carefully as if a stranger had written them. */

#include "trust/token_keys.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "trust/keys.h"

#define SUFFIX ".json"

static const char *const origins[] = {
	[PV_ORIGIN_UNKNOWN] = "unknown",
	[PV_ORIGIN_GENERATED] = "generated",
	[PV_ORIGIN_IMPORTED] = "imported",
};

const char *pv_token_origin_name(PvTokenOrigin origin)
{
	return origins[origin];
}

static PvTokenOrigin origin_of(const char *name)
{
	for (gsize i = 0; name && i < G_N_ELEMENTS(origins); i++) {
		if (strcmp(origins[i], name) == 0)
			return (PvTokenOrigin)i;
	}
	return PV_ORIGIN_UNKNOWN;
}

char *pv_token_key_path(const char *directory, const char *id)
{
	return g_strdup_printf("%s/tokens/%s" SUFFIX, directory, id);
}

/* --- reading ------------------------------------------------------------------------------ */

static PvPublicKey *public_of(const json_t *record, GError **error)
{
	const char *type = pv_json_string(record, "keytype");
	const char *base64 = pv_json_string(record, "public");
	g_autofree guchar *bytes = NULL;
	gsize size = 0;

	if (!type || !base64)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "it names no key");
	bytes = g_base64_decode(base64, &size);
	return pv_public_key_new(type, bytes, size, error);
}

static PvStoredKey *stored_of(const json_t *record, const char *path, const char *id,
			      GError **error)
{
	const char *uri = pv_json_string(record, "uri"), *role = pv_json_string(record, "role");
	const char *gun = pv_json_string(record, "gun");
	g_autoptr(PvStoredKey) key = g_new0(PvStoredKey, 1);

	key->id = g_strdup(id);
	key->path = g_strdup(path);
	key->file = g_new0(PvKeyFile, 1);
	key->public = public_of(record, error);
	if (!key->public)
		return NULL;
	if (strcmp(pv_public_key_id(key->public), id) != 0)
		return pv_fail_null(error, PV_ERROR_KEY, "it does not tell the key of its name");
	if (!uri || !role)
		return pv_fail_null(error, PV_ERROR_SYNTAX, "it has no uri or no role");
	if (!pv_token_driver_find(uri, error))
		return NULL;
	key->uri = g_strdup(uri);
	key->token = g_strdup(pv_json_string(record, "token"));
	key->file->role = g_strdup(role);
	key->file->gun = gun && *gun ? g_strdup(gun) : NULL;
	key->origin = origin_of(pv_json_string(record, "origin"));
	key->pin = pv_pin_policy_parse(pv_json_string(record, "pin_policy"));
	key->touch = pv_touch_policy_parse(pv_json_string(record, "touch_policy"));
	return g_steal_pointer(&key);
}

PvStoredKey *pv_token_key_parse(GBytes *text, const char *path, const char *id, GError **error)
{
	g_autoptr(json_t) record = pv_json_load(text, PV_TOKEN_RECORD_BYTES_MAX, path, error);
	PvStoredKey *key;

	if (!record)
		return NULL;
	key = stored_of(record, path, id, error);
	if (!key)
		pv_fail_wrap(error, "%s", path);
	return key;
}

PvStoredKey *pv_token_key_read(const char *path, const char *id, GError **error)
{
	g_autoptr(GBytes) text = pv_file_read(path, PV_TOKEN_RECORD_BYTES_MAX, error);

	return text ? pv_token_key_parse(text, path, id, error) : NULL;
}

void pv_token_keys_add(const char *directory, GPtrArray *keys)
{
	g_autofree char *tokens = g_build_filename(directory, "tokens", NULL);
	g_autoptr(GDir) dir = g_dir_open(tokens, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(tokens, name, NULL);
		g_autofree char *id = NULL;
		PvStoredKey *key;

		if (!g_str_has_suffix(name, SUFFIX))
			continue;
		id = g_strndup(name, strlen(name) - strlen(SUFFIX));
		key = pv_trust_key_is_id(id) ? pv_token_key_read(path, id, NULL) : NULL;
		if (key)
			g_ptr_array_add(keys, key);
	}
}

/* --- writing ------------------------------------------------------------------------------ */

/* What was at the same place is no more. */
static gboolean forget_former(const char *directory, const PvTokenKey *key, const char *id,
			      GError **error)
{
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_stored_key_free);

	pv_token_keys_add(directory, keys);
	for (guint i = 0; i < keys->len; i++) {
		const PvStoredKey *former = keys->pdata[i];

		if (strcmp(former->uri, key->uri) == 0 && strcmp(former->id, id) != 0 &&
		    unlink(former->path) != 0)
			return pv_fail_errno(error, errno, "%s: cannot remove", former->path);
	}
	return TRUE;
}

static char *text_of(const PvTokenKey *key, const char *gun, const char *role)
{
	GBytes *encoded = pv_public_key_encoded(key->public);
	g_autofree char *public =
		g_base64_encode(g_bytes_get_data(encoded, NULL), g_bytes_get_size(encoded));
	g_autoptr(json_t) record =
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "uri", key->uri, "token",
			  key->token, "role", role, "gun", gun ? gun : "", "keytype",
			  pv_public_key_type(key->public), "public", public, "origin",
			  pv_token_origin_name(key->origin), "pin_policy",
			  pv_pin_policy_name(key->pin), "touch_policy",
			  pv_touch_policy_name(key->touch));

	return record ? pv_json_text(record, TRUE) : NULL;
}

gboolean pv_token_key_record(const char *directory, const PvTokenKey *key, const char *gun,
			     const char *role, GError **error)
{
	const char *id = pv_public_key_canonical_id(key->public);
	g_autofree char *path = pv_token_key_path(directory, id);
	g_autofree char *tokens = g_path_get_dirname(path);
	g_autofree char *text = text_of(key, gun, role);

	if (!text)
		return pv_fail(error, PV_ERROR_KEY,
			       "key %.7s: its token has a name that is no text", id);
	return pv_file_make_directory(tokens, 0700, error) &&
	       pv_file_replace(path, text, strlen(text), 0600, error) &&
	       forget_former(directory, key, id, error);
}

/* (transfer none): the one key that is at @uri. */
static const PvTokenKey *only_key(const GPtrArray *keys, const char *uri, GError **error)
{
	const PvTokenKey *key = keys->len > 0 ? keys->pdata[0] : NULL;

	if (keys->len != 1)
		return pv_fail_null(error, PV_ERROR_KEY, "%u keys are at %.200s, expected one%s",
				    keys->len, uri,
				    keys->len ? "; name its place too"
					      : "; `pavise key generate --store` makes one");
	if (!key->public || key->unfinished)
		return pv_fail_null(error, PV_ERROR_KEY, "%.200s on %s: %s", uri, key->token,
				    key->unfinished ? key->unfinished : "its key cannot be read");
	return key;
}

char *pv_token_key_at(const char *directory, PvPassphrases *passphrases, const char *uri,
		      const char *gun, const char *role, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_tokens_list(pv_passphrases_tokens(passphrases), uri, error);
	const PvTokenKey *key = keys ? only_key(keys, uri, error) : NULL;
	const char *id = key ? pv_public_key_canonical_id(key->public) : NULL;
	g_autofree char *path = id ? pv_token_key_path(directory, id) : NULL;

	if (!key || (!g_file_test(path, G_FILE_TEST_EXISTS) &&
		     !pv_token_key_record(directory, key, gun, role, error)))
		return NULL;
	return g_strdup(id);
}
