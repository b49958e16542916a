/* SPDX-License-Identifier: Apache-2.0 */

/* Any token with a PKCS#11 module, by RFC 7512 URIs and p11-kit; and the list of its keys. */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "token/pkcs11_private.h"

/* (transfer full): names this token and the object with @id (or, without one, @label). */
static char *object_uri(const PvPkcs11Token *token, GBytes *id, GBytes *label)
{
	g_autoptr(P11KitUri) uri = p11_kit_uri_new();
	GBytes *name = id ? id : label;
	CK_ATTRIBUTE attribute = { id ? CKA_ID : CKA_LABEL };
	CK_TOKEN_INFO *info = p11_kit_uri_get_token_info(uri);
	char *text = NULL;
	gsize size;

	memcpy(info->label, token->info.label, sizeof info->label);
	memcpy(info->serialNumber, token->info.serialNumber, sizeof info->serialNumber);
	if (name) {
		attribute.pValue = (void *)g_bytes_get_data(name, &size);
		attribute.ulValueLen = (CK_ULONG)size;
		p11_kit_uri_set_attribute(uri, &attribute);
	}
	if (token->module_path)
		p11_kit_uri_set_module_path(uri, token->module_path);
	p11_kit_uri_format(uri, P11_KIT_URI_FOR_OBJECT_ON_TOKEN, &text);
	return text;
}

static char *text_of(GBytes *bytes)
{
	gsize size;
	const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

	return data && size > 0 ? g_utf8_make_valid(data, (gssize)size) : NULL;
}

/* The entry of the place with @id; made at first sight. */
static PvTokenKey *entry_of(PvPkcs11Token *token, GPtrArray *keys, CK_OBJECT_HANDLE object)
{
	g_autoptr(GBytes) id =
		pv_pkcs11_attribute(token, object, CKA_ID, PV_TOKEN_ATTRIBUTE_BYTES_MAX);
	g_autoptr(GBytes) label =
		pv_pkcs11_attribute(token, object, CKA_LABEL, PV_TOKEN_TEXT_BYTES_MAX / 4);
	g_autofree char *uri = NULL;
	PvTokenKey *key;

	if (id && g_bytes_get_size(id) == 0)
		g_clear_pointer(&id, g_bytes_unref);
	uri = object_uri(token, id, label);
	for (guint i = 0; i < keys->len; i++) {
		key = keys->pdata[i];
		if (strcmp(key->uri, uri) == 0)
			return key;
	}
	key = pv_token_key_new();
	key->uri = g_steal_pointer(&uri);
	key->token = g_strdup(token->name);
	key->serial = *token->serial ? g_strdup(token->serial) : NULL;
	key->role = text_of(label);
	g_ptr_array_add(keys, key);
	return key;
}

static void note_key(PvPkcs11Token *token, CK_OBJECT_HANDLE object, PvTokenKey *key)
{
	if (!key->public)
		key->public = pv_pkcs11_public(token, object);
	if (key->origin == PV_ORIGIN_UNKNOWN && !token->is_yubikey)
		key->origin = pv_pkcs11_is(token, object, CKA_LOCAL, FALSE) ? PV_ORIGIN_GENERATED
									    : PV_ORIGIN_IMPORTED;
}

static void note_private(PvPkcs11Token *token, CK_OBJECT_HANDLE object, PvTokenKey *key)
{
	note_key(token, object, key);
	key->pin = pv_pkcs11_is(token, object, CKA_ALWAYS_AUTHENTICATE, FALSE) ? PV_PIN_ALWAYS
									       : PV_PIN_ONCE;
}

static void note_certificate(PvPkcs11Token *token, CK_OBJECT_HANDLE object, PvTokenKey *key)
{
	g_autoptr(GBytes) der =
		pv_pkcs11_attribute(token, object, CKA_VALUE, PV_CERTIFICATE_BYTES_MAX);
	g_autoptr(PvPublicKey) public = NULL;
	g_autofree char *name = NULL;

	public = der ? pv_certificate_read_der(der, &name, NULL) : NULL;
	if (!public)
		return;
	if (name) {
		g_free(key->role);
		key->role = g_steal_pointer(&name);
	}
	if (!key->certificate)
		key->certificate = g_bytes_ref(der);
	if (!key->public)
		key->unfinished =
			g_strdup("there is a certificate, and no key beside it that can be "
				 "seen without the PIN; make the key anew with --replace");
	else if (!pv_public_key_same(public, key->public))
		key->unfinished =
			g_strdup("its certificate is of another key; make the key anew with "
				 "--replace");
	if (!key->public)
		key->public = g_steal_pointer(&public);
}

GPtrArray *pv_pkcs11_list_token(PvPkcs11Token *token, P11KitUri *uri, GError **error)
{
	static const struct {
		CK_OBJECT_CLASS kind;
		void (*note)(PvPkcs11Token *token, CK_OBJECT_HANDLE object, PvTokenKey *key);
	} kinds[] = { { CKO_PRIVATE_KEY, note_private },
		      { CKO_PUBLIC_KEY, note_key },
		      { CKO_CERTIFICATE, note_certificate } };
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_token_key_free);

	if (!pv_pkcs11_session(token, FALSE, error))
		return NULL;
	for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
		g_autoptr(GArray) found = pv_pkcs11_find_class(token, uri, kinds[k].kind, error);

		if (!found)
			return NULL;
		for (guint i = 0; i < found->len; i++) {
			CK_OBJECT_HANDLE object = g_array_index(found, CK_OBJECT_HANDLE, i);

			kinds[k].note(token, object, entry_of(token, keys, object));
		}
	}
	return g_steal_pointer(&keys);
}

static GPtrArray *list(PvTokenSession *session, const char *uri, GError **error)
{
	g_autoptr(P11KitUri) parsed = pv_pkcs11_uri_parse(uri, error);
	g_autoptr(GPtrArray) all =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_token_key_free);

	if (!parsed)
		return NULL;
	for (guint i = 0; i < session->tokens->len; i++) {
		GPtrArray *keys = pv_pkcs11_list_token(session->tokens->pdata[i], parsed, error);

		if (!keys)
			return NULL;
		g_ptr_array_extend_and_steal(all, keys);
	}
	return g_steal_pointer(&all);
}

const PvTokenDriver pv_token_pkcs11 = {
	.name = "PKCS#11",
	.about = "any token or HSM that has a PKCS#11 module",
	.scheme = "pkcs11:",
	.places = "id object type",
	.open = pv_pkcs11_open,
	.close = pv_pkcs11_close,
	.list = list,
	.make = pv_pkcs11_make,
	.sign = pv_pkcs11_sign,
	.attest = NULL,
	.remove = pv_pkcs11_remove,
};
