/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A virtual PIV card: a test double of the silicon of a YubiKey 4 or 5, and of nothing else. What
 * it holds (RigCard), what one session of it holds (RigSession), and the commands by which a host
 * talks to it. Bytes follow SP 800-73-4 and Yubico's additions to it.
 */

#include <glib.h>
#include <openssl/evp.h>

#define RIG_CHAIN_BYTES_MAX  3072 /* bytes: a chained command; a real card holds objects of 3 KiB */
#define RIG_ANSWER_BYTES_MAX 256  /* bytes: data of one answer; the rest waits for GET RESPONSE */
#define RIG_SLOTS            25   /* 9a 9c 9d 9e, 82 to 95, f9 */
#define RIG_BLOCK_BYTES_MAX  16   /* bytes: a block of the management key's cipher */

/* Status words. */
enum {
	RIG_OK = 0x9000,
	RIG_MORE = 0x6100,
	RIG_WRONG_PIN = 0x63c0,
	RIG_LENGTH = 0x6700,
	RIG_CHAIN = 0x6883,
	RIG_NOT_AUTHORISED = 0x6982,
	RIG_BLOCKED = 0x6983,
	RIG_CONDITIONS = 0x6985,
	RIG_DATA = 0x6a80,
	RIG_NOT_FOUND = 0x6a82,
	RIG_PARAMETERS = 0x6a86,
	RIG_NO_REFERENCE = 0x6a88,
	RIG_INSTRUCTION = 0x6d00,
	RIG_CLASS = 0x6e00,
	RIG_INTERNAL = 0x6f00,
};

enum { RIG_PIN_DEFAULT, RIG_PIN_NEVER, RIG_PIN_ONCE, RIG_PIN_ALWAYS };
enum { RIG_TOUCH_DEFAULT, RIG_TOUCH_NEVER, RIG_TOUCH_ALWAYS, RIG_TOUCH_CACHED };
enum { RIG_GENERATED = 1, RIG_IMPORTED = 2 };

typedef struct {
	const guint8 *data;
	gsize size;
} RigSpan;

/* A whole command: a chain is joined already. */
typedef struct {
	guint8 instruction, p1, p2;
	RigSpan data;
} RigCommand;

typedef struct {
	EVP_PKEY *key; /* NULL: empty */
	guint8 algorithm, pin_policy, touch_policy, origin;
} RigSlot;

/* PIN or PUK. */
typedef struct {
	guint8 value[8];
	guint8 max, left;
} RigReference;

typedef struct {
	guint8 algorithm;
	guint8 key[32];
	gboolean needs_touch;
} RigManagement;

/* What dies with the power: all of it is gone after a reset. */
typedef struct {
	const struct RigApplet *applet;
	gboolean pin_verified; /* since SELECT */
	gboolean pin_fresh;    /* VERIFY was the command just before */
	gboolean authenticated;
	guint8 witness[RIG_BLOCK_BYTES_MAX], challenge[RIG_BLOCK_BYTES_MAX];
	gboolean has_witness, has_challenge;
	GByteArray *chain; /* collected data */
	guint8 chain_header[3];
	gboolean chaining;
	GByteArray *answer; /* what GET RESPONSE has yet to give */
	gsize answered;
} RigSession;

typedef struct RigCard {
	char *path; /* of the state; NULL: kept in memory only */
	guint32 firmware, serial;
	guint8 form_factor; /* 0: attestations do not tell */
	gboolean fips, hides_serial;
	RigReference pin, puk;
	RigManagement management;
	RigSlot slots[RIG_SLOTS];
	GHashTable *objects; /* number → GBytes */
	RigSession session;
	gint64 touched_us; /* when the last touch was, for the policy "cached" */
	/* Waits for a finger; NULL: there is always one. */
	gboolean (*await_touch)(guint8 slot, gpointer user);
	gpointer touch_user;
} RigCard;

typedef guint16 RigHandler(RigCard *card, const RigCommand *command, GByteArray *answer);

typedef struct {
	guint8 instruction;
	const char *name;
	RigHandler *handle;
	guint32 since; /* firmware; 0: always */
} RigInstruction;

typedef struct RigApplet {
	const char *name;
	const RigInstruction *instructions;
	gsize count;
} RigApplet;

#define RIG_FIRMWARE(major, minor, patch) \
	((guint32)(major) << 16 | (guint32)(minor) << 8 | (guint32)(patch))

/* apdu.c: one APDU in, one answer with its status word out. */
GByteArray *rig_apdu(RigCard *card, const guint8 *apdu, gsize size);
void rig_session_reset(RigCard *card);

/* applet.c */
RigHandler rig_select;
extern const RigApplet rig_applet_piv;

/* data.c */
RigHandler rig_get_data, rig_put_data, rig_metadata;
/* pin.c */
RigHandler rig_verify, rig_change, rig_unblock, rig_set_retries, rig_reset;
/* management.c */
RigHandler rig_set_management;
guint16 rig_authenticate(RigCard *card, const RigCommand *command, GByteArray *answer);
gboolean rig_management_fits(const RigCard *card, guint8 algorithm, gsize size);
/* key.c */
RigHandler rig_generate, rig_import, rig_use_key, rig_move;
gboolean rig_key_public(const RigSlot *slot, GByteArray *answer);
EVP_PKEY *rig_key_new(guint8 algorithm);
/* attest.c */
RigHandler rig_attest;

/* state.c */
RigSlot *rig_slot(RigCard *card, guint8 reference);
void rig_slot_clear(RigSlot *slot);
guint8 rig_slot_reference(gsize index);
void rig_card_set_factory(RigCard *card);
void rig_pin_set_factory(RigCard *card);
gboolean rig_pin_is_factory(const RigCard *card, const RigReference *reference);
gboolean rig_management_is_factory(const RigCard *card);
RigCard *rig_card_new(guint32 firmware, guint32 serial);
RigCard *rig_card_load(const char *path, GError **error);
void rig_card_save(RigCard *card);
void rig_card_free(RigCard *card);

/* authority.c: the maker of attestations. */
gboolean rig_authority_make(const char *directory, GError **error);
gboolean rig_authority_certify(const char *directory, RigCard *card, gboolean bare, GError **error);

/* touch.c: TRUE if the finger came, or none was needed. */
gboolean rig_touch(RigCard *card, guint8 reference, guint8 policy);

/* tlv.c */
gboolean rig_tlv_next(RigSpan *rest, guint32 *ret_tag, RigSpan *ret_value);
void rig_tlv_append(GByteArray *array, guint32 tag, const guint8 *data, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RigCard, rig_card_free)
