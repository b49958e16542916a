/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "card.h"

#define RIG_KEY_PARTS 7 /* tags 01 to 06 of IMPORT KEY */

typedef struct {
	guint8 id;
	const char *group; /* NULL: RSA */
	guint bits;
	guint32 since; /* firmware */
} RigAlgorithm;

/* A private key from what IMPORT KEY brings: 01 p, 02 q, 03 dp, 04 dq, 05 1/q, or 06 the scalar. */
EVP_PKEY *rig_key_build(const RigAlgorithm *algorithm, const RigSpan parts[RIG_KEY_PARTS]);
