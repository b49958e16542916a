/* SPDX-License-Identifier: Apache-2.0 */

/*
 * YubiKeys and other PIV cards, spoken to directly: what PKCS#11 cannot do (policies at generation,
 * attestation, metadata, AES management keys), and with a tenth of its commands for a signature.
 */

#include "base/error.h"
#include "token/piv_private.h"

static char *labels_of(const GPtrArray *cards)
{
	g_autoptr(GPtrArray) labels = g_ptr_array_new();

	for (guint i = 0; i < cards->len; i++)
		g_ptr_array_add(labels, (gpointer)pv_piv_card_label(cards->pdata[i]));
	g_ptr_array_add(labels, NULL);
	return g_strjoinv(", ", (char **)labels->pdata);
}

/* (transfer full): the one of @cards that @uri names. */
static PvPivCard *choose(GPtrArray *cards, const PvPivUri *uri, GError **error)
{
	g_autofree char *serial = g_strdup_printf("%u", uri->serial);
	g_autofree char *labels = labels_of(cards);

	if (cards->len == 0)
		return pv_fail_null(error, PV_ERROR_NOT_FOUND,
				    "no YubiKey or PIV card is present: insert it and run the "
				    "command again");
	if (!uri->has_serial && cards->len > 1)
		return pv_fail_null(error, PV_ERROR_USAGE,
				    "%u tokens are present: say which by serial=…: %s", cards->len,
				    labels);
	for (guint i = 0; i < cards->len; i++) {
		PvPivCard *card = cards->pdata[i];

		if (!uri->has_serial || g_strcmp0(pv_piv_card_serial(card), serial) == 0)
			return g_ptr_array_steal_index(cards, i);
	}
	return pv_fail_null(error, PV_ERROR_NOT_FOUND,
			    "the token with serial %s is not here, but somebody else's: %s", serial,
			    labels);
}

static PvTokenSession *piv_open(const char *text, const PvTokenPerson *person, GError **error)
{
	g_autoptr(GPtrArray) cards = NULL;
	PvTokenSession *session;
	PvPivCard *card;
	PvPivUri uri;

	if (!pv_piv_uri_parse(text, &uri, error))
		return NULL;
	cards = pv_piv_cards_open(error);
	card = cards ? choose(cards, &uri, error) : NULL;
	if (!card)
		return NULL;
	session = g_new0(PvTokenSession, 1);
	session->person = person;
	session->card = card;
	session->tries_left = -1;
	return session;
}

static void piv_close(PvTokenSession *session)
{
	if (!session)
		return;
	pv_piv_card_free(session->card);
	pv_secret_free(session->pin);
	g_free(session);
}

static gboolean list_into(PvTokenSession *session, guint8 only, GPtrArray *keys, GError **error)
{
	for (gsize i = 0; i < PV_PIV_SLOTS; i++) {
		g_auto(PvPivSlot) slot = { 0 };

		if (only != 0 && only != pv_piv_slot_at(i))
			continue;
		if (!pv_piv_slot_read(session, pv_piv_slot_at(i), &slot, error))
			return FALSE;
		if (!pv_piv_slot_is_empty(&slot))
			g_ptr_array_add(keys, pv_piv_slot_key(session, &slot));
	}
	return TRUE;
}

static GPtrArray *piv_list(PvTokenSession *session, const char *text, GError **error)
{
	g_autoptr(GPtrArray) keys =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_token_key_free);
	PvPivUri uri;
	gboolean done;

	if (!pv_piv_uri_parse(text, &uri, error) || !pv_piv_card_begin(session->card, error))
		return NULL;
	done = list_into(session, uri.slot, keys, error);
	pv_piv_card_end(session->card);
	return done ? g_steal_pointer(&keys) : NULL;
}

