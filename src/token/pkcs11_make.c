/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New keys: generated on the token, or brought there; and their removal. The certificate, by which
 * others find the key and its role, is signed by the key itself (so the key is known to work) and
 * written last: without it, the key is removed again. Notary did it the other way round.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "crypto/random.h"
#include "token/pkcs11_key.h"
#include "token/pkcs11_private.h"

#define ID_BYTES 8 /* of a key whose URI names none */

/* The curve that is made: P-256, which all clients of Notary verify. */
static const guint8 p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };

typedef struct {
	PvPkcs11Token *token;
	P11KitUri *uri; /* with an id, at last */
	const PvTokenRequest *request;
	PvPkcs11Login maker; /* who makes objects */
	CK_ATTRIBUTE id, label;
	CK_OBJECT_HANDLE public, private; /* CK_INVALID_HANDLE until made */
	PvPublicKey *key;
} Making;

/* --- what is there already ---------------------------------------------------------------- */

static const CK_OBJECT_CLASS classes[] = { CKO_CERTIFICATE, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY };

/*
 * Certificates first: killed between, there is never one beside another key. A YubiKey cannot
 * forget a key, only have it written over.
 */
static gboolean destroy_all(PvPkcs11Token *token, P11KitUri *uri, guint *ret_count, GError **error)
{
	guint count = 0;

	for (gsize k = 0; k < G_N_ELEMENTS(classes); k++) {
		g_autoptr(GArray) found = pv_pkcs11_find_class(token, uri, classes[k], error);

		for (guint i = 0; found && i < found->len; i++) {
			CK_OBJECT_HANDLE object = g_array_index(found, CK_OBJECT_HANDLE, i);
			CK_RV rv = token->module->C_DestroyObject(token->session, object);

			if (rv != CKR_OK && !(token->is_yubikey && classes[k] != CKO_CERTIFICATE))
				return pv_pkcs11_fail(error, rv, token,
						      "an object cannot be removed");
			count++;
		}
		if (!found)
			return FALSE;
	}
	if (ret_count)
		*ret_count = count;
	return TRUE;
}

static gboolean check_free(PvPkcs11Token *token, P11KitUri *uri, GError **error)
{
	for (gsize k = 0; k < G_N_ELEMENTS(classes); k++) {
		g_autoptr(GArray) found = pv_pkcs11_find_class(token, uri, classes[k], error);

		if (!found)
			return FALSE;
		if (found->len > 0)
			return pv_fail(
				error, PV_ERROR_EXISTS,
				"%s: a %s is there already; name another id, or say --replace, "
				"which destroys it for good",
				token->name, classes[k] == CKO_CERTIFICATE ? "certificate" : "key");
	}
	return TRUE;
}

/* --- checks before anything is asked ------------------------------------------------------- */

static gboolean check_policies(const Making *making, GError **error)
{
	const PvTokenRequest *request = making->request;

	if (request->touch == PV_TOUCH_ALWAYS || request->touch == PV_TOUCH_CACHED)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: PKCS#11 cannot demand a touch; for a YubiKey name the slot as "
			       "yubikey:slot=9c",
			       making->token->name);
	if (request->pin != PV_PIN_UNKNOWN && request->pin != PV_PIN_ONCE &&
	    request->pin != PV_PIN_ALWAYS)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: PKCS#11 knows the PIN policies once and always alone",
			       making->token->name);
	return TRUE;
}

