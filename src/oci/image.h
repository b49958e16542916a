/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/digest.h"

/*
 * An image that lies on this machine: an OCI layout (`oci:DIR[:TAG]`), a docker archive
 * (`docker-archive:FILE`), an OCI archive (`oci-archive:FILE`) or an archive on standard input
 * (`-`). An image in a registry is first copied to a layout by `pavise-image copy`, so that only
 * that program links an HTTP client.
 *
 * What is read here is checked against its digest before it is returned, except layers: they are
 * handed out as byte ranges, and who reads one (the worker) hashes it in the same pass and compares.
 */

typedef struct {
	PvDigest digest;
	guint64 size;           /* bytes */
	const char *media_type; /* owned by the image */
} PvDescriptor;

/* The bytes of a layer: @size bytes from @offset of @fd. @fd stays the image's; dup it to keep it. */
typedef struct {
	int fd;
	guint64 offset;
	guint64 size;
} PvBlobRange;

typedef struct PvImage PvImage;

/**
 * pv_image_open:
 * @source: as above
 * @platform: (nullable): "os/architecture[/variant]" to choose from an index; NULL for this machine's
 *
 * Errors: PV_ERROR_USAGE (not a local source), PV_ERROR_NOT_FOUND, PV_ERROR_DIGEST (bytes that are
 * not what the index or manifest says), PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED.
 * Source: OCI image-spec 1.1 (manifest.md, config.md, image-layout.md); docker save's manifest.json.
 *
 * Returns: (transfer full): the image, or NULL.
 */
PvImage *pv_image_open(const char *source, const char *platform, GError **error);

void pv_image_free(PvImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvImage, pv_image_free)

/**
 * pv_image_manifest:
 *
 * Returns: (transfer none): the manifest's descriptor. A docker archive has no manifest: then it is
 * the configuration's (the image id).
 */
const PvDescriptor *pv_image_manifest(const PvImage *image);

/**
 * pv_image_config:
 *
 * Returns: (transfer none): the verified bytes of the image configuration (config.md).
 */
GBytes *pv_image_config(const PvImage *image);

guint pv_image_layer_count(const PvImage *image);

/**
 * pv_image_layer:
 *
 * Returns: (transfer none): the descriptor of layer @index, 0 being the base. In a docker archive
 * the layer's bytes are the tar itself, and digest equals diff id.
 */
const PvDescriptor *pv_image_layer(const PvImage *image, guint index);
const PvDigest *pv_image_diff_id(const PvImage *image, guint index);

/**
 * pv_image_created_by:
 *
 * Returns: (transfer none): history's created_by of the layer, "" if there is none.
 */
const char *pv_image_created_by(const PvImage *image, guint index);

/**
 * pv_image_open_layer:
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO; PV_ERROR_DIGEST if the file's length is not the
 * descriptor's.
 */
gboolean pv_image_open_layer(PvImage *image, guint index, PvBlobRange *ret_range, GError **error);
