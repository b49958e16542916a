/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/secret.h"

/* The service's own certificate and key, as PEM. */
typedef struct {
	char *certificate;
	PvSecret *key;
} PvServiceTls;

void pv_service_tls_clear(PvServiceTls *tls);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvServiceTls, pv_service_tls_clear)

/**
 * pv_service_tls_load:
 * @certificate: (nullable): a file; NULL uses DATA/tls, made on first use
 * @key: (nullable): likewise
 * @host: what is listened on
 *
 * Self-made certificates are for localhost, 127.0.0.1, ::1, the machine's name and @host; clients
 * get DATA/tls/ca.crt.
 */
gboolean pv_service_tls_load(const char *certificate, const char *key, const char *data,
			     const char *host, PvServiceTls *ret_tls, GError **error);
