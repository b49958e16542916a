/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "token/apdu.h"
#include "token/driver.h"

/*
 * A PIV card in a reader, by way of pcscd. All work with it is done in transactions, so that no
 * other program comes between VERIFY and the command that needs it; each begins with SELECT, since
 * another program may have left any applet selected. When a transaction ends, the card has
 * forgotten the PIN and the management key again.
 */
typedef struct PvPivCard PvPivCard;

/**
 * pv_piv_cards_open:
 *
 * Returns: (transfer full): PvPivCard of each reader with a card that has PIV. Errors:
 * PV_ERROR_TOKEN (no pcscd), and what went wrong with a card if there was no other.
 */
GPtrArray *pv_piv_cards_open(GError **error);
void pv_piv_card_free(PvPivCard *card);

const char *pv_piv_card_label(const PvPivCard *card);  /* "YubiKey 5 (serial 4242424)" */
const char *pv_piv_card_serial(const PvPivCard *card); /* NULL: it tells none */
guint32 pv_piv_card_firmware(const PvPivCard *card);   /* 0x050403; 0: not a YubiKey */

#define PV_PIV_METADATA_SINCE 0x050300
#define PV_PIV_ATTEST_SINCE   0x040300
#define PV_PIV_DELETE_SINCE   0x050700
#define PV_PIV_AES_SINCE      0x050402

/* Errors: PV_ERROR_TOKEN (the card is gone, or another one is there now). */
gboolean pv_piv_card_begin(PvPivCard *card, GError **error);
void pv_piv_card_end(PvPivCard *card); /* harmless if none has begun */

/**
 * pv_piv_card_send:
 *
 * In a transaction. Errors: those of pv_apdu_send(), PV_ERROR_TOKEN (removed, reset).
 */
gboolean pv_piv_card_send(PvPivCard *card, const char *what, PvApdu apdu, GBytes **ret_answer,
			  guint *ret_status, GError **error);

/**
 * pv_piv_card_send_touched:
 * @touch: ALWAYS: @person is told at once that the card waits for a finger; NEVER: not at all;
 * otherwise that it may wait
 * @ret_waited_ms: (out): how long the card took
 *
 * As pv_piv_card_send(), for a command for which the card may await a touch.
 */
gboolean pv_piv_card_send_touched(PvPivCard *card, const char *what, PvApdu apdu,
				  PvTouchPolicy touch, const PvTokenPerson *person,
				  GBytes **ret_answer, guint *ret_status, gint64 *ret_waited_ms,
				  GError **error);
