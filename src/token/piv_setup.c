/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A new token is made fit for use: PIN and PUK of its owner's instead of the factory's, and a random
 * management key that the card keeps itself, readable with the PIN (Yubico's convention, which ykman
 * knows too). Nothing of the factory's is tried unless the person types it.
 */

#include <string.h>

#include "base/error.h"
#include "crypto/cipher.h"
#include "crypto/random.h"
#include "token/piv_private.h"

#define UNBLOCK            0x2c
#define FLAG_KEY_IS_STORED 0x02
#define KEY_BYTES_MAX      32

static const char *label_of(const PvTokenSession *session)
{
	return pv_piv_card_label(session->card);
}

static gboolean read_reference(PvTokenSession *session, guint8 number, PvPivReference *ret,
			       GError **error)
{
	const PvApdu apdu = { PV_PIV_METADATA, 0, number, NULL, 0 };
	g_autoptr(GBytes) answer = NULL;
	guint status;

	if (!pv_piv_card_send(session->card, "reading metadata", apdu, &answer, &status, error))
		return FALSE;
	if (status != PV_APDU_OK)
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "%s: no metadata of %02x: status %04x",
			       label_of(session), number, status);
	return pv_piv_read_reference(pv_tlv_of(answer), "metadata", ret, error);
}

static gboolean status_in(PvTokenSession *session, PvTokenStatus *status, GError **error)
{
	PvPivReference pin, puk, manager;

	if (!pv_piv_is_protected(session, &status->keeps_management_key, error))
		return FALSE;
	if (pv_piv_card_firmware(session->card) < PV_PIV_METADATA_SINCE)
		return TRUE;
	if (!read_reference(session, PV_PIV_PIN, &pin, error) ||
	    !read_reference(session, PV_PIV_PUK, &puk, error) ||
	    !read_reference(session, PV_PIV_MANAGEMENT, &manager, error))
		return FALSE;
	status->is_told = TRUE;
	status->pin_is_factory = pin.is_factory;
	status->puk_is_factory = puk.is_factory;
	status->management_key_is_factory = manager.is_factory;
	status->pin_tries_left = pin.tries_left;
	status->puk_tries_left = puk.tries_left;
	return TRUE;
}

gboolean pv_piv_status(PvTokenSession *session, PvTokenStatus *ret_status, GError **error)
{
	PvTokenStatus status = { .pin_tries_left = -1, .puk_tries_left = -1 };
	gboolean done;

	if (!pv_piv_card_begin(session->card, error))
		return FALSE;
	done = status_in(session, &status, error);
	pv_piv_card_end(session->card);
	if (done)
		*ret_status = status;
	return done;
}

/* What the person types or names, as the card wants it. */
static PvSecret *ask(PvTokenSession *session, PvTokenSecret kind, const char *what, int tries_left,
		     const char *wrong, GError **error)
{
	const PvTokenPrompt prompt = { kind, label_of(session), pv_piv_card_serial(session->card),
				       tries_left, wrong != NULL };
	g_autoptr(PvSecret) typed = session->person->secret(session->person->data, &prompt, error);

	if (!typed && wrong)
		pv_fail_wrap(error, "%s", wrong);
	return typed ? pv_piv_padded(session, typed, what, error) : NULL;
}

/* A new PIN or PUK, which must not be the factory's. */
static PvSecret *ask_new(PvTokenSession *session, PvTokenSecret kind, const char *what,
			 GError **error)
{
	static const char *const factory[] = { "123456\xff\xff", "12345678" };
	g_autoptr(PvSecret) secret = ask(session, kind, what, -1, NULL, error);

	for (gsize i = 0; secret && i < G_N_ELEMENTS(factory); i++)
		if (memcmp(secret->data, factory[i], PV_PIV_PIN_BYTES) == 0)
			return pv_fail_null(error, PV_ERROR_PASSPHRASE,
					    "%s: the %s would be a factory's, which everybody "
					    "knows: choose another",
					    label_of(session), what);
	return g_steal_pointer(&secret);
}

/* CHANGE REFERENCE DATA or RESET RETRY COUNTER: two values of eight bytes. */
static gboolean send_pair(PvTokenSession *session, guint8 instruction, guint8 number,
			  const PvSecret *old, const PvSecret *new, guint *ret_status,
			  GError **error)
{
	g_autoptr(PvSecret) pair = pv_secret_new(2 * PV_PIV_PIN_BYTES);
	const PvApdu apdu = { instruction, 0, number, (const guint8 *)pair->data, pair->size };
	gboolean done;

	memcpy(pair->data, old->data, PV_PIV_PIN_BYTES);
	memcpy(pair->data + PV_PIV_PIN_BYTES, new->data, PV_PIV_PIN_BYTES);
	if (!pv_piv_card_begin(session->card, error))
		return FALSE;
	done = pv_piv_card_send(session->card, "setting a new PIN or PUK", apdu, NULL, ret_status,
				error);
	pv_piv_card_end(session->card);
	return done;
}

