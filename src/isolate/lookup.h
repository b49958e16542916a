/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* Exit statuses of `docker run`, which `pavise run` shares. */
#define PV_EXIT_REFUSED   125 /* Pavise itself, or the runtime, failed or refused */
#define PV_EXIT_NOT_RUN   126 /* the command is there and cannot be run */
#define PV_EXIT_NOT_FOUND 127 /* there is no such command */

/**
 * pv_lookup_command:
 * @root: a descriptor of the container's root file system
 * @command: what to run: a path, or a name to look for in PATH
 * @environment: the container's; without PATH the default one counts
 * @working_directory: where a relative path begins
 *
 * Finds out before the start what the start would end with, whatever the runtime makes of it.
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_IO (there, but not executable).
 *
 * Returns: 0, PV_EXIT_NOT_RUN or PV_EXIT_NOT_FOUND.
 */
int pv_lookup_command(int root, const char *command, char **environment,
		      const char *working_directory, GError **error);
