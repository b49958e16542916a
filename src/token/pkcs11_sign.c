/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signatures by a token's key, as metadata has them: raw r||s over SHA-256, or RSA-PSS with it. A
 * missed touch and a PIN that is wanted again come back as the same error (hardware-keys.md 3.6);
 * the time that went by tells them apart.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "token/pkcs11_private.h"

#define PIN_WANTED_US ((gint64)G_USEC_PER_SEC) /* an error that came sooner was no missed touch */
#define SALT_BYTES    32
#define SIGNATURE_MAX 1024 /* bytes: RSA of 8192 bits */

typedef struct {
	CK_MECHANISM mechanism;
	CK_RSA_PKCS_PSS_PARAMS pss;
	const guint8 *data; /* what C_Sign is given */
	gsize size;
	PvDigest digest;
	const char *method;
} Signing;

static gboolean prepare(Signing *signing, const PvPublicKey *key, GBytes *message, GError **error)
{
	gsize size;
	const guint8 *bytes = g_bytes_get_data(message, &size);

	switch (pv_public_key_kind(key)) {
	case PV_KEY_ECDSA:
		signing->mechanism.mechanism = CKM_ECDSA;
		signing->digest = pv_digest_of(PV_HASH_SHA256, bytes, size);
		signing->data = signing->digest.raw;
		signing->size = 32;
		signing->method = "ecdsa";
		return TRUE;
	case PV_KEY_RSA:
		signing->pss = (CK_RSA_PKCS_PSS_PARAMS){ CKM_SHA256, CKG_MGF1_SHA256, SALT_BYTES };
		signing->mechanism = (CK_MECHANISM){ CKM_SHA256_RSA_PKCS_PSS, &signing->pss,
						     sizeof signing->pss };
		signing->data = bytes;
		signing->size = size;
		signing->method = "rsapss";
		return TRUE;
	default:
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "keys of type %s are not signed with by PKCS#11 here",
			       pv_public_key_type(key));
	}
}

/* One attempt; @gives_pin: a login for this signature comes first. */
static CK_RV attempt(PvPkcs11Token *token, CK_OBJECT_HANDLE private, Signing *signing,
		     gboolean gives_pin, guint8 *signature, CK_ULONG *size, GError **error)
{
	CK_RV rv = token->module->C_SignInit(token->session, &signing->mechanism, private);

	if (rv != CKR_OK)
		return rv;
	if (gives_pin && !pv_pkcs11_login_context(token, error))
		return CKR_PIN_INCORRECT;
	token->person->may_wait(token->person->data, token->name);
	return token->module->C_Sign(token->session, (CK_BYTE *)signing->data,
				     (CK_ULONG)signing->size, signature, size);
}

GBytes *pv_pkcs11_sign_with(PvPkcs11Token *token, CK_OBJECT_HANDLE private, const PvPublicKey *key,
			    GBytes *message, GError **error)
{
	g_autoptr(GError) refused = NULL;
	guint8 signature[SIGNATURE_MAX];
	CK_ULONG size = sizeof signature;
	Signing signing = { 0 };
	gboolean gives_pin = pv_pkcs11_is(token, private, CKA_ALWAYS_AUTHENTICATE, FALSE);
	gint64 begun = g_get_monotonic_time();
	gsize message_size;
	const void *bytes = g_bytes_get_data(message, &message_size);
	CK_RV rv;

	if (!prepare(&signing, key, message, error))
		return NULL;
	rv = attempt(token, private, &signing, gives_pin, signature, &size, &refused);
	if (rv == CKR_USER_NOT_LOGGED_IN && g_get_monotonic_time() - begun < PIN_WANTED_US) {
		size = sizeof signature;
		begun = g_get_monotonic_time();
		rv = attempt(token, private, &signing, TRUE, signature, &size, &refused);
	}
	if (refused) {
		g_propagate_error(error, g_steal_pointer(&refused));
		return NULL;
	}
	if (rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_FUNCTION_CANCELED)
		return pv_fail_null(error, PV_ERROR_TOKEN,
				    "%s: the touch was missed; try again, and touch it in time",
				    token->name);
	if (rv != CKR_OK)
		return pv_pkcs11_fail(error, rv, token, "cannot sign"), NULL;
	if (size > sizeof signature ||
	    !pv_public_key_verify(key, signing.method, bytes, message_size, signature, size))
		return pv_fail_null(error, PV_ERROR_KEY,
				    "%s: what it gave is not a signature of key %.7s", token->name,
				    pv_public_key_id(key));
	return g_bytes_new(signature, size);
}

