/* SPDX-License-Identifier: Apache-2.0 */

/* Finding objects on a token and reading their attributes, within bounds. */

#include "base/error.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "token/pkcs11_key.h"
#include "token/pkcs11_private.h"

#define FIND_STEP   32
#define OBJECTS_MAX ((guint)PV_TOKEN_KEYS_MAX * 4)

static gboolean collect(PvPkcs11Token *token, GArray *found, GError **error)
{
	for (;;) {
		CK_OBJECT_HANDLE some[FIND_STEP];
		CK_ULONG count = 0;
		CK_RV rv = token->module->C_FindObjects(token->session, some, FIND_STEP, &count);

		if (rv != CKR_OK)
			return pv_pkcs11_fail(error, rv, token, "cannot be searched");
		if (count > FIND_STEP)
			return pv_fail(error, PV_ERROR_SERVER, "%s: its module miscounts",
				       token->name);
		if (count == 0)
			return TRUE;
		g_array_append_vals(found, some, (guint)count);
		if (found->len > OBJECTS_MAX)
			return pv_fail(error, PV_ERROR_LIMIT, "%s: more than %u objects",
				       token->name, OBJECTS_MAX);
	}
}

GArray *pv_pkcs11_find(PvPkcs11Token *token, const CK_ATTRIBUTE *wanted, gsize count,
		       GError **error)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(CK_OBJECT_HANDLE));
	CK_RV rv = token->module->C_FindObjectsInit(token->session, (CK_ATTRIBUTE *)wanted,
						    (CK_ULONG)count);
	gboolean done;

	if (rv != CKR_OK) {
		pv_pkcs11_fail(error, rv, token, "cannot be searched");
		return NULL;
	}
	done = collect(token, found, error);
	token->module->C_FindObjectsFinal(token->session);
	return done ? g_steal_pointer(&found) : NULL;
}

GArray *pv_pkcs11_find_class(PvPkcs11Token *token, P11KitUri *uri, CK_OBJECT_CLASS kind,
			     GError **error)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE wanted[4] = { { CKA_CLASS, &kind, sizeof kind },
				   { CKA_TOKEN, &yes, sizeof yes } };
	gsize count = 2;

	for (gsize i = 0; i < 2; i++) {
		CK_ATTRIBUTE *given = p11_kit_uri_get_attribute(uri, i == 0 ? CKA_ID : CKA_LABEL);

		/* Certificates and public keys of others have labels of their own: the id binds. */
		if (given && !(i == 1 && count == 3))
			wanted[count++] = *given;
	}
	return pv_pkcs11_find(token, wanted, count, error);
}

GBytes *pv_pkcs11_attribute(PvPkcs11Token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
			    gsize most)
{
	CK_ATTRIBUTE attribute = { type, NULL, 0 };
	g_autofree guint8 *value = NULL;
	gsize size;

	if (token->module->C_GetAttributeValue(token->session, object, &attribute, 1) != CKR_OK ||
	    attribute.ulValueLen == CK_UNAVAILABLE_INFORMATION || attribute.ulValueLen > most)
		return NULL;
	size = attribute.ulValueLen;
	value = g_malloc0(size + 1);
	attribute.pValue = value;
	if (token->module->C_GetAttributeValue(token->session, object, &attribute, 1) != CKR_OK ||
	    attribute.ulValueLen > size)
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&value), attribute.ulValueLen);
}

gboolean pv_pkcs11_is(PvPkcs11Token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
		      gboolean otherwise)
{
	g_autoptr(GBytes) value = pv_pkcs11_attribute(token, object, type, sizeof(CK_BBOOL));

	if (!value || g_bytes_get_size(value) != sizeof(CK_BBOOL))
		return otherwise;
	return *(const CK_BBOOL *)g_bytes_get_data(value, NULL) != CK_FALSE;
}

PvPublicKey *pv_pkcs11_public(PvPkcs11Token *token, CK_OBJECT_HANDLE object)
{
	g_autoptr(GBytes) parameters =
		pv_pkcs11_attribute(token, object, CKA_EC_PARAMS, PV_TOKEN_ATTRIBUTE_BYTES_MAX);
	g_autoptr(GBytes) point = parameters ? pv_pkcs11_attribute(token, object, CKA_EC_POINT,
								   PV_TOKEN_ATTRIBUTE_BYTES_MAX)
					     : NULL;
	g_autoptr(GBytes) modulus = NULL;
	g_autoptr(GBytes) exponent = NULL;
	g_autoptr(GBytes) der = NULL;

	if (point)
		return pv_pkcs11_ec_key(parameters, point, NULL);
	modulus = pv_pkcs11_attribute(token, object, CKA_MODULUS, PV_TOKEN_ATTRIBUTE_BYTES_MAX);
	exponent = modulus ? pv_pkcs11_attribute(token, object, CKA_PUBLIC_EXPONENT,
						 PV_TOKEN_ATTRIBUTE_BYTES_MAX)
			   : NULL;
	if (exponent)
		return pv_public_key_new_rsa(modulus, exponent, NULL);
	der = parameters ? NULL
			 : pv_pkcs11_attribute(token, object, CKA_VALUE, PV_CERTIFICATE_BYTES_MAX);
	return der && g_bytes_get_size(der) > 0 ? pv_certificate_read_der(der, NULL, NULL) : NULL;
}
