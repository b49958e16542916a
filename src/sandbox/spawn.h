/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "sandbox/channel.h"

/*
 * A worker process and the socket to it. It is started with an empty environment and no descriptor
 * but the socket, and confines itself before it reads a byte of input.
 */

typedef struct {
	GPid pid; /* 0 once its end was seen */
	PvChannel channel;
	guint timeout_ms; /* for each record */
	guint measures;   /* what confines it: PvConfineMeasure bits */
} PvWorker;

/**
 * pv_worker_start:
 * @program: path of pavise-worker
 * @timeout_ms: how long it may take for each record
 *
 * Starts a worker and waits until it is confined.
 *
 * Errors: PV_ERROR_NOT_FOUND (no such program), and those of pv_worker_receive().
 *
 * Returns: (transfer full): the worker, or NULL.
 */
PvWorker *pv_worker_start(const char *program, guint timeout_ms, GError **error);

/**
 * pv_worker_free:
 *
 * Ends the worker, however it is.
 */
void pv_worker_free(PvWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvWorker, pv_worker_free)

/**
 * pv_worker_send:
 * @record: ended by this function
 * @passed: a descriptor that the worker gets a copy of; it is opened again if it can be written to
 */
gboolean pv_worker_send(PvWorker *worker, GByteArray *record, int passed, GError **error);

/**
 * pv_worker_receive:
 * @ret_record: (out): valid until the next call
 *
 * Waits for the next record. A worker that ended instead, or was killed, is an error whose
 * sentence says how it ended.
 *
 * Errors: PV_ERROR_REFUSED (it made a system call it has no right to), PV_ERROR_LIMIT (processor
 * time, time for an answer), PV_ERROR_SYNTAX (records not as their table says),
 * PV_ERROR_INTERNAL (it crashed).
 */
gboolean pv_worker_receive(PvWorker *worker, PvRecord *ret_record, GError **error);
