/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PIN and management key. A try is spent only on what the person gave for this card, or on a PIN
 * that the card has accepted in this session. No transaction is held while a person types.
 */

#include <string.h>

#include "base/error.h"
#include "crypto/cipher.h"
#include "crypto/random.h"
#include "token/piv_private.h"

#define PIN_BYTES_MIN    6
#define FILLER           0xff
#define MANAGER_ATTEMPTS 3

#define IS_WRONG_PIN(status) (((status)&0xfff0) == PV_APDU_WRONG_PIN)
#define TRIES_OF(status)     ((int)((status)&0x0f))

static const char *label_of(const PvTokenSession *session)
{
	return pv_piv_card_label(session->card);
}

static gboolean fail_blocked(const PvTokenSession *session, GError **error)
{
	return pv_fail(error, PV_ERROR_PASSPHRASE,
		       "%s: the PIN is blocked after too many wrong ones: set a new one with the "
		       "PUK (pavise key setup yubikey, or ykman piv access unblock-pin)",
		       label_of(session));
}

PvSecret *pv_piv_padded(const PvTokenSession *session, const PvSecret *secret, const char *what,
			GError **error)
{
	PvSecret *padded;

	if (secret->size < PIN_BYTES_MIN || secret->size > PV_PIV_PIN_BYTES)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "%s: the %s has %zu characters, expected %d to %d: no try was "
				    "spent",
				    label_of(session), what, secret->size, PIN_BYTES_MIN,
				    PV_PIV_PIN_BYTES);
	padded = pv_secret_new(PV_PIV_PIN_BYTES);
	memset(padded->data, FILLER, PV_PIV_PIN_BYTES);
	memcpy(padded->data, secret->data, secret->size);
	return padded;
}

static void warn_of_factory(PvTokenSession *session)
{
	g_autofree char *sentence = NULL;

	if (session->is_told)
		return;
	session->is_told = TRUE;
	sentence = g_strdup_printf("%s: the PIN is still the factory's, which everybody knows: "
				   "change it with pavise key setup yubikey",
				   label_of(session));
	session->person->warn(session->person->data, sentence);
}

/* Firmware 5.3 and newer tells in one answer of tries and factory; older cards of tries alone. */
gboolean pv_piv_look_at_pin(PvTokenSession *session, GError **error)
{
	gboolean has_metadata = pv_piv_card_firmware(session->card) >= PV_PIV_METADATA_SINCE;
	const PvApdu apdu = { has_metadata ? PV_PIV_METADATA : PV_PIV_VERIFY, 0, PV_PIV_PIN, NULL,
			      0 };
	g_autoptr(GBytes) answer = NULL;
	PvPivReference reference;
	guint status;

	if (!pv_piv_card_send(session->card, "asking how many tries the PIN has", apdu, &answer,
			      &status, error))
		return FALSE;
	if (has_metadata && status == PV_APDU_OK) {
		if (!pv_piv_read_reference(pv_tlv_of(answer), "metadata of the PIN", &reference,
					   error))
			return FALSE;
		session->tries_left = reference.tries_left;
		if (reference.is_factory)
			warn_of_factory(session);
	} else {
		session->tries_left = IS_WRONG_PIN(status)        ? TRIES_OF(status)
				      : status == PV_APDU_BLOCKED ? 0
								  : -1;
	}
	return session->tries_left != 0 || fail_blocked(session, error);
}

/* The person's PIN, as the card wants it. @wrong: what the last one cost; NULL: none was given. */
static PvSecret *ask_for_pin(PvTokenSession *session, const char *wrong, GError **error)
{
	const PvTokenPrompt prompt = { PV_SECRET_PIN, label_of(session),
				       pv_piv_card_serial(session->card), session->tries_left,
				       wrong != NULL };
	g_autoptr(PvSecret) typed = session->person->secret(session->person->data, &prompt, error);

	if (!typed && wrong)
		pv_fail_wrap(error, "%s", wrong);
	return typed ? pv_piv_padded(session, typed, "PIN", error) : NULL;
}

