/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/plan.h"

/**
 * pv_archive_make_header:
 * @header: (out): 512 bytes
 * @name: more than 100 bytes are cut off: say them before, in an entry of type 'L'
 * @size: eight gigabytes and more are written in GNU's base 256
 */
void pv_archive_make_header(guint8 *header, const char *name, char type, guint64 size);

/**
 * pv_archive_write_oci:
 * @path: the file to make or replace, once all is in it
 * @name: (nullable): org.opencontainers.image.ref.name
 * @blobs: where the plan's blobs are
 *
 * Writes an OCI layout as a tar: same content, same bytes.
 *
 * Errors: PV_ERROR_DIGEST, PV_ERROR_IO.
 */
gboolean pv_archive_write_oci(const char *path, const char *name, const PvPlan *plan,
			      PvBlobs *blobs, GError **error);

/**
 * pv_archive_write_docker:
 * @name: (nullable): for RepoTags
 *
 * Writes what `docker load` reads: configuration, layers as plain tars, manifest.json. The plan's
 * root must be a manifest. Both digests of each layer are checked.
 */
gboolean pv_archive_write_docker(const char *path, const char *name, const PvPlan *plan,
				 PvBlobs *blobs, GError **error);
