/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/blobs.h"
#include "oci/layout.h"
#include "oci/registry.h"

/*
 * Artifacts that refer to an image in its registry (OCI image-spec 1.1 `subject`, distribution-spec 1.1
 * "Listing Referrers"): small files that belong to a manifest without changing it. A registry without
 * the referrers API keeps the list as an index under the tag sha256-HEX, as the specification has it.
 */

/* Attestations of the keys that signed an image: each blob is one, PEM. */
#define PV_ATTESTATION_ARTIFACT "application/vnd.pavise.attestation.v1"
#define PV_ATTESTATION_MEDIA    "application/pem-certificate-chain"

typedef struct {
	PvDigest digest;  /* of @manifest */
	GBytes *manifest; /* JSON */
	GPtrArray *blobs; /* of GBytes: its layers */
} PvReferrer;

void pv_referrer_free(PvReferrer *referrer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvReferrer, pv_referrer_free)

/**
 * pv_referrer_new:
 * @subject: the manifest or index it refers to
 * @media_type: of each of @blobs
 *
 * The same blobs in the same order give the same manifest.
 */
PvReferrer *pv_referrer_new(const PvDescriptor *subject, const char *artifact_type,
			    const char *media_type, GPtrArray *blobs);

/**
 * pv_referrer_push:
 * @subject: SHA-256 digest of the manifest it refers to
 *
 * Pushes blobs and manifest, and enters it in the list that a registry without the referrers API
 * keeps. What is there already stays as it is.
 */
gboolean pv_referrer_push(PvRegistry *registry, const PvDigest *subject, const PvReferrer *referrer,
			  GError **error);

/**
 * pv_referrer_read:
 * @blob_bytes_max: of each blob
 *
 * What the registry has of @artifact_type for @subject: at most PV_REFERRERS_MAX, each checked to be
 * of that type and to refer to @subject, its blobs to have their digests. Others, and those that are
 * out of form, are passed over: they are nobody's promise.
 *
 * Returns: (transfer full): of PvReferrer, none where there are none. Errors: those of
 * pv_registry_manifest(), except PV_ERROR_NOT_FOUND.
 */
GPtrArray *pv_referrer_read(PvRegistry *registry, const PvDigest *subject,
			    const char *artifact_type, gsize blob_bytes_max, GError **error);

/* --- in a layout -------------------------------------------------------------------------- */

/*
 * A layout's index.json names images alone, so that who reads the one image it has does not meet two.
 * What refers to one is listed in referrers/sha256-HEX.json beside it, as the tag of that name would list it.
 */

/* As pv_referrer_push(). */
gboolean pv_referrer_keep(PvLayout *layout, const PvDigest *subject, const PvReferrer *referrer,
			  GError **error);

/* As pv_referrer_read(), of the layout @directory, whose blobs are @blobs. */
GPtrArray *pv_referrer_read_layout(PvBlobs *blobs, const char *directory, const PvDigest *subject,
				   const char *artifact_type, gsize blob_bytes_max);
