/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "store/store.h"

/*
 * The service's configuration: service.yaml (pavise-service.yaml(5)), or the JSON file of a
 * notary-server that is taken over. Paths in it are relative to the file.
 */

typedef struct {
	char *certificate, *key; /* PEM files; NULL: made at first start */
	char *client_ca;         /* PEM: who signs the certificates clients must have */
	gboolean is_off;         /* plain HTTP, for a proxy in front that ends TLS */
} PvConfigTls;

typedef struct {
	char *type; /* NULL or "none": everybody may do everything; "token" */
	char *realm, *service, *issuer, *rootcertbundle;
} PvConfigAuth;

typedef struct {
	guint current_metadata, consistent_metadata; /* seconds */
} PvConfigCaching;

typedef struct {
	char *address;                /* HOST:PORT of a shared signer; NULL: a child is started */
	char *ca, *certificate, *key; /* PEM files: of its authority, and ours */
	char *token;      /* for the child: PKCS#11 URI of the token that new keys are made in */
	char *pin_source; /* and the file with its PIN */
} PvConfigSigner;

/* As PvStoreOptions, which says what each means; UINT64_MAX: not set. */
typedef struct {
	guint64 connections, statement_timeout_ms, keep_versions, keep_seconds, gun_bytes, guns,
		changes, changes_seconds;
} PvConfigStorage;

typedef struct {
	char *listen, *data, *store;
	char *user, *signer_user;
	gboolean insecure_open;
	PvConfigTls tls;
	PvConfigAuth auth;
	PvConfigSigner signer;
	PvConfigCaching caching;
	PvConfigStorage storage;
	char **gun_prefixes; /* not ended by NULL */
	guint gun_prefixes_count;
	GPtrArray *notices; /* of char*: sentences for whoever starts the service; may be NULL */
} PvServiceConfig;

void pv_service_config_free(PvServiceConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvServiceConfig, pv_service_config_free)

/* (transfer full): what holds without a file. */
PvServiceConfig *pv_service_config_default(void);

/**
 * pv_service_config_parse:
 * @text: untrusted
 * @path: for messages and relative paths
 *
 * Reads service.yaml. Unknown keys, aliases and values of another type are refused.
 *
 * Errors: PV_ERROR_USAGE: file, line and key; PV_ERROR_LIMIT.
 */
PvServiceConfig *pv_service_config_parse(GBytes *text, const char *path, GError **error);

/**
 * pv_service_config_parse_notary:
 *
 * Reads notary-server's server-config.json. Keys are compared without case, as Notary does.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT; PV_ERROR_UNSUPPORTED for what cannot be honoured: signing
 * keys in notary-signer, data in Notary's databases. The sentence names the command to run first:
 * new keys in their place would break every client.
 */
PvServiceConfig *pv_service_config_parse_notary(GBytes *text, const char *path, GError **error);

/* What the store is opened with: the defaults, and what is configured. */
PvStoreOptions pv_service_config_store_options(const PvServiceConfig *config);
