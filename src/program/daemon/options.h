/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "service/config.h"

/* What `pavise serve` is told: its configuration file, and the command line, which wins. */
typedef struct {
	PvServiceConfig *config;
	char *host;
	guint16 port;
	gboolean is_data_default;
} PvServeOptions;

void pv_serve_options_clear(PvServeOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvServeOptions, pv_serve_options_clear)

/**
 * pv_serve_options_parse:
 *
 * Errors: PV_ERROR_USAGE and those of the configuration files.
 */
gboolean pv_serve_options_parse(int argc, char **argv, PvServeOptions *ret_options, GError **error);
