/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "token/driver.h"
#include "token/piv_answers.h"
#include "token/piv_card.h"
#include "token/piv_uri.h"

/* What the files of the PIV driver share; not for others. */

/* Instructions. */
enum {
	PV_PIV_VERIFY = 0x20,
	PV_PIV_CHANGE = 0x24,
	PV_PIV_GENERATE = 0x47,
	PV_PIV_AUTHENTICATE = 0x87,
	PV_PIV_GET_DATA = 0xcb,
	PV_PIV_PUT_DATA = 0xdb,
	PV_PIV_MOVE = 0xf6,
	PV_PIV_METADATA = 0xf7,
	PV_PIV_ATTEST = 0xf9,
	PV_PIV_IMPORT = 0xfe,
	PV_PIV_SET_MANAGEMENT = 0xff,
};

enum { PV_PIV_PIN = 0x80, PV_PIV_PUK = 0x81, PV_PIV_MANAGEMENT = 0x9b };

#define PV_PIV_DEVICE_CERTIFICATE 0x5fff01

#define PV_PIV_PIN_BYTES 8 /* as the card holds it, filled up with ff */

struct PvTokenSession {
	const PvTokenPerson *person;
	PvPivCard *card;
	PvSecret *pin;    /* that the card accepted in this session */
	int tries_left;   /* of the PIN, at the last look */
	gboolean is_told; /* that the PIN is the factory's */
};

/* A slot as it is. */
typedef struct {
	guint8 slot, algorithm;
	PvPublicKey *public; /* of the key; NULL: none, or only a certificate speaks for it */
	PvTokenOrigin origin;
	PvPinPolicy pin;
	PvTouchPolicy touch;
	GBytes *certificate;     /* DER */
	PvPublicKey *certified;  /* its key */
	char *name;              /* its common name */
	GBytes *attestation;     /* DER; looked for only where there is no metadata */
	gboolean is_key_certain; /* the card said itself whether there is a key, and which */
	gboolean is_bad_object;  /* the object of the certificate holds something else */
} PvPivSlot;

void pv_piv_slot_clear(PvPivSlot *slot);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvPivSlot, pv_piv_slot_clear)

/* piv_slot.c: in a transaction. */

/* What the card says of the key in @slot: metadata, or its attestation. */
gboolean pv_piv_slot_read_key(PvTokenSession *session, guint8 slot, PvPivSlot *ret_slot,
			      GError **error);
/* The certificate too. */
gboolean pv_piv_slot_read(PvTokenSession *session, guint8 slot, PvPivSlot *ret_slot,
			  GError **error);
gboolean pv_piv_slot_is_empty(const PvPivSlot *slot);
/* The key that speaks for the slot: the card's word counts, then the certificate's. */
PvPublicKey *pv_piv_slot_public(const PvPivSlot *slot);
/* (transfer full) (nullable): what is unfinished about the slot. */
char *pv_piv_slot_unfinished(const PvTokenSession *session, const PvPivSlot *slot);
PvTokenKey *pv_piv_slot_key(const PvTokenSession *session, const PvPivSlot *slot);

/* (transfer full) (nullable): content of a data object; NULL without an error: there is none. */
GBytes *pv_piv_get_data(PvTokenSession *session, guint32 object, const char *what, GError **error);
/* @content NULL: deletes it. The management key must have been shown. */
gboolean pv_piv_put_data(PvTokenSession *session, guint32 object, const char *what,
			 const GByteArray *content, GError **error);
/* (transfer full): DER. Errors: PV_ERROR_UNSUPPORTED. */
GBytes *pv_piv_attest(PvTokenSession *session, guint8 slot, GError **error);

/* The slot that @uri names: it must name one, and no other token. Errors: PV_ERROR_USAGE. */
gboolean pv_piv_session_slot(PvTokenSession *session, const char *uri, guint8 *ret_slot,
			     GError **error);

/* piv_login.c */

/* In a transaction: how many tries the PIN has; warns once of the factory's. */
gboolean pv_piv_look_at_pin(PvTokenSession *session, GError **error);
/* Begins a transaction in which the PIN is verified; the person is asked for it outside of one. */
gboolean pv_piv_begin_with_pin(PvTokenSession *session, GError **error);
/* In a transaction: shows the known PIN again. */
gboolean pv_piv_verify_again(PvTokenSession *session, GError **error);
/* Algorithm of the management key, 3DES where the card does not say. In a transaction. */
gboolean pv_piv_read_manager(PvTokenSession *session, guint8 *ret_algorithm,
			     PvTouchPolicy *ret_touch, GError **error);
gsize pv_piv_manager_bytes(guint8 algorithm);
/* Whether the management key is kept on the card under the PIN. In a transaction. */
gboolean pv_piv_is_protected(PvTokenSession *session, gboolean *ret_is_protected, GError **error);
/*
 * Begins a transaction in which the management key is shown, and the PIN verified if @needs_pin or
 * the key is under it.
 */
gboolean pv_piv_begin_as_manager(PvTokenSession *session, gboolean needs_pin, GError **error);
/* 8 bytes of a PIN or PUK. Errors: PV_ERROR_PASSPHRASE (not 6 to 8 bytes). */
PvSecret *pv_piv_padded(const PvTokenSession *session, const PvSecret *secret, const char *what,
			GError **error);

/* piv_sign.c */

/* Signs in slot @slot; the PIN is asked for when the policy wants it. No transaction has begun. */
GBytes *pv_piv_sign(PvTokenSession *session, const PvPivSlot *slot, GBytes *message,
		    GError **error);
/* The same in a transaction in which the PIN was verified if the policy wants it. */
GBytes *pv_piv_sign_verified(PvTokenSession *session, const PvPivSlot *slot, GBytes *message,
			     GError **error);

/* piv_make.c */
PvTokenKey *pv_piv_make(PvTokenSession *session, const char *uri, const PvTokenRequest *request,
			GError **error);
gboolean pv_piv_remove(PvTokenSession *session, const char *uri, GError **error);

/* piv_setup.c */
gboolean pv_piv_status(PvTokenSession *session, PvTokenStatus *ret_status, GError **error);
gboolean pv_piv_set_up(PvTokenSession *session, guint what, GError **error);
