/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/digest.h"
#include "oci/image.h"

#define PV_MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define PV_MEDIA_OCI_INDEX       "application/vnd.oci.image.index.v1+json"
#define PV_MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"
#define PV_MEDIA_OCI_LAYER       "application/vnd.oci.image.layer.v1.tar"
#define PV_MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define PV_MEDIA_DOCKER_INDEX    "application/vnd.docker.distribution.manifest.list.v2+json"
#define PV_MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"

/* What images are made for. */
typedef struct {
	const char *os, *architecture;
	const char *variant; /* "" if there is none */
} PvPlatform;

typedef struct {
	PvDescriptor descriptor;
	PvPlatform platform;  /* os "" if the index does not say */
	const char *ref_name; /* org.opencontainers.image.ref.name, or NULL */
} PvIndexEntry;

/* A checked manifest or index. All strings live as long as it. */
typedef struct {
	GStringChunk *strings;
	gboolean is_index;
	const char *media_type;
	PvDescriptor config;  /* manifest */
	PvDescriptor *layers; /* manifest: layer_count of them, the base first */
	guint layer_count;
	PvIndexEntry *entries; /* index: entry_count of them */
	guint entry_count;
} PvManifest;

/**
 * pv_manifest_parse:
 * @bytes: untrusted
 * @media_type: (nullable): what the descriptor or the registry calls it; the text must not say
 * otherwise. NULL: what the text says
 * @what: for messages
 *
 * Reads an OCI or Docker schema 2 manifest, index or manifest list. A text that could be read as
 * both kinds is refused: two readers would see two images under one digest.
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED (schema 1, another media type).
 * Source: OCI image-spec 1.1 manifest.md, image-index.md; distribution's schema 2 specification.
 */
PvManifest *pv_manifest_parse(GBytes *bytes, const char *media_type, const char *what,
			      GError **error);

void pv_manifest_free(PvManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvManifest, pv_manifest_free)

/**
 * pv_manifest_is_index_type:
 * pv_manifest_is_known_type:
 */
gboolean pv_manifest_is_index_type(const char *media_type);
gboolean pv_manifest_is_known_type(const char *media_type);

/**
 * pv_platform_own:
 *
 * Returns: (transfer full): this machine's: "linux/amd64".
 */
char *pv_platform_own(void);

/**
 * pv_manifest_select:
 * @platform: (nullable): "os/architecture[/variant]"; NULL is this machine's
 *
 * Errors: PV_ERROR_USAGE (no platform), PV_ERROR_NOT_FOUND (none for it; says which there are).
 *
 * Returns: (transfer none): the first entry of the index for @platform, or NULL.
 */
const PvIndexEntry *pv_manifest_select(const PvManifest *index, const char *platform,
				       GError **error);

/* A checked image configuration. */
typedef struct {
	GStringChunk *strings;
	PvPlatform platform;
	PvDigest *diff_ids;      /* layer_count of them */
	const char **created_by; /* for each layer; "" if history does not say */
	guint layer_count;
} PvConfig;

/**
 * pv_config_parse:
 * @layer_count: how many layers the manifest has; another number of diff ids is PV_ERROR_SYNTAX
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED.
 * Source: OCI image-spec 1.1 config.md.
 */
PvConfig *pv_config_parse(GBytes *bytes, guint layer_count, const char *what, GError **error);

void pv_config_free(PvConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvConfig, pv_config_free)
