/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "token/driver.h"

/*
 * What the files of the PKCS#11 driver share. A module is a stranger's code in this process
 * (pavise-token): lengths and counts that it gives are checked, answers are verified.
 */

typedef enum { PV_PKCS11_NOBODY, PV_PKCS11_USER, PV_PKCS11_OFFICER } PvPkcs11Login;

typedef struct {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	char *module_path; /* of the URI that led here; NULL for configured modules */
	char *label, *serial, *name;
	gboolean is_yubikey; /* behind libykcs11: ids are slots, and the officer makes keys */
	CK_SESSION_HANDLE session;
	gboolean is_open, is_writable;
	PvPkcs11Login login;
	PvSecret *pin, *officer_pin; /* that were right, for the next login of this command */
	const PvTokenPerson *person;
} PvPkcs11Token;

struct PvTokenSession {
	CK_FUNCTION_LIST **configured; /* NULL unless they were loaded */
	GPtrArray *named;              /* of CK_FUNCTION_LIST: loaded by their path or name */
	GPtrArray *tokens;             /* of PvPkcs11Token: those that the URI matches */
};

/* --- pkcs11_module.c ---------------------------------------------------------------------- */

/* (transfer full): parsed and checked: no PIN in it, nothing unknown. Errors: PV_ERROR_USAGE. */
P11KitUri *pv_pkcs11_uri_parse(const char *uri, GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(P11KitUri, p11_kit_uri_free)

PvTokenSession *pv_pkcs11_open(const char *uri, const PvTokenPerson *person, GError **error);
void pv_pkcs11_close(PvTokenSession *session);

/* (transfer none): the one token there is. Errors: PV_ERROR_USAGE (several: names them). */
PvPkcs11Token *pv_pkcs11_one(PvTokenSession *session, GError **error);

/* FALSE, with the sentence for @rv. */
gboolean pv_pkcs11_fail(GError **error, CK_RV rv, const PvPkcs11Token *token, const char *what);

/* --- pkcs11_login.c ----------------------------------------------------------------------- */

/* Opens a session if there is none that can do it. */
gboolean pv_pkcs11_session(PvPkcs11Token *token, gboolean is_writable, GError **error);

/* Logs in, asking the person for a PIN that was not given yet. */
gboolean pv_pkcs11_login(PvPkcs11Token *token, PvPkcs11Login who, GError **error);

/* For the one operation that was begun, of a key that wants the PIN each time. */
gboolean pv_pkcs11_login_context(PvPkcs11Token *token, GError **error);

/* --- pkcs11_object.c ---------------------------------------------------------------------- */

/* (transfer full): of CK_OBJECT_HANDLE: the objects that have all of @wanted. */
GArray *pv_pkcs11_find(PvPkcs11Token *token, const CK_ATTRIBUTE *wanted, gsize count,
		       GError **error);

/* As pv_pkcs11_find(): objects of class @kind on the token that have @uri's id and label. */
GArray *pv_pkcs11_find_class(PvPkcs11Token *token, P11KitUri *uri, CK_OBJECT_CLASS kind,
			     GError **error);

/* (transfer full) (nullable): an attribute of @most bytes at most; NULL without an error if none. */
GBytes *pv_pkcs11_attribute(PvPkcs11Token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
			    gsize most);
gboolean pv_pkcs11_is(PvPkcs11Token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
		      gboolean otherwise);

/* (transfer full) (nullable): the key that a public or private key object or a certificate tells. */
PvPublicKey *pv_pkcs11_public(PvPkcs11Token *token, CK_OBJECT_HANDLE object);

/* --- pkcs11_sign.c ------------------------------------------------------------------------ */

/* (transfer full): checked against @key; the token is logged in. */
GBytes *pv_pkcs11_sign_with(PvPkcs11Token *token, CK_OBJECT_HANDLE private, const PvPublicKey *key,
			    GBytes *message, GError **error);
GBytes *pv_pkcs11_sign(PvTokenSession *session, const char *uri, const PvPublicKey *key,
		       GBytes *message, GError **error);

/* --- pkcs11_make.c ------------------------------------------------------------------------ */

PvTokenKey *pv_pkcs11_make(PvTokenSession *session, const char *uri, const PvTokenRequest *request,
			   GError **error);
gboolean pv_pkcs11_remove(PvTokenSession *session, const char *uri, GError **error);

/* --- pkcs11.c ----------------------------------------------------------------------------- */

/* (transfer full): of PvTokenKey: what @token holds that @uri matches. No PIN is asked for. */
GPtrArray *pv_pkcs11_list_token(PvPkcs11Token *token, P11KitUri *uri, GError **error);