/* Gives the URI an id, and settles the label. @id_buffer lives as long as @making. */
static gboolean settle_names(Making *making, guint8 *id_buffer, GError **error)
{
	CK_ATTRIBUTE *id = p11_kit_uri_get_attribute(making->uri, CKA_ID);
	CK_ATTRIBUTE *label;

	if (!id && making->token->is_yubikey)
		return pv_fail(
			error, PV_ERROR_USAGE,
			"%s: say which slot, by id=%%02 for 9c, or better by yubikey:slot=9c",
			making->token->name);
	if (!id) {
		CK_ATTRIBUTE made = { CKA_ID, id_buffer, ID_BYTES };

		if (!pv_random_fill(id_buffer, ID_BYTES, error))
			return FALSE;
		p11_kit_uri_set_attribute(making->uri, &made);
		id = p11_kit_uri_get_attribute(making->uri, CKA_ID);
	}
	/* Only now: setting an attribute may have moved the others. */
	label = p11_kit_uri_get_attribute(making->uri, CKA_LABEL);
	making->id = *id;
	making->label = (CK_ATTRIBUTE){ CKA_LABEL, (void *)making->request->role,
					strlen(making->request->role) };
	if (label)
		making->label = *label;
	return TRUE;
}

/* --- keys --------------------------------------------------------------------------------- */

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static gboolean generate(Making *making, GError **error)
{
	CK_MECHANISM mechanism = { CKM_EC_KEY_PAIR_GEN };
	PvPkcs11Token *token = making->token;
	gboolean asks_always = making->request->pin == PV_PIN_ALWAYS;
	CK_ATTRIBUTE public[] = {
		{ CKA_TOKEN, &yes, sizeof yes },
		{ CKA_VERIFY, &yes, sizeof yes },
		{ CKA_EC_PARAMS, (void *)p256, sizeof p256 },
		making->id,
		making->label,
		{ CKA_PRIVATE, &no, sizeof no }, /* so that it is listed without the PIN */
	};
	CK_ATTRIBUTE private[] = {
		{ CKA_TOKEN, &yes, sizeof yes },
		{ CKA_PRIVATE, &yes, sizeof yes },
		{ CKA_SENSITIVE, &yes, sizeof yes },
		{ CKA_SIGN, &yes, sizeof yes },
		making->id,
		making->label,
		{ CKA_EXTRACTABLE, &no, sizeof no },
		{ CKA_ALWAYS_AUTHENTICATE, &yes, sizeof yes },
	};
	/* libykcs11 refuses attributes that it does not know. */
	CK_ULONG publics = token->is_yubikey ? 5 : 6;
	CK_ULONG privates = token->is_yubikey ? 6 : asks_always ? 8 : 7;
	CK_RV rv = token->module->C_GenerateKeyPair(token->session, &mechanism, public, publics,
						    private, privates, &making->public,
						    &making->private);

	if (rv != CKR_OK)
		return pv_pkcs11_fail(error, rv, token, "a key cannot be generated");
	making->key = pv_pkcs11_public(token, making->public);
	return making->key ||
	       pv_fail(error, PV_ERROR_KEY,
		       "%s: it made a key, but does not tell a usable public half", token->name);
}

static gboolean create(Making *making, CK_ATTRIBUTE *attributes, gsize count,
		       CK_OBJECT_HANDLE *ret_object, const char *what, GError **error)
{
	CK_RV rv = making->token->module->C_CreateObject(making->token->session, attributes,
							 (CK_ULONG)count, ret_object);

	return rv == CKR_OK || pv_pkcs11_fail(error, rv, making->token, what);
}

static gboolean create_public(Making *making, GBytes *point, GError **error)
{
	CK_OBJECT_CLASS kind = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	g_autoptr(GBytes) wrapped = pv_pkcs11_wrap_point(point);
	CK_ATTRIBUTE public[] = {
		{ CKA_CLASS, &kind, sizeof kind },
		{ CKA_KEY_TYPE, &type, sizeof type },
		{ CKA_TOKEN, &yes, sizeof yes },
		{ CKA_PRIVATE, &no, sizeof no },
		{ CKA_VERIFY, &yes, sizeof yes },
		{ CKA_EC_PARAMS, (void *)p256, sizeof p256 },
		{ CKA_EC_POINT, (void *)g_bytes_get_data(wrapped, NULL),
		  g_bytes_get_size(wrapped) },
		making->id,
		making->label,
	};

	/* A YubiKey tells the public half by itself. */
	return making->token->is_yubikey ||
	       create(making, public, G_N_ELEMENTS(public), &making->public,
		      "the public key cannot be brought there", error);
}

