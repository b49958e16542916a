/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "token/driver.h"

/*
 * The person before the terminal, and the sources that they named instead of typing. A source is
 * read once. It never spends the last try, and once it was wrong it is not used again.
 */
typedef struct PvTokenTerminal PvTokenTerminal;

/**
 * pv_token_terminal_new:
 * @pin_source: (nullable): --pin-source FILE|fd:N: the PIN
 * @management_source: (nullable): --management-key-source: the management key (hexadecimal), or the
 * PIN of PKCS#11's security officer
 */
PvTokenTerminal *pv_token_terminal_new(const char *pin_source, const char *management_source);

/* @source: (nullable): where a secret of @kind comes from: a new PIN, a PUK, a new PUK too. */
void pv_token_terminal_set_source(PvTokenTerminal *terminal, PvTokenSecret kind,
				  const char *source);
void pv_token_terminal_free(PvTokenTerminal *terminal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvTokenTerminal, pv_token_terminal_free)

/* Works on @terminal; for pv_tokens_new(). Prompts go to /dev/tty, all else to standard error. */
PvTokenPerson pv_token_terminal_person(PvTokenTerminal *terminal);
