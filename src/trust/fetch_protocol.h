/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/message.h"

#define PV_FETCH_PART_BYTES_MAX (128 * 1024) /* of a body in one message */

/*
 * The messages between a program that verifies or signs, and pavise-fetch, which speaks HTTP for it
 * and is told the server and the GUN on its command line. The socket is descriptor 3.
 *
 *   question            fields                             answer
 *   PV_FETCH_GET        file ("timestamp.json"), max bytes PART: the body's next bytes; OK: its end
 *   PV_FETCH_NEW_KEY    file ("snapshot.key"), max bytes   the same       (POST: a rotation)
 *   PV_FETCH_UPLOAD     role, file, role, file …           OK
 *   PV_FETCH_DELETE                                        OK
 *   PV_FETCH_GET_ATTESTATION  key id, max bytes            as GET
 *   PV_FETCH_PUT_ATTESTATION  key id, file                 OK
 *   (any)                                                  FAILED: PvErrorCode, sentence
 *   (any)                                                  MORE
 *
 * MORE is pavise-fetch's last word: this server is behind a proxy, wants a login or sends elsewhere.
 * Whoever asked starts pavise-fetch-full, which speaks the same and knows of such things, and asks
 * it anew.
 */
typedef enum {
	PV_FETCH_GET = 1,
	PV_FETCH_NEW_KEY,
	PV_FETCH_UPLOAD,
	PV_FETCH_DELETE,
	PV_FETCH_GET_ATTESTATION,
	PV_FETCH_PUT_ATTESTATION,
	PV_FETCH_OK = 101,
	PV_FETCH_PART,
	PV_FETCH_FAILED,
	PV_FETCH_MORE
} PvFetchMessage;