static gboolean import(Making *making, GError **error)
{
	gsize size;
	const guint8 *der = g_bytes_get_data(making->request->imported, &size);
	g_autoptr(PvPrivateKey) key = pv_private_key_new_der(der, size, error);
	g_autoptr(PvSecret) scalar = key ? pv_private_key_scalar(key, error) : NULL;
	g_autoptr(GBytes) point = NULL;
	CK_OBJECT_CLASS kind = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE private[] = {
		{ CKA_CLASS, &kind, sizeof kind },
		{ CKA_KEY_TYPE, &type, sizeof type },
		{ CKA_TOKEN, &yes, sizeof yes },
		making->id,
		{ CKA_EC_PARAMS, (void *)p256, sizeof p256 },
		{ CKA_VALUE, scalar ? scalar->data : NULL, scalar ? scalar->size : 0 },
		{ CKA_PRIVATE, &yes, sizeof yes },
		{ CKA_SENSITIVE, &yes, sizeof yes },
		{ CKA_EXTRACTABLE, &no, sizeof no },
		{ CKA_SIGN, &yes, sizeof yes },
		making->label,
	};

	if (!scalar)
		return FALSE;
	making->key = pv_public_key_ref(pv_private_key_public(key));
	point = pv_public_key_point(making->key);
	return create(making, private, making->token->is_yubikey ? 6 : G_N_ELEMENTS(private),
		      &making->private, "the key cannot be brought there", error) &&
	       create_public(making, point, error);
}

/* --- the certificate ---------------------------------------------------------------------- */

static GBytes *sign_there(void *data, const PvPublicKey *key, GBytes *message, GError **error)
{
	const Making *making = data;

	return pv_pkcs11_sign_with(making->token, making->private, key, message, error);
}

/* Handles may be of the maker's login alone: the private key is looked for again. */
static gboolean find_again(Making *making, GError **error)
{
	g_autoptr(GArray) found =
		pv_pkcs11_find_class(making->token, making->uri, CKO_PRIVATE_KEY, error);

	if (found && found->len != 1)
		return pv_fail(error, PV_ERROR_KEY, "%s: %u keys are where one was made",
			       making->token->name, found->len);
	if (!found)
		return FALSE;
	making->private = g_array_index(found, CK_OBJECT_HANDLE, 0);
	return TRUE;
}

static GBytes *certify(Making *making, GError **error)
{
	g_autoptr(PvPrivateKey) key = NULL;

	if (!pv_pkcs11_login(making->token, PV_PKCS11_USER, error) || !find_again(making, error))
		return NULL;
	key = pv_private_key_new_remote(making->key, sign_there, making, NULL, error);
	return key ? pv_certificate_new_self_signed(key, making->request->role,
						    making->request->now_s, making->request->life_s,
						    error)
		   : NULL;
}

static gboolean write_certificate(Making *making, GBytes *der, GError **error)
{
	CK_OBJECT_CLASS kind = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	g_autoptr(GBytes) subject = pv_certificate_subject(der, error);
	CK_OBJECT_HANDLE object;
	CK_ATTRIBUTE certificate[] = {
		{ CKA_CLASS, &kind, sizeof kind },
		making->id,
		{ CKA_VALUE, (void *)g_bytes_get_data(der, NULL), g_bytes_get_size(der) },
		{ CKA_TOKEN, &yes, sizeof yes },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof type },
		{ CKA_PRIVATE, &no, sizeof no },
		making->label,
		{ CKA_SUBJECT, subject ? (void *)g_bytes_get_data(subject, NULL) : NULL,
		  subject ? g_bytes_get_size(subject) : 0 },
	};

	return subject && pv_pkcs11_login(making->token, making->maker, error) &&
	       create(making, certificate, making->token->is_yubikey ? 3 : 8, &object,
		      "its certificate cannot be written", error);
}

