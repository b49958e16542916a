/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "program/cli/published.h"

/* What repo.c and repo_local.c share. */
typedef struct {
	PvTrustOptions trust;
	PvPassphrases *passphrases;
	char *root_key, *root_certificate;
	char **keys, **numbers, **root_uris;
	gboolean server, snapshot_here, all, remote, yes, stage, publish;
	int legacy, root_keys, threshold;
} PvRepoOptions;

/* The commands that ask no server: what is staged, and what is known here. */
gboolean pv_repo_status(PvRepoOptions *options, int argc, char **argv, GError **error);
gboolean pv_repo_reset(PvRepoOptions *options, int argc, char **argv, GError **error);
gboolean pv_repo_list(PvRepoOptions *options, int argc, char **argv, GError **error);
