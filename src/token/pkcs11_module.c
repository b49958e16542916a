/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From a URI (RFC 7512) to tokens: the module that it names, else those that this system configures,
 * else libykcs11 by its name, which Debian does not configure.
 */

#include <string.h>

#include "base/error.h"
#include "token/pkcs11_private.h"

#define SLOTS_MAX 256 /* of one module */

P11KitUri *pv_pkcs11_uri_parse(const char *uri, GError **error)
{
	g_autoptr(P11KitUri) parsed = p11_kit_uri_new();
	int failure = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, parsed);

	if (failure != P11_KIT_URI_OK)
		return pv_fail_null(error, PV_ERROR_USAGE, "\"%.200s\": %s", uri,
				    p11_kit_uri_message(failure));
	if (p11_kit_uri_get_pin_value(parsed) || p11_kit_uri_get_pin_source(parsed))
		return pv_fail_null(
			error, PV_ERROR_USAGE,
			"a token's URI holds no PIN here: leave pin-value and pin-source "
			"out, and say --pin-source FILE|fd:N");
	if (p11_kit_uri_any_unrecognized(parsed))
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "\"%.200s\": it has an attribute that RFC 7512 does not know",
				    uri);
	return g_steal_pointer(&parsed);
}

/* --- errors ------------------------------------------------------------------------------- */

static const struct {
	CK_RV rv;
	PvErrorCode code;
	const char *sentence;
} reasons[] = {
	{ CKR_DEVICE_REMOVED, PV_ERROR_TOKEN, "the token was removed; insert it again" },
	{ CKR_TOKEN_NOT_PRESENT, PV_ERROR_TOKEN, "the token was removed; insert it again" },
	{ CKR_SESSION_HANDLE_INVALID, PV_ERROR_TOKEN, "the token was removed or reset; try again" },
	{ CKR_DEVICE_ERROR, PV_ERROR_TOKEN, "the token or its reader failed" },
	{ CKR_DEVICE_MEMORY, PV_ERROR_LIMIT, "the token is full" },
	{ CKR_PIN_LOCKED, PV_ERROR_PASSPHRASE,
	  "the PIN is blocked after too many wrong ones; unblock it with the PUK or the security "
	  "officer's PIN" },
	{ CKR_PIN_EXPIRED, PV_ERROR_PASSPHRASE, "the PIN has expired; change it first" },
	{ CKR_PIN_INCORRECT, PV_ERROR_PASSPHRASE, "wrong PIN" },
	{ CKR_PIN_LEN_RANGE, PV_ERROR_PASSPHRASE, "a PIN of that length cannot be right" },
	{ CKR_PIN_INVALID, PV_ERROR_PASSPHRASE, "a PIN with such characters cannot be right" },
	{ CKR_USER_PIN_NOT_INITIALIZED, PV_ERROR_PASSPHRASE, "the token has no PIN yet: set one" },
	{ CKR_TOKEN_WRITE_PROTECTED, PV_ERROR_UNSUPPORTED, "the token cannot be written to" },
	{ CKR_MECHANISM_INVALID, PV_ERROR_UNSUPPORTED, "the token cannot do this with such a key" },
	{ CKR_CURVE_NOT_SUPPORTED, PV_ERROR_UNSUPPORTED, "the token does not know the curve" },
	{ CKR_FUNCTION_NOT_SUPPORTED, PV_ERROR_UNSUPPORTED, "the token's module cannot do this" },
	{ CKR_SESSION_READ_ONLY, PV_ERROR_UNSUPPORTED, "the token cannot be written to" },
};

gboolean pv_pkcs11_fail(GError **error, CK_RV rv, const PvPkcs11Token *token, const char *what)
{
	for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++) {
		if (reasons[i].rv == rv)
			return pv_fail(error, reasons[i].code, "%s: %s: %s", token->name, what,
				       reasons[i].sentence);
	}
	return pv_fail(error, PV_ERROR_KEY, "%s: %s: the module says 0x%lx (%s)", token->name, what,
		       rv, p11_kit_strerror(rv));
}

/* --- tokens ------------------------------------------------------------------------------- */

/* (transfer full): a padded field of PKCS#11 as text. */
static char *field_text(const unsigned char *field, gsize size)
{
	while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0'))
		size--;
	return g_utf8_make_valid((const char *)field, (gssize)size);
}

static void token_free(void *data)
{
	PvPkcs11Token *token = data;

	if (token->is_open)
		token->module->C_CloseSession(token->session);
	pv_secret_free(token->pin);
	pv_secret_free(token->officer_pin);
	g_free(token->module_path);
	g_free(token->label);
	g_free(token->serial);
	g_free(token->name);
	g_free(token);
}

static PvPkcs11Token *token_new(CK_FUNCTION_LIST *module, CK_SLOT_ID slot,
				const CK_TOKEN_INFO *info, const PvTokenPerson *person)
{
	PvPkcs11Token *token = g_new0(PvPkcs11Token, 1);

	token->module = module;
	token->slot = slot;
	token->info = *info;
	token->person = person;
	token->label = field_text(info->label, sizeof info->label);
	token->serial = field_text(info->serialNumber, sizeof info->serialNumber);
	token->name = *token->serial
			      ? g_strdup_printf("%s (serial %s)", token->label, token->serial)
			      : g_strdup(token->label);
	token->is_yubikey = memcmp(info->manufacturerID, "Yubico", 6) == 0;
	return token;
}

