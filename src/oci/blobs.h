/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/image.h"
#include "oci/manifest.h"
#include "oci/reference.h"

/*
 * Blobs by digest on this machine, wherever they are: a layout, an OCI archive, or a docker archive,
 * for which the manifest it lacks is made up from its configuration.
 */
typedef struct PvBlobs PvBlobs;

/**
 * pv_blobs_open:
 * @source: a layout, an archive or standard input
 *
 * Errors: PV_ERROR_USAGE (another kind of source), and those of pv_image_open().
 */
PvBlobs *pv_blobs_open(const PvSource *source, GError **error);

void pv_blobs_free(PvBlobs *blobs);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvBlobs, pv_blobs_free)

/**
 * pv_blobs_root:
 *
 * Returns: (transfer none): what @source named: a manifest or index.
 */
const PvDescriptor *pv_blobs_root(const PvBlobs *blobs);

/**
 * pv_blobs_is_docker_archive:
 *
 * Returns: TRUE if the manifest is made up.
 */
gboolean pv_blobs_is_docker_archive(const PvBlobs *blobs);

/**
 * pv_blobs_read:
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_DIGEST, PV_ERROR_LIMIT, PV_ERROR_IO.
 *
 * Returns: (transfer full): a whole blob, verified.
 */
GBytes *pv_blobs_read(PvBlobs *blobs, const PvDescriptor *descriptor, gsize max_bytes,
		      GError **error);

/**
 * pv_blobs_range:
 *
 * Finds a blob's bytes, unverified but for their length; fd stays the blobs'.
 */
gboolean pv_blobs_range(PvBlobs *blobs, const PvDescriptor *descriptor, PvBlobRange *ret_range,
			GError **error);
