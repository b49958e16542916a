/* SPDX-License-Identifier: Apache-2.0 */

/*
 * New keys. PIV knows no transaction over several commands, and GENERATE destroys the old key at
 * once. So the certificate goes first and comes last: whenever this stops, a slot holds a key and
 * its own certificate, or a key and none, which the next command recognises and finishes.
 */

#include <string.h>

#include "base/error.h"
#include "crypto/card_certificate.h"
#include "crypto/certificate.h"
#include "token/piv_private.h"

#define DELETED 0xff /* MOVE KEY: to nowhere */

/* What is to happen in a slot. */
typedef struct {
	const PvTokenRequest *request;
	PvPinPolicy pin;
	PvTouchPolicy touch;
	PvSecret *scalar; /* of an imported key */
	PvPublicKey *public;
	gboolean finishes; /* the key is there already, made by a command that was interrupted */
} Plan;

static void plan_clear(Plan *plan)
{
	pv_secret_free(plan->scalar);
	g_clear_pointer(&plan->public, pv_public_key_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

static gboolean has_policies(const PvTokenSession *session)
{
	return pv_piv_card_firmware(session->card) != 0;
}

static gboolean read_imported(GBytes *der, Plan *plan, GError **error)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(der, &size);
	g_autoptr(PvPrivateKey) key = pv_private_key_new_der(data, size, error);

	plan->scalar = key ? pv_private_key_scalar(key, error) : NULL;
	if (plan->scalar)
		plan->public = pv_public_key_ref(pv_private_key_public(key));
	return plan->scalar != NULL;
}

static gboolean plan_read(const PvTokenSession *session, const PvTokenRequest *request,
			  Plan *ret_plan, GError **error)
{
	g_auto(Plan) plan = { .request = request, .pin = request->pin, .touch = request->touch };

	if (!has_policies(session) && (request->pin || request->touch))
		return pv_fail(error, PV_ERROR_UNSUPPORTED,
			       "%s is not a YubiKey: its keys have no PIN and touch policies",
			       pv_piv_card_label(session->card));
	if (plan.pin == PV_PIN_UNKNOWN)
		plan.pin = PV_PIN_ONCE;
	if (plan.touch == PV_TOUCH_UNKNOWN)
		plan.touch = has_policies(session) ? PV_TOUCH_ALWAYS : PV_TOUCH_NEVER;
	if (request->imported && !read_imported(request->imported, &plan, error))
		return FALSE;
	*ret_plan = plan;
	plan = (Plan){ 0 };
	return TRUE;
}

/* A key that this very request would have made, but for the certificate. */
static gboolean is_half_of(const PvPivSlot *slot, const Plan *plan)
{
	if (slot->certificate || slot->is_bad_object || !slot->public ||
	    slot->algorithm != PV_PIV_P256 || slot->pin != plan->pin || slot->touch != plan->touch)
		return FALSE;
	return plan->scalar ? pv_public_key_same(slot->public, plan->public)
			    : slot->origin == PV_ORIGIN_GENERATED;
}

/* Whether the slot may be used. In a transaction. */
static gboolean decide(PvTokenSession *session, guint8 number, Plan *plan, PvPivSlot *ret_slot,
		       GError **error)
{
	g_auto(PvPivSlot) slot = { 0 };
	g_autofree char *unfinished = NULL;

	if (!pv_piv_slot_read(session, number, &slot, error))
		return FALSE;
	plan->finishes = !plan->request->replaces && is_half_of(&slot, plan);
	if (!plan->request->replaces && !plan->finishes && !pv_piv_slot_is_empty(&slot)) {
		PvPublicKey *public = pv_piv_slot_public(&slot);

		unfinished = pv_piv_slot_unfinished(session, &slot);
		return pv_fail(error, PV_ERROR_EXISTS,
			       "%s: slot %02x is occupied (%s, %s%.7s): --replace destroys the key "
			       "there for good%s%s",
			       pv_piv_card_label(session->card), number,
			       slot.name ? slot.name : "no name", public ? "key " : "no key",
			       public ? pv_public_key_canonical_id(public) : "",
			       unfinished ? "; " : "", unfinished ? unfinished : "");
	}
	*ret_slot = slot;
	slot = (PvPivSlot){ 0 };
	return TRUE;
}

static void put_policies(const PvTokenSession *session, const Plan *plan, GByteArray *data)
{
	if (!has_policies(session))
		return;
	pv_tlv_put_byte(data, 0xaa, (guint8)plan->pin);
	pv_tlv_put_byte(data, 0xab, (guint8)plan->touch);
}

static gboolean refused(const PvTokenSession *session, const char *what, guint8 slot, guint status,
			GError **error)
{
	return pv_fail(error, PV_ERROR_KEY, "%s: slot %02x: %s: the card refuses: status %04x",
		       pv_piv_card_label(session->card), slot, what, status);
}

static PvPublicKey *generate(PvTokenSession *session, guint8 slot, const Plan *plan, GError **error)
{
	static const char what[] = "generating a key";
	g_autoptr(GByteArray) inner = g_byte_array_new(), data = g_byte_array_new();
	PvApdu apdu = { PV_PIV_GENERATE, 0, slot, NULL, 0 };
	g_autoptr(GBytes) answer = NULL;
	guint status;

	pv_tlv_put_byte(inner, 0x80, PV_PIV_P256);
	put_policies(session, plan, inner);
	pv_tlv_put(data, 0xac, inner->data, inner->len);
	apdu.data = data->data;
	apdu.size = data->len;
	if (!pv_piv_card_send(session->card, what, apdu, &answer, &status, error))
		return NULL;
	if (status != PV_APDU_OK) {
		refused(session, what, slot, status, error);
		return NULL;
	}
	return pv_piv_read_generated(pv_tlv_of(answer), what, PV_PIV_P256, error);
}

static PvPublicKey *import(PvTokenSession *session, guint8 slot, const Plan *plan, GError **error)
{
	static const char what[] = "bringing a key there";
	g_autoptr(GByteArray) data = g_byte_array_sized_new(64);
	PvApdu apdu = { PV_PIV_IMPORT, PV_PIV_P256, slot, NULL, 0 };
	gboolean done;
	guint status;

	pv_tlv_put(data, 0x06, plan->scalar->data, plan->scalar->size);
	put_policies(session, plan, data);
	apdu.data = data->data;
	apdu.size = data->len;
	done = pv_piv_card_send(session->card, what, apdu, NULL, &status, error);
	explicit_bzero(data->data, data->len);
	if (done && status != PV_APDU_OK)
		done = refused(session, what, slot, status, error);
	return done ? pv_public_key_ref(plan->public) : NULL;
}

/* The attestation must be of the key that GENERATE named. Cards that attest nothing are borne. */
static gboolean check_attested(PvTokenSession *session, guint8 slot, const PvPublicKey *public,
			       GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(GBytes) leaf = NULL;
	g_autoptr(PvAttestation) attestation = NULL;

	if (pv_piv_card_firmware(session->card) < PV_PIV_ATTEST_SINCE)
		return TRUE;
	leaf = pv_piv_attest(session, slot, &why);
	if (!leaf && g_error_matches(why, PV_ERROR, PV_ERROR_UNSUPPORTED))
		return TRUE;
	attestation = leaf ? pv_attestation_read_unverified(leaf, &why) : NULL;
	if (!attestation) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return pv_public_key_same(attestation->key, public) ||
	       pv_fail(error, PV_ERROR_KEY,
		       "%s: slot %02x: the card attests another key than it said it generated",
		       pv_piv_card_label(session->card), slot);
}

typedef struct {
	PvTokenSession *session;
	const PvPivSlot *slot;
} Signer;

static GBytes *sign_certificate(void *data, const PvPublicKey *key, GBytes *message, GError **error)
{
	const Signer *signer = data;

	if (signer->slot->pin == PV_PIN_ALWAYS && !pv_piv_verify_again(signer->session, error))
		return NULL;
	return pv_piv_sign_verified(signer->session, signer->slot, message, error);
}

/* The certificate of the key that is in @slot now. */
static gboolean certify(PvTokenSession *session, const Plan *plan, PvPivSlot *slot, GError **error)
{
	g_autofree char *what = g_strdup_printf("writing the certificate of slot %02x", slot->slot);
	g_autoptr(GByteArray) content = NULL;
	g_autoptr(PvPrivateKey) key = NULL;
	Signer signer = { session, slot };
	const PvTokenRequest *request = plan->request;

	key = pv_private_key_new_remote(slot->public, sign_certificate, &signer, NULL, error);
	if (key)
		slot->certificate =
			pv_certificate_new_self_signed(key, request->role, request->now_s,
						       request->life_s, error);
	if (!slot->certificate)
		return FALSE;
	content = pv_piv_write_certificate(slot->certificate);
	return pv_piv_put_data(session, pv_piv_slot_object(slot->slot), what, content, error) &&
	       pv_card_certificate_read(slot->certificate, &slot->certified, &slot->name, error);
}

static gboolean delete_certificate(PvTokenSession *session, const PvPivSlot *slot, GError **error)
{
	g_autofree char *what =
		g_strdup_printf("deleting the certificate of slot %02x", slot->slot);

	if (!slot->certificate && !slot->is_bad_object)
		return TRUE;
	return pv_piv_put_data(session, pv_piv_slot_object(slot->slot), what, NULL, error);
}

static void warn_of_finishing(PvTokenSession *session, guint8 slot)
{
	g_autofree char *sentence =
		g_strdup_printf("%s: slot %02x held a key without a certificate, as an interrupted "
				"command leaves it: it is finished now, and no other key was made",
				pv_piv_card_label(session->card), slot);

	session->person->warn(session->person->data, sentence);
}

/* In a transaction in which PIN and management key were shown. @slot becomes what is there. */
static gboolean make_in(PvTokenSession *session, const Plan *plan, PvPivSlot *slot, GError **error)
{
	guint8 number = slot->slot;
	PvPublicKey *public;

	if (plan->finishes) {
		warn_of_finishing(session, number);
	} else {
		if (!delete_certificate(session, slot, error))
			return FALSE;
		public = plan->scalar ? import(session, number, plan, error)
				      : generate(session, number, plan, error);
		if (!public)
			return FALSE;
		pv_piv_slot_clear(slot);
		*slot = (PvPivSlot){ .slot = number,
				     .algorithm = PV_PIV_P256,
				     .public = public,
				     .origin = plan->scalar ? PV_ORIGIN_IMPORTED
							    : PV_ORIGIN_GENERATED,
				     .pin = plan->pin,
				     .touch = plan->touch,
				     .is_key_certain = TRUE };
	}
	if ((!plan->scalar && !check_attested(session, number, slot->public, error)) ||
	    !certify(session, plan, slot, error))
		return pv_fail_wrap(error,
				    "slot %02x has a key and no certificate yet (run the "
				    "command again to finish it)",
				    number);
	return TRUE;
}

PvTokenKey *pv_piv_make(PvTokenSession *session, const char *uri, const PvTokenRequest *request,
			GError **error)
{
	g_auto(PvPivSlot) before = { 0 }, slot = { 0 };
	g_auto(Plan) plan = { 0 };
	guint8 number;
	gboolean done;

	if (!pv_piv_session_slot(session, uri, &number, error) ||
	    !plan_read(session, request, &plan, error) || !pv_piv_card_begin(session->card, error))
		return NULL;
	done = decide(session, number, &plan, &before, error);
	pv_piv_card_end(session->card);
	if (!done || !pv_piv_begin_as_manager(session, plan.pin != PV_PIN_NEVER, error))
		return NULL;
	/* Again, for while a person typed, others had the card. */
	done = decide(session, number, &plan, &slot, error) &&
	       make_in(session, &plan, &slot, error);
	pv_piv_card_end(session->card);
	return done ? pv_piv_slot_key(session, &slot) : NULL;
}

/* The private key of @slot is gone after this. Before firmware 5.7 only by another one. */
static gboolean destroy_key(PvTokenSession *session, guint8 slot, GError **error)
{
	const PvTokenRequest request = { 0 };
	const PvApdu apdu = { PV_PIV_MOVE, DELETED, slot, NULL, 0 };
	const Plan plan = { .request = &request, .pin = PV_PIN_ONCE, .touch = PV_TOUCH_ALWAYS };
	g_autoptr(PvPublicKey) public = NULL;
	g_autofree char *sentence = NULL;
	guint status;

	if (pv_piv_card_firmware(session->card) >= PV_PIV_DELETE_SINCE) {
		if (!pv_piv_card_send(session->card, "deleting the key", apdu, NULL, &status,
				      error))
			return FALSE;
		return status == PV_APDU_OK ||
		       refused(session, "deleting the key", slot, status, error);
	}
	public = generate(session, slot, &plan, error);
	if (!public)
		return FALSE;
	sentence = g_strdup_printf("%s: its firmware cannot empty slot %02x: the key there was "
				   "overwritten by a new one that nobody uses",
				   pv_piv_card_label(session->card), slot);
	session->person->warn(session->person->data, sentence);
	return TRUE;
}

gboolean pv_piv_remove(PvTokenSession *session, const char *uri, GError **error)
{
	g_auto(PvPivSlot) slot = { 0 };
	guint8 number;
	gboolean done;

	if (!pv_piv_session_slot(session, uri, &number, error) ||
	    !pv_piv_card_begin(session->card, error))
		return FALSE;
	done = pv_piv_slot_read(session, number, &slot, error);
	pv_piv_card_end(session->card);
	if (!done)
		return FALSE;
	if (pv_piv_slot_is_empty(&slot))
		return pv_fail(error, PV_ERROR_NOT_FOUND, "%s: slot %02x is empty",
			       pv_piv_card_label(session->card), number);
	if (!pv_piv_begin_as_manager(session, FALSE, error))
		return FALSE;
	done = delete_certificate(session, &slot, error) &&
	       ((slot.is_key_certain && slot.algorithm == 0) ||
		destroy_key(session, number, error));
	pv_piv_card_end(session->card);
	return done;
}
