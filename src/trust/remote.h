/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/client.h"

/*
 * The trust server of one repository. HTTP is spoken by pavise-fetch, a process of its own that is
 * started at the first question, if not before, and keeps its connection: what needs no network starts without it.
 */
typedef struct PvRemote PvRemote;

/**
 * pv_remote_new:
 * @server: "https://…"
 * @ca_file: (nullable): --tlscacert
 */
PvRemote *pv_remote_new(const char *server, const char *gun, const char *ca_file);
void pv_remote_free(PvRemote *remote);

/* Before it is started: the client's certificate and key (PEM files) for servers that ask. */
void pv_remote_set_certificate(PvRemote *remote, const char *certificate_file,
			       const char *key_file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvRemote, pv_remote_free)

/**
 * pv_remote_start:
 *
 * Starts pavise-fetch ahead of the first question, so that it loads while the cache is read.
 */
gboolean pv_remote_start(PvRemote *remote, GError **error);

/**
 * pv_remote_ask_ahead:
 *
 * For a repository of which nothing is known here: asks for root, timestamp, snapshot and targets at
 * once, so that the long file is on its way while the short ones are verified. What comes is used if
 * it is what is asked for later; pv_remote_forget_early() is for those who begin anew.
 */
void pv_remote_ask_ahead(PvRemote *remote);
void pv_remote_forget_early(PvRemote *remote);

/* Fills @ret_functions; they use @remote. */
void pv_remote_functions(PvRemote *remote, PvTufRemote *ret_functions);

/**
 * pv_remote_server_key:
 * @role: "timestamp" or "snapshot"
 * @rotate: TRUE asks for a new key
 *
 * Returns: (transfer full): the public key that the server manages.
 *
 * Errors: PV_ERROR_REFUSED (it takes no repository of that name), those of a failed request.
 */
PvPublicKey *pv_remote_server_key(PvRemote *remote, const char *role, gboolean rotate,
				  GError **error);

/**
 * pv_remote_upload:
 * @files: role → GBytes
 *
 * Errors: PV_ERROR_CONFLICT (another publisher was first: read again, sign again), PV_ERROR_REFUSED
 * (the server's reason), PV_ERROR_UNAUTHORIZED, PV_ERROR_UNREACHABLE.
 */
gboolean pv_remote_upload(PvRemote *remote, GHashTable *files, GError **error);

/**
 * pv_remote_attestation:
 * @key_id: canonical id
 *
 * Returns: (transfer full): what the server says is the attestation of that key. Errors:
 * PV_ERROR_NOT_FOUND (it has none), PV_ERROR_UNSUPPORTED (it keeps none: a server of Notary), those of
 * a failed request.
 */
GBytes *pv_remote_attestation(PvRemote *remote, const char *key_id, GError **error);

/* Gives it one. Errors: PV_ERROR_UNSUPPORTED (it keeps none), PV_ERROR_REFUSED (its reason). */
gboolean pv_remote_put_attestation(PvRemote *remote, const char *key_id, GBytes *pem,
				   GError **error);

/* Deletes all the server has of the repository; nothing there is fine. */
gboolean pv_remote_delete(PvRemote *remote, GError **error);
