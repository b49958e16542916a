/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/metadata.h"

/**
 * pv_resolve_manifest:
 * @reference: of a registry
 * @platform: (nullable): which manifest of an index; NULL is the index itself
 * @ret_content: (out): digest and size of the manifest that it names
 *
 * Asks the registry through pavise-image, which links the HTTP that programs with keys do not.
 *
 * Errors: PV_ERROR_NOT_FOUND (with its reason).
 */
gboolean pv_resolve_manifest(const char *reference, const char *platform, PvFileMeta *ret_content,
			     GError **error);
