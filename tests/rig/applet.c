/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The applets of the card and their commands, one table each: PIV, and of the one-time-password
 * applet what a host asks a YubiKey 4 for, its serial number.
 */

#include <string.h>

#include "card.h"

#define OTP_SERIAL 0x10

static guint16 give_version(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const guint8 version[3] = { (card->firmware >> 16) & 0xff, (card->firmware >> 8) & 0xff,
				    card->firmware & 0xff };

	g_byte_array_append(answer, version, sizeof(version));
	return RIG_OK;
}

static guint16 give_serial(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	guint32 serial = GUINT32_TO_BE(card->serial);

	g_byte_array_append(answer, (const guint8 *)&serial, sizeof(serial));
	return RIG_OK;
}

static guint16 otp_request(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	if (command->p1 != OTP_SERIAL)
		return RIG_PARAMETERS;
	return give_serial(card, command, answer);
}

/* One instruction, two meanings: the management key is not in a slot. */
static guint16 authenticate(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	return command->p2 == 0x9b ? rig_authenticate(card, command, answer)
				   : rig_use_key(card, command, answer);
}

static const RigInstruction piv_instructions[] = {
	{ 0x20, "VERIFY", rig_verify, 0 },
	{ 0x24, "CHANGE REFERENCE DATA", rig_change, 0 },
	{ 0x2c, "RESET RETRY COUNTER", rig_unblock, 0 },
	{ 0x47, "GENERATE ASYMMETRIC KEY PAIR", rig_generate, 0 },
	{ 0x87, "GENERAL AUTHENTICATE", authenticate, 0 },
	{ 0xcb, "GET DATA", rig_get_data, 0 },
	{ 0xdb, "PUT DATA", rig_put_data, 0 },
	{ 0xf6, "MOVE KEY", rig_move, RIG_FIRMWARE(5, 7, 0) },
	{ 0xf7, "GET METADATA", rig_metadata, RIG_FIRMWARE(5, 3, 0) },
	{ 0xf8, "GET SERIAL", give_serial, RIG_FIRMWARE(5, 0, 0) },
	{ 0xf9, "ATTEST", rig_attest, RIG_FIRMWARE(4, 3, 0) },
	{ 0xfa, "SET PIN RETRIES", rig_set_retries, 0 },
	{ 0xfb, "RESET", rig_reset, 0 },
	{ 0xfd, "GET VERSION", give_version, 0 },
	{ 0xfe, "IMPORT KEY", rig_import, 0 },
	{ 0xff, "SET MANAGEMENT KEY", rig_set_management, 0 },
};

static const RigInstruction otp_instructions[] = {
	{ 0x01, "REQUEST", otp_request, 0 },
};

const RigApplet rig_applet_piv = { "PIV", piv_instructions, G_N_ELEMENTS(piv_instructions) };
static const RigApplet otp = { "OTP", otp_instructions, G_N_ELEMENTS(otp_instructions) };

static const guint8 piv_name[] = {
	0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00
};
static const guint8 piv_short[] = { 0xa0, 0x00, 0x00, 0x03, 0x08 };
static const guint8 otp_name[] = { 0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01, 0x01 };

static void select_piv(RigCard *card, GByteArray *answer)
{
	static const guint8 property[] = { 0x61, 0x11, 0x4f, 0x06, 0x00, 0x00, 0x10,
					   0x00, 0x01, 0x00, 0x79, 0x07, 0x4f, 0x05,
					   0xa0, 0x00, 0x00, 0x03, 0x08 };

	card->session.applet = &rig_applet_piv;
	g_byte_array_append(answer, property, sizeof(property));
}

guint16 rig_select(RigCard *card, const RigCommand *command, GByteArray *answer)
{
	const RigSpan *name = &command->data;
	RigSession *session = &card->session;
	const guint8 counters[3] = { 0 };

	if (command->p1 != 0x04 || command->p2 != 0)
		return RIG_PARAMETERS;
	if (name->size >= sizeof(piv_short) && name->size <= sizeof(piv_name) &&
	    memcmp(name->data, piv_name, name->size) == 0) {
		select_piv(card, answer);
	} else if (name->size == sizeof(otp_name) &&
		   memcmp(name->data, otp_name, sizeof(otp_name)) == 0) {
		session->applet = &otp;
		give_version(card, command, answer);
		g_byte_array_append(answer, counters, sizeof(counters));
	} else {
		return RIG_NOT_FOUND;
	}
	session->pin_verified = session->pin_fresh = session->authenticated = FALSE;
	return RIG_OK;
}
