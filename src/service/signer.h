/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/account.h"
#include "crypto/channel.h"
#include "crypto/key.h"
#include "tuf/metadata.h"

/*
 * The service's side of pavise-signer: the process that holds the server-managed keys. One
 * connection, one question at a time; may be used by several threads.
 */
typedef struct PvSigner PvSigner;

/* How a signer is started. */
typedef struct {
	const char *directory;    /* where it keeps its keys; made if missing */
	const PvAccount *account; /* as whom it runs; NULL: as this process */
	const char *token;        /* the PKCS#11 token that new keys are made in; NULL: in files */
	const char *pin_source;   /* NULL or a file, whose first line is the token's PIN */
} PvSignerStart;

/**
 * pv_signer_start:
 *
 * Starts pavise-signer as a child that ends when this process does.
 */
PvSigner *pv_signer_start(const PvSignerStart *start, GError **error);

/* Where a signer for several services listens, and who we are to it. */
typedef struct {
	const char *host;
	guint16 port;
	PvChannelFiles files;
} PvSignerAddress;

/**
 * pv_signer_connect:
 *
 * A signer on another machine (`pavise-signer --listen`). It need not answer now: a connection is
 * made when one is needed, also after the signer was away, and what was asked is asked again.
 *
 * Errors: those of pv_channel_context_new().
 */
PvSigner *pv_signer_connect(const PvSignerAddress *address, GError **error);

/* Ends the signer that was started and waits for it, or the connection to one. */
void pv_signer_stop(PvSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvSigner, pv_signer_stop)

/**
 * pv_signer_key:
 *
 * Returns: (transfer full): the key of @gun for @role that was made and not used yet, or a new one.
 */
PvPublicKey *pv_signer_key(PvSigner *signer, const char *gun, const char *role, GError **error);

/**
 * pv_signer_holds:
 * @role: timestamp's or snapshot's role in a root
 *
 * Returns: (transfer none) (nullable): the first key of @role that the signer has; NULL without an
 * error if it has none.
 */
PvPublicKey *pv_signer_holds(PvSigner *signer, const char *gun, const PvRole *role, GError **error);

/**
 * pv_signer_sign:
 * @content: of pv_metadata_write_signed()
 *
 * Errors: PV_ERROR_KEY if the signer has none of @role's keys.
 */
PvSignature *pv_signer_sign(PvSigner *signer, const char *gun, const PvRole *role, GBytes *content,
			    GError **error);

/* Deletes all keys of @gun. */
gboolean pv_signer_remove(PvSigner *signer, const char *gun, GError **error);

/*
 * Asks the signer whether it is there. As all of the above it gives PV_ERROR_UNREACHABLE if there is
 * no answer in time, or if either end refuses the other's certificate.
 */
gboolean pv_signer_check(PvSigner *signer, GError **error);
