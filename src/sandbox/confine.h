/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What confines a worker; bits of its hello record. */
typedef enum {
	PV_CONFINE_NO_NEW_PRIVILEGES = 1 << 0,
	PV_CONFINE_SECCOMP = 1 << 1,      /* a list of allowed system calls: no open, no socket */
	PV_CONFINE_LIMITS = 1 << 2,       /* memory, processor time, no files, no processes */
	PV_CONFINE_LANDLOCK = 1 << 3,     /* no path at all; kernels since 5.13 */
	PV_CONFINE_NAMESPACES = 1 << 4,   /* an empty root, no network; where the system lets us */
	PV_CONFINE_UNPRIVILEGED = 1 << 5, /* no capabilities; nobody, where that id exists */
	PV_CONFINE_CLOSED = 1 << 6        /* no descriptors but 0, 1 and 2; not traceable */
} PvConfineMeasure;

/* Without these a worker does not start; the others depend on the kernel and on where we run. */
#define PV_CONFINE_REQUIRED                                                      \
	(PV_CONFINE_NO_NEW_PRIVILEGES | PV_CONFINE_SECCOMP | PV_CONFINE_LIMITS | \
	 PV_CONFINE_UNPRIVILEGED | PV_CONFINE_CLOSED)

/**
 * pv_confine_self:
 * @ret_measures: (out): which hold now
 *
 * Takes from this process, for good, all it does not need to read descriptors it is handed and to
 * compute. Call it once, single-threaded, before the first byte of input. What libraries open on
 * their first use has to be used before (the worker does).
 *
 * Errors: PV_ERROR_IO, if one of PV_CONFINE_REQUIRED could not be taken.
 */
gboolean pv_confine_self(guint *ret_measures, GError **error);

/**
 * pv_confine_key_holder:
 * @accepts: it may accept connections on a socket that it listens on already
 *
 * For a process that holds keys, reads and writes files and has the one socket it was given: takes
 * the right to open any other socket, to execute programs and to use io_uring, which could do both.
 * It ends with the process if it tries.
 *
 * Errors: PV_ERROR_IO.
 */
gboolean pv_confine_key_holder(gboolean accepts, GError **error);
