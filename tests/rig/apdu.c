/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The card's side of ISO 7816-4: takes one short APDU apart, joins chained commands, gives long
 * answers in pieces, and keeps what must end with the next command.
 */

#include <string.h>

#include "card.h"

#define CLASS_CHAINED 0x10
#define GET_RESPONSE  0xc0
#define SELECT        0xa4
#define VERIFY        0x20
#define AUTHENTICATE  0x87

typedef struct {
	guint8 class;
	RigCommand command;
	gsize expected; /* bytes the host wants: 1 to 256 */
} Apdu;

/* Lc and Le are one byte each; Le may follow an Lc of 0. */
static gboolean parse(const guint8 *bytes, gsize size, Apdu *ret_apdu)
{
	Apdu apdu = { .expected = RIG_ANSWER_BYTES_MAX };
	gsize data;

	if (size < 4)
		return FALSE;
	apdu.class = bytes[0];
	apdu.command = (RigCommand){ bytes[1], bytes[2], bytes[3], { bytes + size, 0 } };
	if (size == 5 && bytes[4] > 0)
		apdu.expected = bytes[4];
	if (size > 5) {
		data = bytes[4];
		if (size != 5 + data && size != 6 + data)
			return FALSE;
		apdu.command.data = (RigSpan){ bytes + 5, data };
		if (size == 6 + data && bytes[5 + data] > 0)
			apdu.expected = bytes[5 + data];
	}
	*ret_apdu = apdu;
	return TRUE;
}

static GByteArray *status(GByteArray *answer, guint word)
{
	guint8 bytes[2] = { (word >> 8) & 0xff, word & 0xff };

	return g_byte_array_append(answer, bytes, 2);
}

static void forget_chain(RigSession *session)
{
	g_byte_array_set_size(session->chain, 0);
	session->chaining = FALSE;
}

void rig_session_reset(RigCard *card)
{
	RigSession *session = &card->session;
	GByteArray *chain = session->chain, *answer = session->answer;

	*session = (RigSession){ .chain = chain, .answer = answer };
	forget_chain(session);
	g_byte_array_set_size(answer, 0);
}

/* The next piece of the answer, at most @most bytes, and how much is left. */
static GByteArray *piece(RigSession *session, gsize most)
{
	GByteArray *piece = g_byte_array_new();
	gsize left = session->answer->len - session->answered, size = MIN(left, most);

	if (size > 0)
		g_byte_array_append(piece, session->answer->data + session->answered, (guint)size);
	session->answered += size;
	left -= size;
	return status(piece, left == 0 ? RIG_OK : RIG_MORE | (left > 0xff ? 0 : (guint)left));
}

/* RIG_OK: *command is whole. RIG_MORE: wait for the rest. Else refused. */
static guint16 join(RigSession *session, const Apdu *apdu, RigCommand *command)
{
	const guint8 header[3] = { command->instruction, command->p1, command->p2 };
	gboolean more = (apdu->class & CLASS_CHAINED) != 0;

	if (session->chaining && memcmp(header, session->chain_header, sizeof(header)) != 0) {
		forget_chain(session);
		return RIG_CHAIN;
	}
	if (!more && !session->chaining)
		return RIG_OK;
	if (command->data.size > RIG_CHAIN_BYTES_MAX - session->chain->len) {
		forget_chain(session);
		return RIG_LENGTH;
	}
	if (command->data.size > 0)
		g_byte_array_append(session->chain, command->data.data, (guint)command->data.size);
	memcpy(session->chain_header, header, sizeof(header));
	session->chaining = more;
	command->data = (RigSpan){ session->chain->data, session->chain->len };
	return more ? RIG_MORE : RIG_OK;
}

static guint16 handle(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const RigApplet *applet = card->session.applet;

	if (command->instruction == SELECT)
		return rig_select(card, command, answer);
	for (gsize i = 0; applet && i < applet->count; i++)
		if (applet->instructions[i].instruction == command->instruction &&
		    card->firmware >= applet->instructions[i].since)
			return applet->instructions[i].handle(card, command, answer);
	return RIG_INSTRUCTION;
}

/* Any command but VERIFY ends a fresh PIN, any but AUTHENTICATE a handshake. */
static void forget_after(RigSession *session, guint8 instruction)
{
	if (instruction != VERIFY)
		session->pin_fresh = FALSE;
	if (instruction != AUTHENTICATE)
		session->has_witness = session->has_challenge = FALSE;
}

GByteArray *rig_apdu(RigCard *card, const guint8 *bytes, gsize size)
{
	RigSession *session = &card->session;
	Apdu apdu;
	guint16 word;

	if (!parse(bytes, size, &apdu))
		return status(g_byte_array_new(), RIG_LENGTH);
	if (apdu.class & (guint8)~CLASS_CHAINED)
		return status(g_byte_array_new(), RIG_CLASS);
	if (apdu.command.instruction == GET_RESPONSE) {
		forget_after(session, GET_RESPONSE);
		if (session->answered == session->answer->len)
			return status(g_byte_array_new(), RIG_CONDITIONS);
		return piece(session, apdu.expected);
	}
	g_byte_array_set_size(session->answer, 0);
	session->answered = 0;
	word = join(session, &apdu, &apdu.command);
	if (word == RIG_MORE)
		return status(g_byte_array_new(), RIG_OK);
	if (word == RIG_OK)
		word = handle(card, &apdu.command, session->answer);
	forget_chain(session);
	forget_after(session, apdu.command.instruction);
	if (word == RIG_OK)
		return piece(session, RIG_ANSWER_BYTES_MAX);
	g_byte_array_set_size(session->answer, 0);
	return status(g_byte_array_new(), word);
}