/* How one of the two is changed. */
typedef struct {
	guint8 instruction, number;
	PvTokenSecret old, new;
	const char *old_name, *new_name;
} Change;

static const Change change_pin = { PV_PIV_CHANGE,     PV_PIV_PIN, PV_SECRET_PIN,
				   PV_SECRET_NEW_PIN, "PIN",      "new PIN" };
static const Change change_puk = { PV_PIV_CHANGE,     PV_PIV_PUK, PV_SECRET_PUK,
				   PV_SECRET_NEW_PUK, "PUK",      "new PUK" };
static const Change unblock_pin = { UNBLOCK,           PV_PIV_PIN, PV_SECRET_PUK,
				    PV_SECRET_NEW_PIN, "PUK",      "new PIN" };

/* The new value is asked for once, the old one until it is right or the person gives up. */
static gboolean change(PvTokenSession *session, const Change *how, int tries_left, GError **error)
{
	g_autofree char *wrong = NULL;
	g_autoptr(PvSecret) new = NULL;

	for (;;) {
		g_autoptr(PvSecret) old = NULL;
		guint status;

		old = ask(session, how->old, how->old_name, tries_left, wrong, error);
		if (!old || (!new && !(new = ask_new(session, how->new, how->new_name, error))) ||
		    !send_pair(session, how->instruction, how->number, old, new, &status, error))
			return FALSE;
		if (status == PV_APDU_OK)
			break;
		if (status == PV_APDU_BLOCKED || status == PV_APDU_WRONG_PIN)
			return pv_fail(error, PV_ERROR_PASSPHRASE,
				       "%s: the %s is blocked after too many wrong ones%s",
				       label_of(session), how->old_name,
				       how->old == PV_SECRET_PUK
					       ? ": only a reset, which destroys all keys, helps"
					       : ": set a new one with the PUK");
		if ((status & 0xfff0) != PV_APDU_WRONG_PIN)
			return pv_fail(error, PV_ERROR_UNSUPPORTED,
				       "%s: the %s is not taken: status %04x", label_of(session),
				       how->new_name, status);
		tries_left = status & 0x0f;
		g_free(wrong);
		wrong = g_strdup_printf("%s: wrong %s, %d %s left", label_of(session),
					how->old_name, tries_left,
					tries_left == 1 ? "try" : "tries");
	}
	if (how->number == PV_PIV_PIN) {
		g_clear_pointer(&session->pin, pv_secret_free);
		session->pin = g_steal_pointer(&new); /* the card has just taken it */
	}
	return TRUE;
}

/* Tries of the PIN; of the PUK only newer firmware tells. Blocked is no error here. */
static gboolean tries_of(PvTokenSession *session, int *ret_pin, int *ret_puk, GError **error)
{
	const PvApdu query = { PV_PIV_VERIFY, 0, PV_PIV_PIN, NULL, 0 };
	PvPivReference puk = { .tries_left = -1 };
	gboolean done;
	guint status;

	if (!pv_piv_card_begin(session->card, error))
		return FALSE;
	done = pv_piv_card_send(session->card, "asking how many tries the PIN has", query, NULL,
				&status, error) &&
	       (pv_piv_card_firmware(session->card) < PV_PIV_METADATA_SINCE ||
		read_reference(session, PV_PIV_PUK, &puk, error));
	pv_piv_card_end(session->card);
	if (!done)
		return FALSE;
	*ret_pin = (status & 0xfff0) == PV_APDU_WRONG_PIN ? (int)(status & 0x0f)
		   : status == PV_APDU_BLOCKED            ? 0
							  : -1;
	*ret_puk = puk.tries_left;
	return TRUE;
}

/* The admin object with the flag that the key is kept; what else it says stays. */
static GByteArray *flagged_admin(PvTlv old)
{
	g_autoptr(GByteArray) inner = g_byte_array_new();
	GByteArray *content = g_byte_array_new();
	guint8 flags = 0;
	PvTlv all, value;
	guint32 tag;

	if (!pv_tlv_only(old, "admin object", 0x80, &all, NULL))
		all.size = 0;
	for (PvTlv rest = all;
	     rest.size > 0 && pv_tlv_next(&rest, "admin object", &tag, &value, NULL);)
		if (tag == 0x81 && value.size == 1)
			flags = value.data[0];
	pv_tlv_put_byte(inner, 0x81, flags | FLAG_KEY_IS_STORED);
	while (all.size > 0 && pv_tlv_next(&all, "admin object", &tag, &value, NULL))
		if (tag != 0x81)
			pv_tlv_put(inner, tag, value.data, value.size);
	pv_tlv_put(content, 0x80, inner->data, inner->len);
	return content;
}

