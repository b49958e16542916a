/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/metadata.h"

/**
 * pv_resolve_manifest:
 * @reference: of a registry
 * @ret_content: (out): digest and size of the manifest that it names
 *
 * Asks the registry through pavise-image, which links the HTTP that programs with keys do not.
 *
 * Errors: PV_ERROR_NOT_FOUND (with its reason).
 */
gboolean pv_resolve_manifest(const char *reference, PvFileMeta *ret_content, GError **error);