/* --- all of it ---------------------------------------------------------------------------- */

static gboolean make_objects(Making *making, GError **error)
{
	g_autoptr(GBytes) der = NULL;
	gboolean made = making->request->imported ? import(making, error) : generate(making, error);

	der = made ? certify(making, error) : NULL;
	return der && write_certificate(making, der, error);
}

static PvTokenKey *what_was_made(Making *making, GError **error)
{
	g_autoptr(GPtrArray) keys = pv_pkcs11_list_token(making->token, making->uri, error);
	PvTokenKey *key;

	if (!keys)
		return NULL;
	if (keys->len != 1 || !((PvTokenKey *)keys->pdata[0])->public ||
	    !pv_public_key_same(((PvTokenKey *)keys->pdata[0])->public, making->key))
		return pv_fail_null(error, PV_ERROR_KEY,
				    "%s: the new key is not found where it was made",
				    making->token->name);
	key = g_ptr_array_steal_index(keys, 0);
	key->origin = making->request->imported ? PV_ORIGIN_IMPORTED : PV_ORIGIN_GENERATED;
	key->pin = making->request->pin == PV_PIN_ALWAYS ? PV_PIN_ALWAYS : PV_PIN_ONCE;
	key->touch = PV_TOUCH_NEVER;
	return key;
}

static gboolean prepare(Making *making, GError **error)
{
	PvPkcs11Token *token = making->token;

	if (!check_policies(making, error) || !pv_pkcs11_session(token, TRUE, error))
		return FALSE;
	if (!making->request->replaces && !check_free(token, making->uri, error))
		return FALSE;
	if (!pv_pkcs11_login(token, making->maker, error))
		return FALSE;
	/* Now that private objects are seen. */
	return making->request->replaces ? destroy_all(token, making->uri, NULL, error)
					 : check_free(token, making->uri, error);
}

PvTokenKey *pv_pkcs11_make(PvTokenSession *session, const char *uri, const PvTokenRequest *request,
			   GError **error)
{
	g_autoptr(P11KitUri) parsed = pv_pkcs11_uri_parse(uri, error);
	PvPkcs11Token *token = parsed ? pv_pkcs11_one(session, error) : NULL;
	Making making = { .token = token, .uri = parsed, .request = request };
	guint8 id[ID_BYTES];
	PvTokenKey *key = NULL;

	if (!token || !settle_names(&making, id, error))
		return NULL;
	making.maker = token->is_yubikey ? PV_PKCS11_OFFICER : PV_PKCS11_USER;
	if (!prepare(&making, error))
		return NULL;
	if (make_objects(&making, error)) {
		key = what_was_made(&making, error);
	} else if (pv_pkcs11_login(token, making.maker, NULL) &&
		   !destroy_all(token, making.uri, NULL, NULL)) {
		pv_fail_wrap(error, "a half-made key is left on %s", token->name);
	}
	pv_public_key_unref(making.key);
	return key;
}

gboolean pv_pkcs11_remove(PvTokenSession *session, const char *uri, GError **error)
{
	g_autoptr(P11KitUri) parsed = pv_pkcs11_uri_parse(uri, error);
	PvPkcs11Token *token = parsed ? pv_pkcs11_one(session, error) : NULL;
	guint count;

	if (!token)
		return FALSE;
	if (!p11_kit_uri_get_attribute(parsed, CKA_ID) &&
	    !p11_kit_uri_get_attribute(parsed, CKA_LABEL))
		return pv_fail(error, PV_ERROR_USAGE,
			       "%s: say which key, by id= or object=", token->name);
	if (!pv_pkcs11_session(token, TRUE, error) ||
	    !pv_pkcs11_login(token, token->is_yubikey ? PV_PKCS11_OFFICER : PV_PKCS11_USER,
			     error) ||
	    !destroy_all(token, parsed, &count, error))
		return FALSE;
	return count > 0 ||
	       pv_fail(error, PV_ERROR_KEY, "%s: nothing is there to remove", token->name);
}
