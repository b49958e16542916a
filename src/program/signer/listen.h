/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/channel.h"
#include "program/signer/keys.h"

/* A signer for several services, over mutual TLS. */
typedef struct PvSignerListener PvSignerListener;

/**
 * pv_signer_listener_new:
 * @address: HOST:PORT; port 0 takes a free one
 * @names: (nullable): the names of services that are answered; NULL: all that the authority
 * certified. Borrowed.
 *
 * Errors: PV_ERROR_USAGE, PV_ERROR_IO, and those of pv_channel_context_new().
 */
PvSignerListener *pv_signer_listener_new(const char *address, const PvChannelFiles *files,
					 char *const *names, GError **error);
void pv_signer_listener_free(PvSignerListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvSignerListener, pv_signer_listener_free)

/* (transfer full): where it listens, as HOST:PORT. */
char *pv_signer_listener_address(const PvSignerListener *listener);

/**
 * pv_signer_listener_run:
 * @stop_fd: readable when it is to end
 *
 * Answers until then.
 */
gboolean pv_signer_listener_run(PvSignerListener *listener, PvSignerKeys *keys, int stop_fd,
				GError **error);
