/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * Commands to a card and its answers (ISO 7816-4): short APDUs, long data in chained ones, long
 * answers fetched piece by piece. How the bytes travel is the caller's: PC/SC, or a test.
 */
#define PV_APDU_ANSWER_MAX 258 /* bytes: the longest short answer, its status word included */

/* Status words. */
enum {
	PV_APDU_OK = 0x9000,
	PV_APDU_MORE = 0x6100,
	PV_APDU_WRONG_PIN = 0x63c0, /* and how many tries are left */
	PV_APDU_NOT_AUTHORISED = 0x6982,
	PV_APDU_BLOCKED = 0x6983,
	PV_APDU_CONDITIONS = 0x6985,
	PV_APDU_DATA = 0x6a80,
	PV_APDU_NOT_FOUND = 0x6a82,
	PV_APDU_NO_REFERENCE = 0x6a88,
	PV_APDU_INSTRUCTION = 0x6d00,
};

typedef struct {
	void *data;
	/**
	 * transmit:
	 * @answer: of PV_APDU_ANSWER_MAX bytes
	 * @ret_size: (out): untrusted
	 */
	gboolean (*transmit)(void *data, const guint8 *command, gsize size, guint8 *answer,
			     gsize *ret_size, GError **error);
} PvApduLine;

typedef struct {
	guint8 instruction, p1, p2;
	const guint8 *data; /* may hold a secret: copies of it are wiped */
	gsize size;         /* at most PV_APDU_COMMAND_BYTES_MAX */
} PvApdu;

/**
 * pv_apdu_send:
 * @what: what is done, for errors: "reading the certificate of slot 9c"
 * @ret_answer: (out) (optional) (transfer full): without the status word
 *
 * Errors: the line's, PV_ERROR_SYNTAX (an answer without status word, a piece that brings nothing),
 * PV_ERROR_LIMIT. A status word that is no success is none: it is returned in @ret_status.
 */
gboolean pv_apdu_send(const PvApduLine *line, const char *what, PvApdu apdu, GBytes **ret_answer,
		      guint *ret_status, GError **error);