static gboolean show_pin(PvTokenSession *session, const PvSecret *pin, guint *ret_status,
			 GError **error)
{
	const PvApdu apdu = { PV_PIV_VERIFY, 0, PV_PIV_PIN, (const guint8 *)pin->data, pin->size };

	return pv_piv_card_send(session->card, "showing the PIN", apdu, NULL, ret_status, error);
}

/* Why @status is no success. */
static char *wrong_pin(PvTokenSession *session, guint status)
{
	session->tries_left = TRIES_OF(status);
	if (session->tries_left == 1)
		return g_strdup_printf("%s: wrong PIN, 1 try left: one more wrong PIN blocks it",
				       label_of(session));
	return g_strdup_printf("%s: wrong PIN, %d tries left", label_of(session),
			       session->tries_left);
}

gboolean pv_piv_verify_again(PvTokenSession *session, GError **error)
{
	g_autofree char *wrong = NULL;
	guint status;

	if (!show_pin(session, session->pin, &status, error))
		return FALSE;
	if (status == PV_APDU_OK)
		return TRUE;
	g_clear_pointer(&session->pin, pv_secret_free);
	if (status == PV_APDU_BLOCKED || status == PV_APDU_WRONG_PIN) {
		session->tries_left = 0;
		return fail_blocked(session, error);
	}
	if (!IS_WRONG_PIN(status))
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "%s: the PIN is not taken: status %04x",
			       label_of(session), status);
	wrong = wrong_pin(session, status);
	return pv_fail(error, PV_ERROR_PASSPHRASE, "%s", wrong);
}

gboolean pv_piv_begin_with_pin(PvTokenSession *session, GError **error)
{
	g_autofree char *wrong = NULL;

	for (;;) {
		g_autoptr(GError) why = NULL;

		if (!session->pin)
			session->pin = ask_for_pin(session, wrong, error);
		if (!session->pin || !pv_piv_card_begin(session->card, error))
			return FALSE;
		if (pv_piv_verify_again(session, &why))
			return TRUE;
		pv_piv_card_end(session->card);
		if (session->pin || session->tries_left == 0 ||
		    !g_error_matches(why, PV_ERROR, PV_ERROR_PASSPHRASE)) {
			g_propagate_error(error, g_steal_pointer(&why));
			return FALSE;
		}
		g_free(wrong);
		wrong = g_strdup(why->message);
	}
}

/* FALSE: not known here. */
static gboolean cipher_of(guint8 algorithm, PvCipher *ret_cipher)
{
	switch (algorithm) {
	case PV_PIV_3DES:
		*ret_cipher = PV_CIPHER_3DES;
		return TRUE;
	case PV_PIV_AES128:
		*ret_cipher = PV_CIPHER_AES128;
		return TRUE;
	case PV_PIV_AES192:
		*ret_cipher = PV_CIPHER_AES192;
		return TRUE;
	case PV_PIV_AES256:
		*ret_cipher = PV_CIPHER_AES256;
		return TRUE;
	default:
		return FALSE;
	}
}

gboolean pv_piv_read_manager(PvTokenSession *session, guint8 *ret_algorithm,
			     PvTouchPolicy *ret_touch, GError **error)
{
	const PvApdu apdu = { PV_PIV_METADATA, 0, PV_PIV_MANAGEMENT, NULL, 0 };
	g_autoptr(GBytes) answer = NULL;
	PvPivReference reference = { .algorithm = PV_PIV_3DES, .touch = PV_TOUCH_NEVER };
	PvCipher cipher;
	guint status;

	if (pv_piv_card_firmware(session->card) >= PV_PIV_METADATA_SINCE) {
		if (!pv_piv_card_send(session->card, "metadata of the management key", apdu,
				      &answer, &status, error))
			return FALSE;
		if (status == PV_APDU_OK &&
		    !pv_piv_read_reference(pv_tlv_of(answer), "metadata of the management key",
					   &reference, error))
			return FALSE;
	}
	if (!cipher_of(reference.algorithm, &cipher))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: the management key has algorithm %02x, which Pavise does not "
			       "know",
			       label_of(session), reference.algorithm);
	*ret_algorithm = reference.algorithm;
	*ret_touch = reference.touch;
	return TRUE;
}

