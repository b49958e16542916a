/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/*
 * The one list of commands: the front dispatches by it, prints its help from it and completes
 * from it. Commands that need the same libraries share an executable in libexec.
 */
typedef struct {
	const char *name;
	const char *program; /* in libexec/pavise; called as `PROGRAM NAME ARGUMENTS…` */
	const char *summary; /* a clause of at most 60 characters */
} PvCommand;

extern const PvCommand pv_commands[];
extern const gsize pv_commands_count;

/**
 * pv_command_find:
 *
 * Returns: (transfer none): the command called @name, or NULL.
 */
const PvCommand *pv_command_find(const char *name);
