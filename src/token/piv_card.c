/* SPDX-License-Identifier: Apache-2.0 */

/*
 * PC/SC: readers, transactions, and what a card that is pulled out, reset or exchanged looks like.
 * A transaction costs one SELECT at its begin and, if a secret was shown to the card, one at its
 * end, which makes the card forget it.
 */

#include "token/piv_card.h"

#include <string.h>
#include <winscard.h>

#include "base/error.h"
#include "base/limits.h"
#include "token/piv_answers.h"

#define SELECT             0xa4
#define VERIFY             0x20
#define AUTHENTICATE       0x87
#define GET_VERSION        0xfd
#define GET_SERIAL         0xf8
#define OTP_SERIAL         0x01
#define OTP_SLOT_SERIAL    0x10
#define BY_NAME            0x04
#define GONE_WAIT_MS       1500 /* milliseconds */
#define READERS_BYTES_MAX  (16 * PV_KIB)
#define TELLS_SERIAL_SINCE 0x050000

struct PvPivCard {
	SCARDCONTEXT context;
	SCARDHANDLE handle;
	DWORD protocol;
	char *reader, *label, *serial;
	guint32 firmware;
	gboolean has_begun, knows_secret;
};

static const char *name_of(const PvPivCard *card)
{
	return card->label ? card->label : card->reader;
}

/*
 * Whether the reader is empty now: a command that failed does not tell why by itself, and pcscd
 * looks for cards some times a second only.
 */
static gboolean is_gone(const PvPivCard *card)
{
	SCARD_READERSTATE state = { .szReader = card->reader };

	if (SCardGetStatusChange(card->context, 0, &state, 1) != SCARD_S_SUCCESS)
		return TRUE;
	if (state.dwEventState & SCARD_STATE_PRESENT) {
		state.dwCurrentState = state.dwEventState & ~(DWORD)SCARD_STATE_CHANGED;
		SCardGetStatusChange(card->context, GONE_WAIT_MS, &state, 1);
	}
	return !(state.dwEventState & SCARD_STATE_PRESENT);
}

static gboolean fail(const PvPivCard *card, LONG code, GError **error)
{
	switch (code) {
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
		return pv_fail(error, PV_ERROR_TOKEN, "%s: pcscd has ended", name_of(card));
	case SCARD_E_SHARING_VIOLATION:
		return pv_fail(error, PV_ERROR_TOKEN,
			       "%s: another program (gpg's scdaemon, perhaps) keeps it to itself",
			       name_of(card));
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_UNKNOWN_READER:
		break;
	default:
		if (!is_gone(card))
			return pv_fail(error, PV_ERROR_TOKEN, "%s: no answer: %s", name_of(card),
				       pcsc_stringify_error(code));
	}
	return pv_fail(error, PV_ERROR_TOKEN,
		       "%s was removed before it answered: insert it and run the command again",
		       name_of(card));
}

static gboolean transmit(void *data, const guint8 *command, gsize size, guint8 *answer,
			 gsize *ret_size, GError **error)
{
	PvPivCard *card = data;
	const SCARD_IO_REQUEST *protocol =
		card->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
	DWORD received = PV_APDU_ANSWER_MAX;
	LONG code;

	code = SCardTransmit(card->handle, protocol, command, size, NULL, answer, &received);
	if (code == SCARD_W_RESET_CARD)
		return pv_fail(error, PV_ERROR_TOKEN,
			       "%s was reset by another program: run the command again",
			       name_of(card));
	/* Some readers' drivers give nothing, and call it an answer, when the card is gone. */
	if (code == SCARD_S_SUCCESS && received == 0 && is_gone(card))
		code = SCARD_W_REMOVED_CARD;
	if (code != SCARD_S_SUCCESS)
		return fail(card, code, error);
	*ret_size = received;
	return TRUE;
}

gboolean pv_piv_card_send(PvPivCard *card, const char *what, PvApdu apdu, GBytes **ret_answer,
			  guint *ret_status, GError **error)
{
	const PvApduLine line = { card, transmit };

	g_assert(card->has_begun);
	if ((apdu.instruction == VERIFY && apdu.size > 0) || apdu.instruction == AUTHENTICATE)
		card->knows_secret = TRUE;
	return pv_apdu_send(&line, what, apdu, ret_answer, ret_status, error);
}

