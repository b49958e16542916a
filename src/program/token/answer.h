/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/message.h"
#include "token/driver.h"

/* What pavise-token has open for the command that asks. */
typedef struct PvTokenAnswers PvTokenAnswers;

PvTokenAnswers *pv_token_answers_new(int fd);
void pv_token_answers_free(PvTokenAnswers *answers); /* closes all sessions */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTokenAnswers, pv_token_answers_free)

/**
 * pv_token_answers_one:
 * @question: untrusted
 *
 * Answers one question (token/protocol.h). FALSE: the command cannot be answered any more.
 */
gboolean pv_token_answers_one(PvTokenAnswers *answers, const PvMessage *question, GError **error);
