/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a slot holds. From firmware 5.3 on the card says itself (METADATA); before, the attestation
 * of a generated key says the same; of an imported key there, and on other PIV cards, only the
 * certificate beside it speaks.
 */

#include <string.h>

#include "base/error.h"
#include "crypto/card_certificate.h"
#include "token/piv_private.h"

void pv_piv_slot_clear(PvPivSlot *slot)
{
	g_clear_pointer(&slot->public, pv_public_key_unref);
	g_clear_pointer(&slot->certificate, g_bytes_unref);
	g_clear_pointer(&slot->certified, pv_public_key_unref);
	g_clear_pointer(&slot->name, g_free);
	g_clear_pointer(&slot->attestation, g_bytes_unref);
}

static gboolean refused(const PvTokenSession *session, const char *what, guint status,
			GError **error)
{
	return pv_fail(error, PV_ERROR_UNSUPPORTED, "%s: %s: the card refuses: status %04x",
		       pv_piv_card_label(session->card), what, status);
}

static void put_object(GByteArray *data, guint32 object)
{
	const guint8 number[] = { (guint8)(object >> 16), (guint8)(object >> 8), (guint8)object };

	pv_tlv_put(data, 0x5c, number, sizeof(number));
}

GBytes *pv_piv_get_data(PvTokenSession *session, guint32 object, const char *what, GError **error)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	g_autoptr(GBytes) answer = NULL;
	PvApdu apdu = { PV_PIV_GET_DATA, 0x3f, 0xff, NULL, 0 };
	PvTlv content;
	guint status;
	GBytes *copy;

	put_object(data, object);
	apdu.data = data->data;
	apdu.size = data->len;
	if (!pv_piv_card_send(session->card, what, apdu, &answer, &status, error))
		return NULL;
	if (status == PV_APDU_NOT_FOUND)
		return NULL;
	if (status != PV_APDU_OK) {
		refused(session, what, status, error);
		return NULL;
	}
	if (!pv_piv_read_object(pv_tlv_of(answer), what, &content, error))
		return NULL;
	copy = content.size > 0 ? g_bytes_new(content.data, content.size) : NULL;
	if (object == PV_PIV_PROTECTED) /* it may be a key */
		explicit_bzero((void *)g_bytes_get_data(answer, NULL), g_bytes_get_size(answer));
	return copy;
}

gboolean pv_piv_put_data(PvTokenSession *session, guint32 object, const char *what,
			 const GByteArray *content, GError **error)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	PvApdu apdu = { PV_PIV_PUT_DATA, 0x3f, 0xff, NULL, 0 };
	guint status;
	gboolean done;

	put_object(data, object);
	pv_tlv_put(data, 0x53, content ? content->data : NULL, content ? content->len : 0);
	apdu.data = data->data;
	apdu.size = data->len;
	done = pv_piv_card_send(session->card, what, apdu, NULL, &status, error);
	explicit_bzero(data->data, data->len);
	return done && (status == PV_APDU_OK || refused(session, what, status, error));
}

GBytes *pv_piv_attest(PvTokenSession *session, guint8 slot, GError **error)
{
	const PvApdu apdu = { PV_PIV_ATTEST, slot, 0, NULL, 0 };
	g_autoptr(GBytes) answer = NULL;
	guint status;

	if (!pv_piv_card_send(session->card, "attesting the key", apdu, &answer, &status, error))
		return NULL;
	if (status == PV_APDU_OK)
		return g_steal_pointer(&answer);
	return pv_fail_null(error, PV_ERROR_UNSUPPORTED,
			    status == PV_APDU_INSTRUCTION
				    ? "%s attests no keys (YubiKeys do since firmware 4.3): slot "
				      "%02x, status %04x"
				    : "%s: the key in slot %02x cannot be attested: only keys "
				      "generated in a YubiKey can (status %04x)",
			    pv_piv_card_label(session->card), slot, status);
}

static gboolean read_metadata(PvTokenSession *session, PvPivSlot *slot, GError **error)
{
	const PvApdu apdu = { PV_PIV_METADATA, 0, slot->slot, NULL, 0 };
	g_autofree char *what = g_strdup_printf("metadata of slot %02x", slot->slot);
	g_auto(PvPivMetadata) metadata = { 0 };
	g_autoptr(GBytes) answer = NULL;
	guint status;

	if (!pv_piv_card_send(session->card, what, apdu, &answer, &status, error))
		return FALSE;
	slot->is_key_certain = TRUE;
	if (status == PV_APDU_NO_REFERENCE)
		return TRUE;
	if (status != PV_APDU_OK)
		return refused(session, what, status, error);
	if (!pv_piv_read_metadata(pv_tlv_of(answer), what, &metadata, error))
		return FALSE;
	slot->algorithm = metadata.algorithm;
	slot->public = g_steal_pointer(&metadata.public);
	slot->origin = metadata.origin == 1   ? PV_ORIGIN_GENERATED
		       : metadata.origin == 2 ? PV_ORIGIN_IMPORTED
					      : PV_ORIGIN_UNKNOWN;
	slot->pin = metadata.pin;
	slot->touch = metadata.touch;
	return TRUE;
}

