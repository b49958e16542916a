/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "oci/plan.h"
#include "oci/referrer.h"

/* What reading and pushing of referrers share. */

#define PV_EMPTY_MEDIA "application/vnd.oci.empty.v1+json"
#define PV_EMPTY       "{}" /* what the configuration of an artifact is */

/* Of bytes in memory; @media_type is borrowed. */
PvDescriptor pv_referrer_describe(const char *media_type, GBytes *bytes);

/* (transfer full): @value on one line. */
GBytes *pv_referrer_bytes(const json_t *value);

/* (transfer full): an index without entries. */
json_t *pv_referrer_new_index(void);

/* Enters the artifact into @index. FALSE: it is there already. PV_ERROR_LIMIT: it is full. */
gboolean pv_referrer_enter(json_t *index, const PvReferrer *referrer, GError **error);

/* (transfer full) (nullable): NULL if @bytes, untrusted, are no index. */
json_t *pv_referrer_parse_index(GBytes *bytes);

/*
 * TRUE if the manifest @bytes, untrusted, says itself that it is of @artifact_type and refers to
 * @subject: a list may lie.
 */
gboolean pv_referrer_is_wanted(GBytes *bytes, const char *artifact_type, const PvDigest *subject);

/*
 * (transfer full): of PvReferrer: what @index (nullable), untrusted, lists, as pv_referrer_read(); none
 * from an origin that is neither.
 */
GPtrArray *pv_referrer_collect(const PvOrigin *origin, const json_t *index, const PvDigest *subject,
			       const char *artifact_type, gsize blob_bytes_max);

/* (transfer full): the tag under which a registry without the API keeps the list. */
char *pv_referrer_tag(const PvDigest *subject);

/* (transfer full) (nullable): the index under that tag; NULL without an error if there is none. */
json_t *pv_referrer_fallback(PvRegistry *registry, const PvDigest *subject, GError **error);
