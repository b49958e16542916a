/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/layout.h"

#define PV_LAYOUT_INGEST "ingest"

struct PvLayout {
	char *directory;
	gboolean is_new; /* made by this object */
};

/**
 * pv_layout_blob_path:
 *
 * Returns: (transfer full): where the blob is or will be.
 */
char *pv_layout_blob_path(const PvLayout *layout, const PvDigest *digest);
