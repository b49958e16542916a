/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/message.h"

/*
 * The messages between pavised and pavise-signer, over one socket pair that pavised makes before it
 * starts the signer, or over mutual TLS with a signer on another machine. pavised asks, the signer
 * answers each question once, in order. A question that is asked twice does no harm.
 *
 *   question            fields                               answer
 *   PV_SIGNER_KEY       gun, role, algorithm                 PUBLIC: keytype, public key bytes
 *                       (the key not used yet, or a new one)
 *   PV_SIGNER_HOLDS     gun, role, key id …                  YES: key id | NO
 *   PV_SIGNER_SIGN      gun, role, content, key id …         SIGNED: key id, method, signature | NO
 *   PV_SIGNER_REMOVE    gun                                  YES
 *   (any)                                                    FAILED: sentence
 *
 * role is "timestamp" or "snapshot", and content must be that role's `signed` object: the signer
 * signs nothing else, whoever asks.
 */
typedef enum {
	PV_SIGNER_KEY = 1,
	PV_SIGNER_HOLDS,
	PV_SIGNER_SIGN,
	PV_SIGNER_REMOVE,
	PV_SIGNER_PUBLIC = 101,
	PV_SIGNER_YES,
	PV_SIGNER_NO,
	PV_SIGNER_SIGNED,
	PV_SIGNER_FAILED
} PvSignerMessage;