/* --- which key ---------------------------------------------------------------------------- */

/* The key that goes with the private object: of the public object or certificate with its id. */
static PvPublicKey *public_of(PvPkcs11Token *token, CK_OBJECT_HANDLE private)
{
	static const CK_OBJECT_CLASS kinds[] = { CKO_PUBLIC_KEY, CKO_CERTIFICATE };
	g_autoptr(GBytes) id =
		pv_pkcs11_attribute(token, private, CKA_ID, PV_TOKEN_ATTRIBUTE_BYTES_MAX);
	PvPublicKey *key = pv_pkcs11_public(token, private);

	for (gsize k = 0; !key && id && k < G_N_ELEMENTS(kinds); k++) {
		CK_OBJECT_CLASS kind = kinds[k];
		CK_ATTRIBUTE wanted[] = { { CKA_CLASS, &kind, sizeof kind },
					  { CKA_ID, (void *)g_bytes_get_data(id, NULL),
					    g_bytes_get_size(id) } };
		g_autoptr(GArray) found = pv_pkcs11_find(token, wanted, 2, NULL);

		for (guint i = 0; !key && found && i < found->len; i++)
			key = pv_pkcs11_public(token, g_array_index(found, CK_OBJECT_HANDLE, i));
	}
	return key;
}

/* Before a PIN is asked for: is another key there? Objects that need the PIN to be seen may be it. */
static gboolean check_visible(PvPkcs11Token *token, P11KitUri *uri, const PvPublicKey *key,
			      GError **error)
{
	g_autoptr(GArray) found = pv_pkcs11_find_class(token, uri, CKO_PUBLIC_KEY, error);
	guint others = 0;

	for (guint i = 0; found && i < found->len; i++) {
		g_autoptr(PvPublicKey) there =
			pv_pkcs11_public(token, g_array_index(found, CK_OBJECT_HANDLE, i));

		if (there && pv_public_key_same(there, key))
			return TRUE;
		others += there ? 1 : 0;
	}
	if (others > 0)
		return pv_fail(error, PV_ERROR_KEY,
			       "%s: another key is there, not %.7s; no PIN was asked for",
			       token->name, pv_public_key_id(key));
	return found != NULL;
}

static gboolean find_private(PvPkcs11Token *token, P11KitUri *uri, const PvPublicKey *key,
			     CK_OBJECT_HANDLE *ret_private, GError **error)
{
	g_autoptr(GArray) found = pv_pkcs11_find_class(token, uri, CKO_PRIVATE_KEY, error);

	for (guint i = 0; found && i < found->len; i++) {
		CK_OBJECT_HANDLE private = g_array_index(found, CK_OBJECT_HANDLE, i);
		g_autoptr(PvPublicKey) there = public_of(token, private);

		if (there && pv_public_key_same(there, key)) {
			*ret_private = private;
			return TRUE;
		}
	}
	if (!found)
		return FALSE;
	return pv_fail(error, PV_ERROR_KEY, "%s: key %.7s is not there%s", token->name,
		       pv_public_key_id(key), found->len ? ", another one is" : "");
}

GBytes *pv_pkcs11_sign(PvTokenSession *session, const char *uri, const PvPublicKey *key,
		       GBytes *message, GError **error)
{
	g_autoptr(P11KitUri) parsed = pv_pkcs11_uri_parse(uri, error);
	PvPkcs11Token *token = parsed ? pv_pkcs11_one(session, error) : NULL;
	CK_OBJECT_HANDLE private = CK_INVALID_HANDLE;

	if (!token || !pv_pkcs11_session(token, FALSE, error) ||
	    !check_visible(token, parsed, key, error) ||
	    !pv_pkcs11_login(token, PV_PKCS11_USER, error) ||
	    !find_private(token, parsed, key, &private, error))
		return NULL;
	return pv_pkcs11_sign_with(token, private, key, message, error);
}
