/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/signer.h"

/* The connection to a signer on another machine; used by one thread at a time. */
typedef struct PvSignerRemote PvSignerRemote;

PvSignerRemote *pv_signer_remote_new(const PvSignerAddress *address, GError **error);
void pv_signer_remote_free(PvSignerRemote *remote);

/* (transfer full): the answer; PV_ERROR_UNREACHABLE if there is none, with the reason. */
PvMessage *pv_signer_remote_ask(PvSignerRemote *remote, const PvMessage *question, GError **error);
