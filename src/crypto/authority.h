/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "base/clock.h"
#include "crypto/secret.h"

/* TLS certificates that a service makes for itself when nobody gave it any. */
typedef struct {
	char *authority;   /* PEM of the authority, what clients are given */
	char *certificate; /* PEM of the server's certificate */
	PvSecret *key;     /* PEM of the server's key */
} PvAuthority;

/**
 * pv_authority_new:
 * @names: NULL-terminated: host names and addresses the certificate is for; the first becomes its
 * common name
 * @now: not before; both end ten years later
 *
 * Makes an authority (P-256, CA:TRUE, pathlen 0, keyCertSign), signs one server certificate with it
 * (subjectAltName of @names, serverAuth) and forgets the authority's key: nobody can sign another.
 */
PvAuthority *pv_authority_new(const char *const *names, PvTime now, GError **error);
void pv_authority_free(PvAuthority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvAuthority, pv_authority_free)
