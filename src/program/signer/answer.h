/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/message.h"
#include "program/signer/keys.h"

/* (transfer full): the answer to a question, which is untrusted; never NULL. */
PvMessage *pv_signer_answer(PvSignerKeys *keys, const PvMessage *question);