gboolean pv_piv_card_send_touched(PvPivCard *card, const char *what, PvApdu apdu,
				  PvTouchPolicy touch, const PvTokenPerson *person,
				  GBytes **ret_answer, guint *ret_status, gint64 *ret_waited_ms,
				  GError **error)
{
	gint64 begun = g_get_monotonic_time();
	gboolean done;

	if (touch == PV_TOUCH_ALWAYS)
		person->touch(person->data, name_of(card), TRUE);
	else if (touch != PV_TOUCH_NEVER)
		person->may_wait(person->data, name_of(card));
	done = pv_piv_card_send(card, what, apdu, ret_answer, ret_status, error);
	*ret_waited_ms = (g_get_monotonic_time() - begun) / 1000;
	if (touch != PV_TOUCH_NEVER)
		person->touch(person->data, name_of(card), FALSE);
	return done;
}

static gboolean select_applet(PvPivCard *card, const guint8 *name, gsize size, GBytes **ret_answer,
			      GError **error)
{
	const PvApdu apdu = { SELECT, BY_NAME, 0, name, size };
	guint status;

	if (!pv_piv_card_send(card, "selecting the applet", apdu, ret_answer, &status, error))
		return FALSE;
	return status == PV_APDU_OK ||
	       pv_fail(error, PV_ERROR_UNSUPPORTED, "%s: the applet is not there: status %04x",
		       name_of(card), status);
}

static gboolean select_piv(PvPivCard *card, GError **error)
{
	static const guint8 name[] = { 0xa0, 0x00, 0x00, 0x03, 0x08 };

	return select_applet(card, name, sizeof(name), NULL, error);
}

/* The serial number as firmware 4 gives it: in the answer of another applet. */
static gboolean read_otp_serial(PvPivCard *card, GBytes **ret_answer, guint *ret_status,
				GError **error)
{
	static const guint8 name[] = { 0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01 };
	const PvApdu apdu = { OTP_SERIAL, OTP_SLOT_SERIAL, 0, NULL, 0 };
	g_autoptr(GError) ignored = NULL;

	*ret_status = PV_APDU_NOT_FOUND; /* OTP can be switched off */
	if (select_applet(card, name, sizeof(name), NULL, &ignored) &&
	    !pv_piv_card_send(card, "reading the serial number", apdu, ret_answer, ret_status,
			      error))
		return FALSE;
	return select_piv(card, error);
}

/* (transfer full): of a card with PIV selected; NULL without an error if it tells none. */
static char *serial_of(PvPivCard *card, GError **error)
{
	const PvApdu apdu = { GET_SERIAL, 0, 0, NULL, 0 };
	g_autoptr(GBytes) answer = NULL;
	guint32 serial;
	guint status;
	gboolean done;

	if (card->firmware == 0)
		return NULL;
	done = card->firmware >= TELLS_SERIAL_SINCE
		       ? pv_piv_card_send(card, "reading the serial number", apdu, &answer, &status,
					  error)
		       : read_otp_serial(card, &answer, &status, error);
	if (!done || status != PV_APDU_OK || !pv_piv_read_serial(pv_tlv_of(answer), &serial, error))
		return NULL;
	return g_strdup_printf("%u", serial);
}

static gboolean reconnect(PvPivCard *card, GError **error)
{
	g_autoptr(GError) why = NULL;
	g_autofree char *serial = NULL;
	LONG code = SCardReconnect(card->handle, SCARD_SHARE_SHARED,
				   SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, SCARD_LEAVE_CARD,
				   &card->protocol);

	if (code == SCARD_S_SUCCESS)
		code = SCardBeginTransaction(card->handle);
	if (code != SCARD_S_SUCCESS)
		return fail(card, code, error);
	card->has_begun = TRUE;
	if (select_piv(card, error) && ((serial = serial_of(card, &why)) || !why) &&
	    g_strcmp0(serial, card->serial) == 0)
		return TRUE;
	pv_piv_card_end(card);
	if (why)
		g_propagate_error(error, g_steal_pointer(&why));
	else if (error && !*error)
		pv_fail(error, PV_ERROR_TOKEN,
			"another token (serial %s) is now where %s was: nothing was asked of it",
			serial ? serial : "unknown", name_of(card));
	return FALSE;
}

gboolean pv_piv_card_begin(PvPivCard *card, GError **error)
{
	LONG code = SCardBeginTransaction(card->handle);

	g_assert(!card->has_begun);
	if (code == SCARD_W_RESET_CARD || code == SCARD_W_REMOVED_CARD)
		return reconnect(card, error);
	if (code != SCARD_S_SUCCESS)
		return fail(card, code, error);
	card->has_begun = TRUE;
	if (select_piv(card, error))
		return TRUE;
	pv_piv_card_end(card);
	return FALSE;
}