/* One that keys can be on: certificates of authorities are offered as tokens, too. */
static gboolean holds_keys(const CK_TOKEN_INFO *info)
{
	return (info->flags & CKF_TOKEN_INITIALIZED) &&
	       ((info->flags & CKF_LOGIN_REQUIRED) || !(info->flags & CKF_WRITE_PROTECTED));
}

/* Adds the module's tokens that @uri matches; the names of all to @seen. */
static void add_tokens(PvTokenSession *session, CK_FUNCTION_LIST *module, P11KitUri *uri,
		       const PvTokenPerson *person, GString *seen)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX;

	if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK || count > SLOTS_MAX)
		return;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		PvPkcs11Token *token;

		if (module->C_GetTokenInfo(slots[i], &info) != CKR_OK || !holds_keys(&info))
			continue;
		token = token_new(module, slots[i], &info, person);
		token->module_path = g_strdup(p11_kit_uri_get_module_path(uri));
		g_string_append_printf(seen, "%s%s", seen->len ? ", " : "", token->name);
		if (p11_kit_uri_match_token_info(uri, &info) == 1)
			g_ptr_array_add(session->tokens, token);
		else
			token_free(token);
	}
}

/* --- modules ------------------------------------------------------------------------------ */

static CK_FUNCTION_LIST *load(PvTokenSession *session, const char *path, GError **error)
{
	CK_FUNCTION_LIST *module = p11_kit_module_load(path, 0);
	CK_RV rv;

	if (!module)
		return pv_fail_null(error, PV_ERROR_TOKEN, "PKCS#11 module %s: %s", path,
				    p11_kit_message() ? p11_kit_message() : "cannot be loaded");
	rv = p11_kit_module_initialize(module);
	if (rv != CKR_OK) {
		p11_kit_module_release(module);
		return pv_fail_null(error, PV_ERROR_TOKEN, "PKCS#11 module %s: %s", path,
				    p11_kit_strerror(rv));
	}
	g_ptr_array_add(session->named, module);
	return module;
}

static void look_for_yubikeys(PvTokenSession *session, P11KitUri *uri, const PvTokenPerson *person,
			      GString *seen)
{
	/* p11-kit looks beside its own modules, which are one folder below the system's libraries. */
	static const char *const names[] = { "../libykcs11.so.2", "../libykcs11.so",
					     "/usr/local/lib/libykcs11.so" };
	CK_FUNCTION_LIST *module = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names) && !module; i++)
		module = load(session, names[i], NULL);
	if (module)
		add_tokens(session, module, uri, person, seen);
}

static gboolean find_tokens(PvTokenSession *session, P11KitUri *uri, const PvTokenPerson *person,
			    GString *seen, GError **error)
{
	const char *path = p11_kit_uri_get_module_path(uri);
	CK_FUNCTION_LIST *module;

	if (path) {
		module = load(session, path, error);
		if (module)
			add_tokens(session, module, uri, person, seen);
		return module != NULL;
	}
	session->configured = p11_kit_modules_load_and_initialize(0);
	for (CK_FUNCTION_LIST **at = session->configured; at && *at; at++)
		add_tokens(session, *at, uri, person, seen);
	if (session->tokens->len == 0)
		look_for_yubikeys(session, uri, person, seen);
	return TRUE;
}

PvTokenSession *pv_pkcs11_open(const char *uri, const PvTokenPerson *person, GError **error)
{
	g_autoptr(P11KitUri) parsed = pv_pkcs11_uri_parse(uri, error);
	g_autoptr(GString) seen = g_string_new(NULL);
	PvTokenSession *session;

	if (!parsed)
		return NULL;
	session = g_new0(PvTokenSession, 1);
	session->named = g_ptr_array_new();
	session->tokens = g_ptr_array_new_with_free_func(token_free);
	if (find_tokens(session, parsed, person, seen, error) && session->tokens->len > 0)
		return session;
	if (error && !*error)
		pv_fail(error, PV_ERROR_NOT_FOUND, "no token is there that \"%.200s\" names; %s%s",
			uri, seen->len ? "present: " : "none is present at all", seen->str);
	pv_pkcs11_close(session);
	return NULL;
}

void pv_pkcs11_close(PvTokenSession *session)
{
	g_ptr_array_unref(session->tokens);
	for (guint i = 0; i < session->named->len; i++) {
		p11_kit_module_finalize(session->named->pdata[i]);
		p11_kit_module_release(session->named->pdata[i]);
	}
	g_ptr_array_unref(session->named);
	if (session->configured)
		p11_kit_modules_finalize_and_release(session->configured);
	g_free(session);
}

PvPkcs11Token *pv_pkcs11_one(PvTokenSession *session, GError **error)
{
	g_autoptr(GString) names = g_string_new(NULL);

	if (session->tokens->len == 1)
		return session->tokens->pdata[0];
	for (guint i = 0; i < session->tokens->len; i++) {
		const PvPkcs11Token *token = session->tokens->pdata[i];

		g_string_append_printf(names, "%s%s", i ? ", " : "", token->name);
	}
	return pv_fail_null(error, PV_ERROR_USAGE,
			    "the URI names several tokens, say which by serial= or token=: %s",
			    names->str);
}
