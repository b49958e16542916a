/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * pv_wait_block_signals:
 *
 * From now on the signals that a container is to get wait for pv_wait_forwarding().
 */
void pv_wait_block_signals(void);

/**
 * pv_wait_reset_signals:
 *
 * As a process expects them that is about to be executed.
 */
void pv_wait_reset_signals(void);

/**
 * pv_wait_forwarding:
 *
 * Waits for @pid to end and passes signals on to it. Those that a terminal sent (Ctrl-C) are not:
 * all processes at the terminal got them. Reaps other children, as process 1 has to.
 *
 * Returns: its exit status, or 128 + the signal that ended it.
 */
int pv_wait_forwarding(pid_t pid);
