/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* What TLS with one server needs beyond the defaults. */
typedef struct {
	GBytes *authorities;    /* PEM; NULL: the system's only */
	gboolean exclusive;     /* the system's authorities do not count */
	char *certificate_file; /* the client's; NULL: none */
	char *key_file;
} PvHttpTls;

void pv_http_tls_free(PvHttpTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvHttpTls, pv_http_tls_free)

/**
 * pv_http_tls_load:
 * @exclusive: (nullable): the PEM of --tlscacert
 * @directories: (nullable): as PvHttpOptions.server_directories
 * @host: "localhost:5000"
 *
 * Returns: (transfer full): the settings for @host, or NULL if a file there cannot be read.
 */
PvHttpTls *pv_http_tls_load(GBytes *exclusive, char **directories, const char *host,
			    GError **error);