static gboolean write_flag(PvTokenSession *session, GError **error)
{
	static const char what[] = "admin object of the card";
	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) old = pv_piv_get_data(session, PV_PIV_ADMIN, what, &why);
	g_autoptr(GByteArray) content = NULL;

	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	content = flagged_admin(old ? pv_tlv_of(old) : (PvTlv){ NULL, 0 });
	return pv_piv_put_data(session, PV_PIV_ADMIN, what, content, error);
}

static gboolean write_key(PvTokenSession *session, const PvSecret *key, GError **error)
{
	g_autoptr(GByteArray) inner = g_byte_array_sized_new(2 * KEY_BYTES_MAX);
	g_autoptr(GByteArray) content = g_byte_array_sized_new(2 * KEY_BYTES_MAX);
	gboolean done;

	pv_tlv_put(inner, 0x89, key->data, key->size);
	pv_tlv_put(content, 0x88, inner->data, inner->len);
	done = pv_piv_put_data(session, PV_PIV_PROTECTED,
			       "keeping the management key under the PIN", content, error);
	explicit_bzero(inner->data, inner->len);
	explicit_bzero(content->data, content->len);
	return done;
}

/* The object may hold what its name says, printed information: not to be overwritten. */
static gboolean check_place(PvTokenSession *session, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) old =
		pv_piv_get_data(session, PV_PIV_PROTECTED, "printed information", &why);
	PvTlv value;

	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return !old || pv_tlv_only(pv_tlv_of(old), "printed information", 0x88, &value, NULL) ||
	       pv_fail(error, PV_ERROR_EXISTS,
		       "%s: printed information is where the management key would be kept: it is "
		       "not overwritten",
		       label_of(session));
}

static gboolean set_manager(PvTokenSession *session, guint8 algorithm, const PvSecret *key,
			    GError **error)
{
	g_autoptr(PvSecret) data = pv_secret_new(3 + key->size);
	const PvApdu apdu = { PV_PIV_SET_MANAGEMENT, 0xff, 0xff, (const guint8 *)data->data,
			      data->size };
	guint status;

	data->data[0] = (char)algorithm;
	data->data[1] = (char)PV_PIV_MANAGEMENT;
	data->data[2] = (char)key->size;
	memcpy(data->data + 3, key->data, key->size);
	if (!pv_piv_card_send(session->card, "setting the management key", apdu, NULL, &status,
			      error))
		return FALSE;
	return status == PV_APDU_OK || pv_fail(error, PV_ERROR_UNSUPPORTED,
					       "%s: the new management key is refused: status %04x",
					       label_of(session), status);
}

/*
 * Kept and flagged before it is set: killed in between, the card has its old key, and the one that
 * is kept is not taken, so that the person is asked for the old one. Never is a key set that is
 * nowhere written down.
 */
static gboolean protect_manager(PvTokenSession *session, GError **error)
{
	g_autoptr(PvSecret) key = NULL;
	PvTouchPolicy touch;
	guint8 algorithm;
	gboolean done;

	if (!pv_piv_begin_as_manager(session, TRUE, error))
		return FALSE;
	done = pv_piv_read_manager(session, &algorithm, &touch, error) &&
	       check_place(session, error);
	if (done) {
		key = pv_secret_new(pv_piv_manager_bytes(algorithm));
		done = pv_random_fill(key->data, key->size, error) &&
		       write_key(session, key, error) && write_flag(session, error) &&
		       set_manager(session, algorithm, key, error);
	}
	pv_piv_card_end(session->card);
	return done;
}

gboolean pv_piv_set_up(PvTokenSession *session, guint what, GError **error)
{
	int pin_left, puk_left;

	if (!tries_of(session, &pin_left, &puk_left, error))
		return FALSE;
	if ((what & PV_SETUP_PIN) && pin_left == 0) {
		if (!change(session, &unblock_pin, puk_left, error))
			return FALSE;
	} else if ((what & PV_SETUP_PIN) && !change(session, &change_pin, pin_left, error)) {
		return FALSE;
	}
	if ((what & PV_SETUP_PUK) && !change(session, &change_puk, puk_left, error))
		return FALSE;
	return !(what & PV_SETUP_MANAGEMENT_KEY) || protect_manager(session, error);
}
