/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "crypto/secret.h"
#include "service/config.h"

/* The service's own certificate and key, and who signs those of its clients, as PEM. */
typedef struct {
	char *certificate, *client_ca;
	PvSecret *key;
} PvServiceTls;

void pv_service_tls_clear(PvServiceTls *tls);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvServiceTls, pv_service_tls_clear)

/**
 * pv_service_tls_load:
 * @config: the files; without any DATA/tls is used, made on first use
 * @host: what is listened on
 *
 * Self-made certificates are for localhost, 127.0.0.1, ::1, the machine's name and @host; clients
 * get DATA/tls/ca.crt.
 */
gboolean pv_service_tls_load(const PvConfigTls *config, const char *data, const char *host,
			     PvServiceTls *ret_tls, GError **error);
