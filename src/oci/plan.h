/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/blobs.h"
#include "oci/registry.h"

/* Where manifests come from: one of the two is set. */
typedef struct {
	PvRegistry *registry;
	PvBlobs *blobs;
} PvOrigin;

typedef struct {
	PvDescriptor descriptor;
	GBytes *bytes;
	PvManifest *manifest;
	guint depth;
} PvPlanManifest;

/* What a copy has to carry: all manifests, verified and in memory, and what they refer to. */
typedef struct {
	GPtrArray *manifests; /* of PvPlanManifest; the root first, an index before its entries */
	GArray *blobs;        /* of PvDescriptor; each once */
	guint64 bytes;        /* of the manifests, but the root's */
} PvPlan;

/**
 * pv_plan_new:
 * @root: (nullable): what to copy; NULL for @reference
 * @reference: (nullable): a registry's name
 * @select: TRUE to take one manifest out of an index
 * @platform: (nullable): for @select
 *
 * Returns: (transfer full): the plan, or NULL.
 */
PvPlan *pv_plan_new(const PvOrigin *origin, const PvDescriptor *root, const PvReference *reference,
		    gboolean select, const char *platform, GError **error);

void pv_plan_free(PvPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvPlan, pv_plan_free)

/**
 * pv_plan_root:
 *
 * Returns: (transfer none): the manifest or index that is copied.
 */
const PvPlanManifest *pv_plan_root(const PvPlan *plan);
