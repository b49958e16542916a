/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/archive.h"
#include "oci/manifest.h"

/* What a docker archive holds, as an image: a manifest is made from its configuration. */
typedef struct {
	PvDescriptor descriptor; /* of @manifest; media_type is static */
	GBytes *manifest;
	PvDescriptor config;
	GBytes *config_bytes;
	guint layer_count;
	PvDescriptor *layers; /* the tars; digest is the diff id, not verified yet */
	PvBlobRange *ranges;
} PvDockerArchive;

/**
 * pv_docker_archive_read:
 * @name: (nullable): which of several images: one of its RepoTags
 *
 * Reads manifest.json and the configuration it names.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_USAGE (several images and no @name), PV_ERROR_NOT_FOUND,
 * PV_ERROR_DIGEST (a configuration that is not what its name says), PV_ERROR_UNSUPPORTED
 * (compressed layers).
 * Source: docker save's manifest.json.
 */
PvDockerArchive *pv_docker_archive_read(const PvArchive *archive, const char *name, GError **error);

void pv_docker_archive_free(PvDockerArchive *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvDockerArchive, pv_docker_archive_free)
