/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "program/docker/image.h"

/* A Docker engine, spoken to by pavise-image: this process holds keys and links no HTTP. */

/**
 * pv_docker_engine_check:
 *
 * Whether the engine has the image. Errors: PV_ERROR_NOT_FOUND (it has not: in its own words),
 * PV_ERROR_UNREACHABLE (no engine answers), PV_ERROR_REFUSED.
 */
gboolean pv_docker_engine_check(const PvDocker *docker, const PvDockerImage *image, GError **error);

/**
 * pv_docker_engine_push:
 * @ret_content: (out): digest and size of the manifest that was pushed
 *
 * Pushes the image and shows how it goes on standard output, as docker does. Errors: as above.
 */
gboolean pv_docker_engine_push(const PvDocker *docker, const PvDockerImage *image,
			       PvFileMeta *ret_content, GError **error);
