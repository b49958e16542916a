/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/message.h"

/*
 * The messages between a program that verifies or signs, and pavise-fetch, which speaks HTTP for it
 * and is told the server and the GUN on its command line. The socket is descriptor 3.
 *
 *   question            fields                             answer
 *   PV_FETCH_GET        file ("timestamp.json"), max bytes OK: body
 *   PV_FETCH_NEW_KEY    file ("snapshot.key")              OK: body        (POST: a rotation)
 *   PV_FETCH_UPLOAD     role, file, role, file …           OK
 *   PV_FETCH_DELETE                                        OK
 *   (any)                                                  FAILED: PvErrorCode, sentence
 */
typedef enum {
	PV_FETCH_GET = 1,
	PV_FETCH_NEW_KEY,
	PV_FETCH_UPLOAD,
	PV_FETCH_DELETE,
	PV_FETCH_OK = 101,
	PV_FETCH_FAILED
} PvFetchMessage;
