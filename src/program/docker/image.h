/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "program/docker/docker.h"

/* An image that the user named, and its repository's trust data. */
typedef struct {
	const char *name;      /* as given */
	PvReference reference; /* its tag is not to be looked at: see @tag */
	char *gun;
	const char *tag; /* NULL if none was given, or a digest */
	PvRepository *repository;
	char *root;     /* where the trust directory keeps its root */
	gboolean known; /* it did before; what we initialise ourselves counts */
} PvDockerImage;

/**
 * pv_docker_image_open:
 *
 * Errors: PV_ERROR_SYNTAX (not a reference), PV_ERROR_USAGE (a server that is not https).
 */
gboolean pv_docker_image_open(const PvDocker *docker, const char *name, PvDockerImage *ret_image,
			      GError **error);

/* Says on standard error that a root was trusted at first sight, if one was. */
void pv_docker_image_clear(PvDockerImage *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvDockerImage, pv_docker_image_clear)

/**
 * pv_docker_image_state:
 * @only: (nullable): the one tag that is asked for
 *
 * The trust data as Docker reads it: from the cache, with a warning, if the server does not answer.
 */
PvTufState *pv_docker_image_state(PvDockerImage *image, const char *only, GError **error);

/* "HOST does not have trust data for GUN" */
char *pv_docker_image_absent(const PvDockerImage *image);

/**
 * pv_docker_image_explain:
 *
 * Puts Docker's sentence for this kind of failure before @error's own.
 */
void pv_docker_image_explain(const PvDockerImage *image, const char *name, GError *error);

/**
 * pv_docker_image_signable:
 * @edit: the repository's trust data
 *
 * Returns: (transfer container): names of the roles that a target @tag is signed into: delegations
 * that have a key here; targets if there is no delegation.
 *
 * Errors: PV_ERROR_KEY if no delegation's key is here.
 */
GPtrArray *pv_docker_image_signable(const PvDockerImage *image, const PvEdit *edit, const char *tag,
				    GError **error);
