/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/http.h"
#include "service/route.h"

/* Who may do what: gun_prefixes, then tokens; one function in front of all routes. */
typedef struct PvAccess PvAccess;

typedef struct {
	const char *realm, *service, *issuer; /* as Notary's auth.options; NULL: no tokens */
	GBytes *authorities;                  /* PEM: rootcertbundle */
	const char *const *gun_prefixes;      /* (nullable) */
} PvAccessOptions;

/**
 * pv_access_new:
 *
 * Errors: PV_ERROR_USAGE (an option is missing, a prefix has no final slash), PV_ERROR_KEY (no
 * usable certificate in @authorities).
 */
PvAccess *pv_access_new(const PvAccessOptions *options, GError **error);
void pv_access_free(PvAccess *access);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvAccess, pv_access_free)

/**
 * pv_access_check:
 *
 * Returns: TRUE if the request may go on; FALSE with the answer that refuses it.
 */
gboolean pv_access_check(PvAccess *access, const PvRoute *route, const PvServerRequest *request,
			 PvServerAnswer *answer);
