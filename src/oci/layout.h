/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/image.h"
#include "oci/manifest.h"

/*
 * An OCI image layout on disk: oci-layout, index.json, blobs/ALGORITHM/DIGITS, and our own ingest/
 * for what is still arriving. A blob's name exists only with its verified content.
 */
typedef struct PvLayout PvLayout;

/**
 * pv_layout_open:
 * @writable: make it if @directory is missing or empty; refuse a directory of something else
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_SYNTAX (another version), PV_ERROR_USAGE (not a layout),
 * PV_ERROR_IO.
 * Source: OCI image-spec 1.1 image-layout.md.
 */
PvLayout *pv_layout_open(const char *directory, gboolean writable, GError **error);

void pv_layout_free(PvLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvLayout, pv_layout_free)

/**
 * pv_layout_discard_new:
 *
 * Removes the layout again if pv_layout_open() made it: after content that was not what its digest
 * says, nothing of it stays.
 */
void pv_layout_discard_new(PvLayout *layout);

/**
 * pv_layout_has:
 *
 * Returns: TRUE if the blob is there with the descriptor's size. Its content was verified when it
 * got its name and is verified by who reads it.
 */
gboolean pv_layout_has(const PvLayout *layout, const PvDescriptor *descriptor);

/**
 * pv_layout_open_blob:
 * @ret_range: (out): its fd belongs to the caller
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO, PV_ERROR_DIGEST if its length differs.
 */
gboolean pv_layout_open_blob(const PvLayout *layout, const PvDescriptor *descriptor,
			     PvBlobRange *ret_range, GError **error);

/**
 * pv_layout_index:
 *
 * Returns: (transfer full): index.json, or NULL.
 */
PvManifest *pv_layout_index(const PvLayout *layout, GError **error);

/**
 * pv_layout_write:
 *
 * Stores @bytes, which must be what @descriptor says, as a blob.
 */
gboolean pv_layout_write(PvLayout *layout, const PvDescriptor *descriptor, GBytes *bytes,
			 GError **error);

/**
 * pv_layout_publish:
 * @name: (nullable): org.opencontainers.image.ref.name; who has it loses it
 *
 * Enters @descriptor into index.json, atomically and under a lock. What it refers to must be in the
 * layout already.
 */
gboolean pv_layout_publish(PvLayout *layout, const PvDescriptor *descriptor, const char *name,
			   GError **error);

/* A blob that arrives. It belongs to one process at a time (a file lock), survives kill -9, and
 * the next ingest of the same digest goes on where it ended. */
typedef struct PvIngest PvIngest;

/**
 * pv_ingest_open:
 *
 * Opens ingest/ALGORITHM-DIGITS, waits for another process that is at it, and hashes what is there
 * from its first byte.
 */
PvIngest *pv_ingest_open(PvLayout *layout, const PvDescriptor *descriptor, GError **error);

/**
 * pv_ingest_free:
 *
 * Leaves what has arrived so far for the next time.
 */
void pv_ingest_free(PvIngest *ingest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvIngest, pv_ingest_free)

/**
 * pv_ingest_offset:
 *
 * Returns: how many bytes are there.
 */
guint64 pv_ingest_offset(const PvIngest *ingest);

/**
 * pv_ingest_restart:
 *
 * Throws away what is there.
 */
gboolean pv_ingest_restart(PvIngest *ingest, GError **error);

/**
 * pv_ingest_feed:
 *
 * Errors: PV_ERROR_DIGEST (longer than the descriptor says), PV_ERROR_IO.
 */
gboolean pv_ingest_feed(PvIngest *ingest, const guint8 *data, gsize size, GError **error);

/**
 * pv_ingest_commit:
 *
 * Compares length and digest; only then the blob gets its name. A wrong one is removed.
 *
 * Errors: PV_ERROR_DIGEST, PV_ERROR_IO.
 */
gboolean pv_ingest_commit(PvIngest *ingest, GError **error);

/**
 * pv_ingest_copy:
 *
 * Feeds @range to an ingest of @descriptor and commits it; nothing to do if it is there.
 */
gboolean pv_ingest_copy(PvLayout *layout, const PvDescriptor *descriptor, const PvBlobRange *range,
			GError **error);