static gboolean check_key(const PvTokenSession *session, const PvPivSlot *slot,
			  const PvPublicKey *key, GError **error)
{
	const char *label = pv_piv_card_label(session->card);
	PvPublicKey *public = pv_piv_slot_public(slot);

	if (!public)
		return pv_fail(error, PV_ERROR_KEY, "%s: slot %02x holds no key that can be read",
			       label, slot->slot);
	return pv_public_key_same(public, key) ||
	       pv_fail(error, PV_ERROR_KEY,
		       "%s: slot %02x holds key %.7s, expected %.7s: another token, or the slot "
		       "was "
		       "given a new key",
		       label, slot->slot, pv_public_key_canonical_id(public),
		       pv_public_key_canonical_id(key));
}

/* What is known before the PIN is asked for. The certificate is read only where the card says
 * nothing itself. */
static gboolean look(PvTokenSession *session, guint8 number, const PvPublicKey *key,
		     PvPivSlot *ret_slot, GError **error)
{
	g_auto(PvPivSlot) slot = { 0 };

	if (!pv_piv_slot_read_key(session, number, &slot, error))
		return FALSE;
	if (!slot.is_key_certain) {
		pv_piv_slot_clear(&slot);
		if (!pv_piv_slot_read(session, number, &slot, error))
			return FALSE;
	}
	if (!check_key(session, &slot, key, error))
		return FALSE;
	if (slot.pin != PV_PIN_NEVER && slot.pin != PV_PIN_UNKNOWN && !session->pin &&
	    !pv_piv_look_at_pin(session, error))
		return FALSE;
	*ret_slot = slot;
	slot = (PvPivSlot){ 0 };
	return TRUE;
}

static GBytes *piv_sign(PvTokenSession *session, const char *uri, const PvPublicKey *key,
			GBytes *message, GError **error)
{
	g_auto(PvPivSlot) slot = { 0 };
	gboolean done;
	guint8 number;

	if (!pv_piv_session_slot(session, uri, &number, error) ||
	    !pv_piv_card_begin(session->card, error))
		return NULL;
	done = look(session, number, key, &slot, error);
	pv_piv_card_end(session->card);
	return done ? pv_piv_sign(session, &slot, message, error) : NULL;
}

static GPtrArray *attest_into(PvTokenSession *session, guint8 slot, GError **error)
{
	g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	g_autoptr(GBytes) leaf = pv_piv_attest(session, slot, error), content = NULL;
	g_autoptr(GError) why = NULL;
	GBytes *device;

	if (!leaf)
		return NULL;
	content = pv_piv_get_data(session, PV_PIV_DEVICE_CERTIFICATE, "certificate of the device",
				  &why);
	if (!content && !why)
		return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
				    "%s: its own certificate (slot f9) is missing: nobody could "
				    "check the attestation",
				    pv_piv_card_label(session->card));
	device = content ? pv_piv_read_certificate(pv_tlv_of(content), "certificate of the device",
						   &why)
			 : NULL;
	if (!device) {
		g_propagate_error(error, g_steal_pointer(&why));
		return NULL;
	}
	g_ptr_array_add(chain, g_steal_pointer(&leaf));
	g_ptr_array_add(chain, device);
	return g_steal_pointer(&chain);
}

static GPtrArray *piv_attest(PvTokenSession *session, const char *uri, GError **error)
{
	GPtrArray *chain;
	guint8 slot;

	if (!pv_piv_session_slot(session, uri, &slot, error) ||
	    !pv_piv_card_begin(session->card, error))
		return NULL;
	chain = attest_into(session, slot, error);
	pv_piv_card_end(session->card);
	return chain;
}

const PvTokenDriver pv_token_piv = {
	.name = "piv",
	.about = "YubiKeys and other PIV cards, through pcscd",
	.scheme = PV_PIV_SCHEME,
	.places = "slot",
	.open = piv_open,
	.close = piv_close,
	.list = piv_list,
	.make = pv_piv_make,
	.sign = piv_sign,
	.attest = piv_attest,
	.remove = pv_piv_remove,
	.status = pv_piv_status,
	.set_up = pv_piv_set_up,
};
