/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Signing. Six commands to the card where a native client needs them: SELECT, what is in the slot,
 * how many tries the PIN has; then, when the person has given the PIN, SELECT, VERIFY, SIGN, and
 * one more SELECT so that the card forgets the PIN.
 */

#include <string.h>

#include "base/error.h"
#include "crypto/digest.h"
#include "token/piv_private.h"

#define SCALAR_BYTES_MAX 48
#define MISSED_TOUCH_MS  1000 /* a refusal that took as long was a wait for a finger */

static gboolean needs_pin(const PvPivSlot *slot)
{
	return slot->pin != PV_PIN_NEVER && slot->pin != PV_PIN_UNKNOWN;
}

static gboolean fail_unsupported(const PvTokenSession *session, const PvPivSlot *slot,
				 GError **error)
{
	return pv_fail(error, PV_ERROR_UNSUPPORTED,
		       "%s: the key in slot %02x has algorithm %02x; Pavise signs with ECDSA of "
		       "P-256 and P-384",
		       pv_piv_card_label(session->card), slot->slot, slot->algorithm);
}

/* 7c { 82, 81 hash }: SHA-256, filled up with zeros to the size of the curve. */
static GByteArray *request_of(GBytes *message, gsize scalar_bytes)
{
	PvDigest digest = pv_digest_of(PV_HASH_SHA256, g_bytes_get_data(message, NULL),
				       g_bytes_get_size(message));
	g_autoptr(GByteArray) inner = g_byte_array_new();
	GByteArray *request = g_byte_array_new();
	guint8 hash[SCALAR_BYTES_MAX] = { 0 };

	memcpy(hash + scalar_bytes - digest.size, digest.raw, digest.size);
	pv_tlv_put(inner, 0x82, NULL, 0);
	pv_tlv_put(inner, 0x81, hash, scalar_bytes);
	pv_tlv_put(request, 0x7c, inner->data, inner->len);
	return request;
}

/* NULL with an error, and why in @ret_status if the card said it. */
static GBytes *use_key(PvTokenSession *session, const PvPivSlot *slot, GBytes *message,
		       guint *ret_status, gint64 *ret_waited_ms, GError **error)
{
	gsize scalar_bytes = pv_piv_scalar_bytes(slot->algorithm);
	g_autofree char *what = g_strdup_printf("signing with slot %02x", slot->slot);
	g_autoptr(GByteArray) request = request_of(message, scalar_bytes);
	const PvApdu apdu = { PV_PIV_AUTHENTICATE, slot->algorithm, slot->slot, request->data,
			      request->len };
	g_autoptr(GBytes) answer = NULL, signature = NULL;
	gsize size;

	*ret_status = 0;
	if (!pv_piv_card_send_touched(session->card, what, apdu, slot->touch, session->person,
				      &answer, ret_status, ret_waited_ms, error))
		return NULL;
	if (*ret_status != PV_APDU_OK)
		return pv_fail_null(error, PV_ERROR_TOKEN, "%s: %s: the card refuses: status %04x",
				    pv_piv_card_label(session->card), what, *ret_status);
	signature = pv_piv_read_signature(pv_tlv_of(answer), what, scalar_bytes, error);
	if (!signature)
		return NULL;
	size = g_bytes_get_size(signature);
	if (pv_public_key_verify(pv_piv_slot_public(slot), "ecdsa", g_bytes_get_data(message, NULL),
				 g_bytes_get_size(message), g_bytes_get_data(signature, NULL),
				 size))
		return g_steal_pointer(&signature);
	return pv_fail_null(error, PV_ERROR_KEY,
			    "%s: %s: the signature is not of the key there: the card answers wrong",
			    pv_piv_card_label(session->card), what);
}

/* What a refusal means: the PIN was shown just before, so that a key with touch awaited a finger. */
static void explain(const PvTokenSession *session, const PvPivSlot *slot, guint status,
		    gint64 waited_ms, GError **error)
{
	const char *label = pv_piv_card_label(session->card);

	if (status == PV_APDU_NOT_AUTHORISED &&
	    (waited_ms >= MISSED_TOUCH_MS || slot->touch == PV_TOUCH_ALWAYS ||
	     slot->touch == PV_TOUCH_CACHED)) {
		g_clear_error(error);
		pv_fail(error, PV_ERROR_TOKEN,
			"%s was not touched in time: run the command again and touch it when "
			"asked to",
			label);
	} else if (status == PV_APDU_NOT_AUTHORISED) {
		g_clear_error(error);
		pv_fail(error, PV_ERROR_PASSPHRASE,
			"%s: the key in slot %02x wants something else than the PIN: status %04x",
			label, slot->slot, status);
	} else if (status == PV_APDU_DATA) {
		g_clear_error(error);
		pv_fail(error, PV_ERROR_KEY, "%s: no private key in slot %02x (status %04x)", label,
			slot->slot, status);
	}
}

GBytes *pv_piv_sign_verified(PvTokenSession *session, const PvPivSlot *slot, GBytes *message,
			     GError **error)
{
	g_autoptr(GError) why = NULL;
	gint64 waited_ms;
	guint status;
	GBytes *signature;

	if (pv_piv_scalar_bytes(slot->algorithm) == 0) {
		fail_unsupported(session, slot, error);
		return NULL;
	}
	signature = use_key(session, slot, message, &status, &waited_ms, &why);
	if (signature)
		return signature;
	explain(session, slot, status, waited_ms, &why);
	g_propagate_error(error, g_steal_pointer(&why));
	return NULL;
}

/* A key of which nobody says whether it wants the PIN: tried without, which costs no try. */
static GBytes *sign_to_learn(PvTokenSession *session, PvPivSlot *slot, GBytes *message,
			     GError **error)
{
	g_autoptr(GError) why = NULL;
	gint64 waited_ms;
	guint status = 0;
	GBytes *signature = NULL;
	gboolean is_known;

	if (!pv_piv_card_begin(session->card, error))
		return NULL;
	signature = use_key(session, slot, message, &status, &waited_ms, &why);
	if (!signature && status == PV_APDU_NOT_AUTHORISED && waited_ms < MISSED_TOUCH_MS)
		slot->pin = PV_PIN_ONCE;
	is_known = slot->pin == PV_PIN_UNKNOWN ||
		   pv_piv_look_at_pin(session, error); /* for the prompt */
	pv_piv_card_end(session->card);
	if (slot->pin == PV_PIN_UNKNOWN && !signature) {
		explain(session, slot, status, waited_ms, &why);
		g_propagate_error(error, g_steal_pointer(&why));
	}
	return is_known ? signature : NULL;
}

GBytes *pv_piv_sign(PvTokenSession *session, const PvPivSlot *slot, GBytes *message, GError **error)
{
	g_autoptr(GError) why = NULL;
	PvPivSlot learnt = *slot;
	GBytes *signature;

	if (pv_piv_scalar_bytes(slot->algorithm) == 0) {
		fail_unsupported(session, slot, error);
		return NULL;
	}
	if (slot->pin == PV_PIN_UNKNOWN) {
		signature = sign_to_learn(session, &learnt, message, &why);
		if (why) {
			g_propagate_error(error, g_steal_pointer(&why));
			return NULL;
		}
		if (signature)
			return signature;
	}
	if (needs_pin(&learnt) ? !pv_piv_begin_with_pin(session, error)
			       : !pv_piv_card_begin(session->card, error))
		return NULL;
	signature = pv_piv_sign_verified(session, &learnt, message, error);
	pv_piv_card_end(session->card);
	return signature;
}
