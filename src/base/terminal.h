/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * What a command says to the person or script before it. Results go to standard output, all else
 * to standard error. Text that came from outside is printed through pv_terminal_safe(), so that it
 * cannot move the cursor or forge a line.
 */

/**
 * pv_terminal_has_colour:
 *
 * Returns: TRUE if @fd is a terminal, TERM is not dumb and NO_COLOR is not set.
 */
gboolean pv_terminal_has_colour(int fd);

/**
 * pv_terminal_safe:
 *
 * Returns: (transfer full): @text with control characters and invalid UTF-8 as \xNN.
 */
char *pv_terminal_safe(const char *text);

/**
 * pv_terminal_fail:
 * @program: "pavise verify"
 * @error: what went wrong
 *
 * Prints "PROGRAM: MESSAGE" and, if the table has one, the next step, on standard error.
 *
 * Returns: the exit status for @error.
 */
int pv_terminal_fail(const char *program, const GError *error);

/**
 * pv_terminal_step:
 *
 * Says a step of long work on standard error: on a terminal the line replaces the one before, in
 * a log each is a line. pv_terminal_step_end() clears or ends it.
 */
void pv_terminal_step(const char *format, ...) G_GNUC_PRINTF(1, 2);
void pv_terminal_step_end(void);
