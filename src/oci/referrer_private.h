/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "oci/referrer.h"

/* What reading and pushing of referrers share. */

/* (transfer full): the tag under which a registry without the API keeps the list. */
char *pv_referrer_tag(const PvDigest *subject);

/* (transfer full) (nullable): the index under that tag; NULL without an error if there is none. */
json_t *pv_referrer_fallback(PvRegistry *registry, const PvDigest *subject, GError **error);