/* One step of the mutual proof. */
static gboolean prove(PvTokenSession *session, guint8 algorithm, PvTouchPolicy touch,
		      const GByteArray *inner, GBytes **ret_answer, guint *ret_status,
		      GError **error)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	PvApdu apdu = { PV_PIV_AUTHENTICATE, algorithm, PV_PIV_MANAGEMENT, NULL, 0 };
	gint64 waited_ms;

	pv_tlv_put(data, 0x7c, inner->data, inner->len);
	apdu.data = data->data;
	apdu.size = data->len;
	return pv_piv_card_send_touched(session->card, "showing the management key", apdu, touch,
					session->person, ret_answer, ret_status, &waited_ms, error);
}

/* Both sides prove that they have @key. FALSE without an error: it is another one. */
static gboolean show_manager(PvTokenSession *session, guint8 algorithm, PvTouchPolicy touch,
			     const PvSecret *key, GError **error)
{
	static const char what[] = "proof of the management key";
	g_autoptr(GByteArray) first = g_byte_array_new(), second = g_byte_array_new();
	g_autoptr(GBytes) answer = NULL, proof = NULL;
	guint8 witness[PV_CIPHER_BLOCK_MAX], challenge[PV_CIPHER_BLOCK_MAX];
	guint8 expected[PV_CIPHER_BLOCK_MAX];
	PvCipher cipher = PV_CIPHER_3DES;
	gsize block;
	PvTlv value;
	guint status;

	cipher_of(algorithm, &cipher);
	block = pv_cipher_block_bytes(cipher);
	pv_tlv_put(first, 0x80, NULL, 0);
	if (!prove(session, algorithm, PV_TOUCH_NEVER, first, &answer, &status, error))
		return FALSE;
	if (status != PV_APDU_OK)
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s: the management key is not of %s: status %04x",
			       label_of(session), pv_cipher_name(cipher), status);
	if (!pv_piv_read_step(pv_tlv_of(answer), what, 0x80, block, &value, error) ||
	    !pv_cipher_block(cipher, key, FALSE, value.data, witness, error) ||
	    !pv_random_fill(challenge, block, error) ||
	    !pv_cipher_block(cipher, key, TRUE, challenge, expected, error))
		return FALSE;
	pv_tlv_put(second, 0x80, witness, block);
	pv_tlv_put(second, 0x81, challenge, block);
	if (!prove(session, algorithm, touch, second, &proof, &status, error))
		return FALSE;
	if (status == PV_APDU_NOT_AUTHORISED)
		return FALSE;
	if (status != PV_APDU_OK)
		return pv_fail(error, PV_ERROR_UNSUPPORTED, "%s: %s: status %04x",
			       label_of(session), what, status);
	if (!pv_piv_read_step(pv_tlv_of(proof), what, 0x82, block, &value, error))
		return FALSE;
	return memcmp(value.data, expected, block) == 0 ||
	       pv_fail(error, PV_ERROR_KEY,
		       "%s took the management key and does not have it itself: it is not to be "
		       "trusted",
		       label_of(session));
}

gsize pv_piv_manager_bytes(guint8 algorithm)
{
	PvCipher cipher = PV_CIPHER_3DES;

	cipher_of(algorithm, &cipher);
	return pv_cipher_key_bytes(cipher);
}

gboolean pv_piv_is_protected(PvTokenSession *session, gboolean *ret_is_protected, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) admin =
		pv_piv_get_data(session, PV_PIV_ADMIN, "admin object of the card", &why);
	gboolean is_protected = FALSE;

	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	if (admin && !pv_piv_read_admin(pv_tlv_of(admin), &is_protected, NULL))
		is_protected = FALSE; /* somebody else's content */
	*ret_is_protected = is_protected;
	return TRUE;
}

