/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sessions and logins. A PIN is asked for when an operation needs it, never tried otherwise; one
 * that was right is kept in locked memory for this command, since some keys want it each time.
 */

#include "base/error.h"
#include "token/pkcs11_private.h"

#define MANAGEMENT_DIGITS_MIN 32 /* a shorter one libykcs11 takes for the PIN, and spends a try */

gboolean pv_pkcs11_session(PvPkcs11Token *token, gboolean is_writable, GError **error)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (is_writable ? CKF_RW_SESSION : 0);
	CK_RV rv;

	if (token->is_open && (token->is_writable || !is_writable))
		return TRUE;
	/* The officer cannot log in beside a session that is read-only. */
	if (token->is_open)
		token->module->C_CloseSession(token->session);
	token->is_open = FALSE;
	token->login = PV_PKCS11_NOBODY;
	rv = token->module->C_OpenSession(token->slot, flags, NULL, NULL, &token->session);
	if (rv != CKR_OK)
		return pv_pkcs11_fail(error, rv, token, "cannot be opened");
	token->is_open = TRUE;
	token->is_writable = is_writable;
	return TRUE;
}

static CK_FLAGS flags_now(PvPkcs11Token *token)
{
	CK_TOKEN_INFO info;

	if (token->module->C_GetTokenInfo(token->slot, &info) == CKR_OK)
		token->info = info;
	return token->info.flags;
}

/* How many tries are left, as far as PKCS#11 tells; 0: locked. */
static int tries_left(PvPkcs11Token *token, gboolean is_officer)
{
	CK_FLAGS flags = flags_now(token);

	if (flags & (is_officer ? CKF_SO_PIN_LOCKED : CKF_USER_PIN_LOCKED))
		return 0;
	return flags & (is_officer ? CKF_SO_PIN_FINAL_TRY : CKF_USER_PIN_FINAL_TRY) ? 1 : -1;
}

static PvTokenSecret secret_kind(const PvPkcs11Token *token, gboolean is_officer)
{
	if (!is_officer)
		return PV_SECRET_PIN;
	return token->is_yubikey ? PV_SECRET_MANAGEMENT_KEY : PV_SECRET_SO_PIN;
}

static CK_RV login_with(PvPkcs11Token *token, CK_USER_TYPE user, const PvSecret *pin)
{
	CK_RV rv =
		token->module->C_Login(token->session, user, pin ? (CK_UTF8CHAR *)pin->data : NULL,
				       pin ? (CK_ULONG)pin->size : 0);

	return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}

/* (transfer full): what the person gave. */
static PvSecret *ask(PvPkcs11Token *token, gboolean is_officer, gboolean is_retry, GError **error)
{
	PvTokenPrompt prompt = { .kind = secret_kind(token, is_officer),
				 .token = token->label,
				 .serial = *token->serial ? token->serial : NULL,
				 .tries_left = tries_left(token, is_officer),
				 .is_retry = is_retry };
	g_autoptr(PvSecret) given = NULL;

	if (prompt.tries_left == 0) {
		pv_pkcs11_fail(error, CKR_PIN_LOCKED, token, "cannot log in");
		return NULL;
	}
	given = token->person->secret(token->person->data, &prompt, error);
	if (given && prompt.kind == PV_SECRET_MANAGEMENT_KEY && given->size < MANAGEMENT_DIGITS_MIN)
		return pv_fail_null(
			error, PV_ERROR_PASSPHRASE,
			"%s: a management key has %d hexadecimal digits or more; this was "
			"not tried",
			token->name, MANAGEMENT_DIGITS_MIN);
	return g_steal_pointer(&given);
}

static gboolean login_by_asking(PvPkcs11Token *token, CK_USER_TYPE user, PvSecret **kept,
				GError **error)
{
	gboolean is_officer = user == CKU_SO, is_retry = FALSE;

	for (;;) {
		g_autoptr(PvSecret) given = ask(token, is_officer, is_retry, error);
		CK_RV rv;

		if (!given)
			return FALSE;
		rv = login_with(token, user, given);
		if (rv == CKR_OK) {
			*kept = g_steal_pointer(&given);
			return TRUE;
		}
		if (rv != CKR_PIN_INCORRECT)
			return pv_pkcs11_fail(error, rv, token, "cannot log in");
		is_retry = TRUE;
	}
}

/* By a PIN pad on the reader. */
static gboolean login_at_reader(PvPkcs11Token *token, CK_USER_TYPE user, GError **error)
{
	g_autofree char *sentence = g_strdup_printf("%s: enter the PIN on its reader", token->name);
	CK_RV rv;

	token->person->warn(token->person->data, sentence);
	rv = login_with(token, user, NULL);
	return rv == CKR_OK || pv_pkcs11_fail(error, rv, token, "cannot log in");
}

static gboolean login_as(PvPkcs11Token *token, CK_USER_TYPE user, PvSecret **kept, GError **error)
{
	CK_RV rv;

	if (!(token->info.flags & CKF_LOGIN_REQUIRED))
		return TRUE;
	if (token->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH)
		return login_at_reader(token, user, error);
	if (!*kept)
		return login_by_asking(token, user, kept, error);
	rv = login_with(token, user, *kept);
	if (rv == CKR_OK)
		return TRUE;
	g_clear_pointer(kept, pv_secret_free);
	return pv_pkcs11_fail(error, rv, token, "cannot log in again");
}

gboolean pv_pkcs11_login(PvPkcs11Token *token, PvPkcs11Login who, GError **error)
{
	gboolean is_officer = who == PV_PKCS11_OFFICER;

	if (token->login == who)
		return TRUE;
	if (token->login != PV_PKCS11_NOBODY)
		token->module->C_Logout(token->session);
	token->login = PV_PKCS11_NOBODY;
	if (!login_as(token, is_officer ? CKU_SO : CKU_USER,
		      is_officer ? &token->officer_pin : &token->pin, error))
		return FALSE;
	token->login = who;
	return TRUE;
}

gboolean pv_pkcs11_login_context(PvPkcs11Token *token, GError **error)
{
	return login_as(token, CKU_CONTEXT_SPECIFIC, &token->pin, error);
}
