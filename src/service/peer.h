/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/**
 * pv_peer_check:
 * @session: a gnutls_session_t whose handshake is done, of a server that was given authorities
 *
 * The one place where a client's certificate is judged: the handshake succeeds with none and with a
 * foreign one. It must be there, chain to an authority we were given, be valid now and not be made
 * for another purpose than TLS clients.
 *
 * Returns: (transfer none) (nullable): why it is refused, for people; NULL if it is good.
 */
const char *pv_peer_check(void *session);
