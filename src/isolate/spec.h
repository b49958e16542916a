/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/json.h"
#include "isolate/user.h"
#include "policy/profile.h"

/* What an image says about the command it runs, checked. */
typedef struct {
	char *architecture;
	GStrv environment; /* NAME=VALUE */
	GStrv entrypoint, command;
	char *working_directory; /* absolute; "/" if it says nothing */
	char *user;              /* "" if it says nothing */
} PvImageCommand;

void pv_image_command_free(PvImageCommand *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvImageCommand, pv_image_command_free)

/**
 * pv_image_command_parse:
 * @config: an image configuration, untrusted
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT; PV_ERROR_ESCAPE (a working directory in /proc or /sys).
 * Source: OCI image-spec 1.1 config.md.
 */
PvImageCommand *pv_image_command_parse(GBytes *config, GError **error);

/* Everything a config.json is made of. */
typedef struct {
	const PvImageCommand *command;
	const char *const *arguments; /* what to run, with its arguments */
	const PvUser *user;
	const PvProfile *profile;
	const char *id;
	const char *rootfs;
	guint32 first; /* of the container's ids */
	gboolean terminal;
	const GPtrArray *sources; /* of char *: where volumes are, */
	const GPtrArray *volumes; /* of PvVolume: and where they go */
} PvSpec;

/**
 * pv_spec_arguments:
 * @given: what the user wants to run; empty for what the image says
 *
 * Errors: PV_ERROR_USAGE (neither says).
 *
 * Returns: (transfer full): the entry point, if any, and @given or the image's command.
 */
GStrv pv_spec_arguments(const PvImageCommand *command, char **given, GError **error);

/**
 * pv_spec_json:
 *
 * Returns: (transfer full): config.json of an OCI bundle.
 * Source: OCI runtime-spec 1.0 config.md, config-linux.md.
 */
json_t *pv_spec_json(const PvSpec *spec);
