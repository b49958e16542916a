/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "isolate/container.h"
#include "isolate/spec.h"

/* One container to run with an OCI runtime, in the foreground. */
typedef struct {
	const char *runtime; /* a name or path; NULL: crun, else runc, whichever there is */
	const PvContainer *container;
	const GPtrArray *layers; /* of char *: unpacked, the base first */
	const PvImageCommand *command;
	char **given; /* NULL-terminated: what to run instead of the image's command */
	const PvProfile *profile;
	const GPtrArray *volumes; /* of PvVolume */
	gboolean terminal;        /* -t */
	gboolean interactive;     /* -i: keep standard input */
} PvLaunch;

/**
 * pv_launch_oci:
 *
 * Mounts, executes and waits. Signals that come here are passed on. When this process dies, by
 * whatever signal, so does the container, and its mounts go with it.
 *
 * Once the container's process was to be started, what went wrong is said on standard error and is
 * in the status, as with `docker run` (lookup.h).
 *
 * Errors: PV_ERROR_NOT_FOUND (no runtime), PV_ERROR_IO.
 *
 * Returns: TRUE and the exit status: the command's own, 128 + its signal, or one of lookup.h.
 */
gboolean pv_launch_oci(const PvLaunch *launch, int *ret_status, GError **error);
