/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "trust/pins.h"

/*
 * ~/.config/pavise/config.yaml, the client's configuration:
 *
 *   server: https://trust.example.com
 *   trust_dir: ~/.docker/trust
 *   tls: {ca: ca.crt, certificate: client.crt, key: client.key}
 *   trust_pinning:
 *     certs:
 *       - {gun: registry.example.com/team/app, keys: [64 hexadecimal digits]}
 *       - {gun: registry.example.com/ and an asterisk, keys: […]}
 *     ca:
 *       - {gun: registry.example.com/, file: authority.crt}
 *     disable_tofu: true
 *
 * File names count from the file's directory; ~ is the home directory. All may be missing.
 */
typedef struct {
	char *server, *trust_dir, *ca_file, *certificate_file, *key_file;
	PvPins *pins; /* never NULL */
} PvClientConfig;

/**
 * pv_client_config_parse:
 * @text: untrusted YAML
 * @path: of the file, for messages and for the names in it
 *
 * Errors: PV_ERROR_USAGE (what, and where), PV_ERROR_LIMIT.
 */
PvClientConfig *pv_client_config_parse(GBytes *text, const char *path, GError **error);

/* The user's configuration; an empty one if there is no file. */
PvClientConfig *pv_client_config_load(GError **error);

void pv_client_config_free(PvClientConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvClientConfig, pv_client_config_free)