void pv_piv_card_end(PvPivCard *card)
{
	if (!card->has_begun)
		return;
	if (card->knows_secret)
		select_piv(card, NULL);
	card->knows_secret = card->has_begun = FALSE;
	SCardEndTransaction(card->handle, SCARD_LEAVE_CARD);
}

static char *label_of(const PvPivCard *card)
{
	guint32 major = card->firmware >> 16;
	g_autofree char *kind = major ? g_strdup_printf("YubiKey %u", major)
				      : g_strdup_printf("PIV card in %s", card->reader);

	return card->serial ? g_strdup_printf("%s (serial %s)", kind, card->serial)
			    : g_strdup(kind);
}

/* What the card is. TRUE with firmware 0: PIV, but not a YubiKey. */
static gboolean identify(PvPivCard *card, GError **error)
{
	const PvApdu apdu = { GET_VERSION, 0, 0, NULL, 0 };
	g_autoptr(GBytes) answer = NULL;
	g_autoptr(GError) why = NULL;
	guint status;

	if (!pv_piv_card_send(card, "reading the version", apdu, &answer, &status, error))
		return FALSE;
	if (status == PV_APDU_OK && !pv_piv_read_version(pv_tlv_of(answer), &card->firmware, error))
		return FALSE;
	card->serial = serial_of(card, &why);
	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	card->label = label_of(card);
	return TRUE;
}

static PvPivCard *card_open(const char *reader, GError **error)
{
	PvPivCard *card = g_new0(PvPivCard, 1);
	gboolean done = FALSE;
	LONG code;

	card->reader = g_strdup(reader);
	code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &card->context);
	if (code == SCARD_S_SUCCESS)
		code = SCardConnect(card->context, reader, SCARD_SHARE_SHARED,
				    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card->handle,
				    &card->protocol);
	if (code != SCARD_S_SUCCESS)
		fail(card, code, error);
	else if (pv_piv_card_begin(card, error))
		done = identify(card, error);
	pv_piv_card_end(card);
	if (done)
		return card;
	pv_piv_card_free(card);
	return NULL;
}

void pv_piv_card_free(PvPivCard *card)
{
	pv_piv_card_end(card);
	if (card->handle)
		SCardDisconnect(card->handle, SCARD_LEAVE_CARD);
	if (card->context)
		SCardReleaseContext(card->context);
	g_free(card->reader);
	g_free(card->label);
	g_free(card->serial);
	g_free(card);
}

const char *pv_piv_card_label(const PvPivCard *card)
{
	return card->label;
}

const char *pv_piv_card_serial(const PvPivCard *card)
{
	return card->serial;
}

guint32 pv_piv_card_firmware(const PvPivCard *card)
{
	return card->firmware;
}

/* Names of readers, each with a NUL, and one more; NULL: there is none. */
static char *reader_names(SCARDCONTEXT context, LONG *ret_code)
{
	DWORD size = 0;
	char *names = NULL;

	*ret_code = SCardListReaders(context, NULL, NULL, &size);
	if (*ret_code != SCARD_S_SUCCESS || size > READERS_BYTES_MAX)
		return NULL;
	names = g_malloc0(size + 2);
	*ret_code = SCardListReaders(context, NULL, names, &size);
	if (*ret_code == SCARD_S_SUCCESS)
		return names;
	g_free(names);
	return NULL;
}

GPtrArray *pv_piv_cards_open(GError **error)
{
	g_autoptr(GPtrArray) cards =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_piv_card_free);
	g_autoptr(GError) why = NULL;
	g_autofree char *names = NULL;
	SCARDCONTEXT context;
	LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context);

	if (code != SCARD_S_SUCCESS)
		return pv_fail_null(error, PV_ERROR_TOKEN,
				    "no smart card service: %s: is pcscd installed and running "
				    "(systemctl enable --now pcscd.socket)?",
				    pcsc_stringify_error(code));
	names = reader_names(context, &code);
	for (const char *name = names; name && *name; name += strlen(name) + 1) {
		SCARD_READERSTATE state = { .szReader = name };
		PvPivCard *card;

		if (SCardGetStatusChange(context, 0, &state, 1) != SCARD_S_SUCCESS ||
		    !(state.dwEventState & SCARD_STATE_PRESENT))
			continue;
		card = card_open(name, why ? NULL : &why);
		if (card)
			g_ptr_array_add(cards, card);
	}
	SCardReleaseContext(context);
	if (cards->len == 0 && why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return NULL;
	}
	return g_steal_pointer(&cards);
}