/* Before firmware 5.3. That a key cannot be attested says nothing: there may be an imported one. */
static gboolean read_attestation(PvTokenSession *session, PvPivSlot *slot, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(PvAttestation) attestation = NULL;

	slot->attestation = pv_piv_attest(session, slot->slot, &why);
	if (!slot->attestation && g_error_matches(why, PV_ERROR, PV_ERROR_UNSUPPORTED))
		return TRUE;
	if (!slot->attestation) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	attestation = pv_attestation_read_unverified(slot->attestation, error);
	if (!attestation)
		return pv_fail_wrap(error, "slot %02x", slot->slot);
	slot->is_key_certain = TRUE;
	slot->public = pv_public_key_ref(attestation->key);
	slot->algorithm = pv_piv_algorithm_of(slot->public);
	slot->origin = PV_ORIGIN_GENERATED;
	slot->pin = attestation->facts.pin;
	slot->touch = attestation->facts.touch;
	return TRUE;
}

gboolean pv_piv_slot_read_key(PvTokenSession *session, guint8 number, PvPivSlot *ret_slot,
			      GError **error)
{
	guint32 firmware = pv_piv_card_firmware(session->card);
	g_auto(PvPivSlot) slot = { .slot = number };

	if (firmware >= PV_PIV_METADATA_SINCE ? !read_metadata(session, &slot, error)
	    : firmware >= PV_PIV_ATTEST_SINCE ? !read_attestation(session, &slot, error)
					      : FALSE)
		return FALSE;
	*ret_slot = slot;
	slot = (PvPivSlot){ 0 };
	return TRUE;
}

/* What the certificate's object holds may be anybody's: that it cannot be read is said, no error. */
static gboolean read_certificate(PvTokenSession *session, PvPivSlot *slot, GError **error)
{
	g_autofree char *what = g_strdup_printf("certificate of slot %02x", slot->slot);
	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) content =
		pv_piv_get_data(session, pv_piv_slot_object(slot->slot), what, &why);

	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	if (!content)
		return TRUE;
	slot->certificate = pv_piv_read_certificate(pv_tlv_of(content), what, NULL);
	slot->is_bad_object =
		!slot->certificate ||
		!pv_card_certificate_read(slot->certificate, &slot->certified, &slot->name, NULL);
	if (!slot->is_key_certain && slot->certified)
		slot->algorithm = pv_piv_algorithm_of(slot->certified);
	return TRUE;
}

gboolean pv_piv_slot_read(PvTokenSession *session, guint8 number, PvPivSlot *ret_slot,
			  GError **error)
{
	g_auto(PvPivSlot) slot = { 0 };

	if (!pv_piv_slot_read_key(session, number, &slot, error) ||
	    !read_certificate(session, &slot, error))
		return FALSE;
	*ret_slot = slot;
	slot = (PvPivSlot){ 0 };
	return TRUE;
}

gboolean pv_piv_slot_is_empty(const PvPivSlot *slot)
{
	return slot->algorithm == 0 && !slot->public && !slot->certificate && !slot->is_bad_object;
}

PvPublicKey *pv_piv_slot_public(const PvPivSlot *slot)
{
	if (slot->public)
		return slot->public;
	return slot->is_key_certain ? NULL : slot->certified;
}

char *pv_piv_slot_unfinished(const PvTokenSession *session, const PvPivSlot *slot)
{
	const char *label = pv_piv_card_label(session->card);
	const char *again = "generate there again with --replace, or remove it";

	if (pv_piv_slot_is_empty(slot))
		return NULL;
	if (slot->is_bad_object)
		return g_strdup_printf("%s: what stands in slot %02x in the certificate's place is "
				       "none: %s",
				       label, slot->slot, again);
	if (!slot->certificate)
		return g_strdup_printf("%s: slot %02x holds a key without a certificate, as a "
				       "command leaves it that was interrupted: generate there "
				       "again to finish it, or remove it",
				       label, slot->slot);
	if (slot->is_key_certain && slot->algorithm == 0)
		return g_strdup_printf("%s: slot %02x holds a certificate, and no private key: %s",
				       label, slot->slot, again);
	if (slot->public && !pv_public_key_same(slot->public, slot->certified))
		return g_strdup_printf("%s: the certificate in slot %02x is of another key than "
				       "the one there: %s",
				       label, slot->slot, again);
	return NULL;
}

PvTokenKey *pv_piv_slot_key(const PvTokenSession *session, const PvPivSlot *slot)
{
	const char *serial = pv_piv_card_serial(session->card);
	PvTokenKey *key = pv_token_key_new();
	PvPublicKey *public = pv_piv_slot_public(slot);

	key->uri = pv_piv_uri_format(serial, slot->slot);
	key->token = g_strdup(pv_piv_card_label(session->card));
	key->serial = g_strdup(serial);
	key->public = public ? pv_public_key_ref(public) : NULL;
	key->certificate = slot->certificate ? g_bytes_ref(slot->certificate) : NULL;
	key->role = g_strdup(slot->name);
	key->origin = slot->origin;
	key->pin = slot->pin;
	key->touch = slot->touch;
	key->unfinished = pv_piv_slot_unfinished(session, slot);
	return key;
}

gboolean pv_piv_session_slot(PvTokenSession *session, const char *text, guint8 *ret_slot,
			     GError **error)
{
	const char *serial = pv_piv_card_serial(session->card);
	PvPivUri uri;

	if (!pv_piv_uri_parse(text, &uri, error))
		return FALSE;
	if (uri.has_serial) {
		g_autofree char *wanted = g_strdup_printf("%u", uri.serial);

		if (g_strcmp0(wanted, serial) != 0)
			return pv_fail(error, PV_ERROR_USAGE, "'%s' names another token than %s",
				       text, pv_piv_card_label(session->card));
	}
	if (uri.slot == 0)
		return pv_fail(error, PV_ERROR_USAGE, "'%s' names no slot, as in %s;slot=9c", text,
			       text);
	*ret_slot = uri.slot;
	return TRUE;
}