/* The key that lies on the card under the PIN, which was verified in this transaction. */
static PvSecret *protected_key(PvTokenSession *session, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) content =
		pv_piv_get_data(session, PV_PIV_PROTECTED, "management key under the PIN", &why);
	PvSecret *key = NULL;
	PvTlv value;

	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return NULL;
	}
	if (!content)
		return pv_fail_null(error, PV_ERROR_KEY,
				    "%s says that its management key is kept under the PIN, and "
				    "there is none",
				    label_of(session));
	if (pv_piv_read_protected(pv_tlv_of(content), &value, error))
		key = pv_secret_new_copy(value.data, value.size);
	explicit_bzero((void *)g_bytes_get_data(content, NULL), g_bytes_get_size(content));
	return key;
}

/* Hexadecimal digits to bytes. */
static PvSecret *read_hex(const PvTokenSession *session, const PvSecret *typed, gsize bytes,
			  GError **error)
{
	g_autoptr(PvSecret) key = pv_secret_new(bytes);

	if (typed->size != 2 * bytes)
		return pv_fail_null(error, PV_ERROR_PASSPHRASE,
				    "%s: the management key has %zu hexadecimal digits, expected "
				    "%zu",
				    label_of(session), typed->size, 2 * bytes);
	for (gsize i = 0; i < bytes; i++) {
		int high = g_ascii_xdigit_value(typed->data[2 * i]);
		int low = g_ascii_xdigit_value(typed->data[2 * i + 1]);

		if (high < 0 || low < 0)
			return pv_fail_null(error, PV_ERROR_PASSPHRASE,
					    "%s: the management key has something else than "
					    "hexadecimal digits",
					    label_of(session));
		key->data[i] = (char)(high << 4 | low);
	}
	return g_steal_pointer(&key);
}

static PvSecret *ask_for_manager(PvTokenSession *session, guint8 algorithm, gboolean is_retry,
				 GError **error)
{
	const PvTokenPrompt prompt = { PV_SECRET_MANAGEMENT_KEY, label_of(session),
				       pv_piv_card_serial(session->card), -1, is_retry };
	g_autoptr(PvSecret) typed = session->person->secret(session->person->data, &prompt, error);

	return typed ? read_hex(session, typed, pv_piv_manager_bytes(algorithm), error) : NULL;
}

/* What has to be known before anybody is asked; its own transaction. */
static gboolean look(PvTokenSession *session, guint8 *algorithm, PvTouchPolicy *touch,
		     gboolean *is_protected, gboolean needs_pin, GError **error)
{
	gboolean done;

	if (!pv_piv_card_begin(session->card, error))
		return FALSE;
	done = pv_piv_read_manager(session, algorithm, touch, error) &&
	       pv_piv_is_protected(session, is_protected, error) &&
	       ((!needs_pin && !*is_protected) || session->pin ||
		pv_piv_look_at_pin(session, error));
	pv_piv_card_end(session->card);
	return done;
}

gboolean pv_piv_begin_as_manager(PvTokenSession *session, gboolean needs_pin, GError **error)
{
	PvTouchPolicy touch = PV_TOUCH_NEVER;
	gboolean is_protected = FALSE;
	guint8 algorithm = 0;

	if (!look(session, &algorithm, &touch, &is_protected, needs_pin, error))
		return FALSE;
	needs_pin = needs_pin || is_protected;
	for (guint asked = 0; asked < MANAGER_ATTEMPTS;) {
		g_autoptr(PvSecret) key = NULL;
		g_autoptr(GError) why = NULL;

		if (!is_protected &&
		    !(key = ask_for_manager(session, algorithm, asked++ > 0, error)))
			return asked > 1 &&
			       pv_fail_wrap(error, "%s: wrong management key", label_of(session));
		if (needs_pin ? !pv_piv_begin_with_pin(session, error)
			      : !pv_piv_card_begin(session->card, error))
			return FALSE;
		if (is_protected)
			key = protected_key(session, &why);
		if (key && show_manager(session, algorithm, touch, key, &why))
			return TRUE;
		pv_piv_card_end(session->card);
		if (why) {
			g_propagate_error(error, g_steal_pointer(&why));
			return FALSE;
		}
		is_protected = FALSE; /* another one is in use than is kept: the person has it */
	}
	return pv_fail(error, PV_ERROR_PASSPHRASE,
		       "%s: wrong management key, or its touch was missed", label_of(session));
}
