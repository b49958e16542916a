/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "tuf/client.h"

/* What `docker trust inspect` tells of a repository, without I/O. */

#define PV_DOCKER_ADMIN "Repo Admin" /* who signs without a delegation */

/* A released tag: one that targets or targets/releases name. */
typedef struct {
	char *tag;
	char *digest; /* hex of sha256 */
	GPtrArray *
		signers; /* of char*, in the order of the delegations; empty: the repository's key */
} PvDockerRow;

/**
 * pv_docker_rows:
 * @tag: (nullable): NULL is all
 *
 * Returns: (transfer full): PvDockerRow of each released tag and digest, in natural order.
 */
GPtrArray *pv_docker_rows(const PvTufState *state, const char *tag);

/* Those who may sign. */
typedef struct {
	char *name;
	GPtrArray *keys; /* of char*: canonical ids, in the order of the metadata */
} PvDockerSigner;

/**
 * pv_docker_signers:
 *
 * Returns: (transfer full): PvDockerSigner of each delegation but releases, by name.
 */
GPtrArray *pv_docker_signers(const PvTufState *state);

/**
 * pv_docker_compare_natural:
 *
 * Compares as people count: "2" before "10".
 */
int pv_docker_compare_natural(const char *a, const char *b);
