/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/http.h"
#include "oci/image.h"
#include "oci/layout.h"
#include "oci/reference.h"

/*
 * One repository of a registry that speaks the OCI distribution API (distribution-spec 1.1) or
 * Docker's V2, with its authentication. Nothing it says is believed: manifests and blobs are hashed.
 */
typedef struct PvRegistry PvRegistry;

/**
 * pv_registry_client:
 * @ca_file: (nullable): --tlscacert
 * @slow_seconds: 0 for the default
 *
 * Returns: (transfer full): an HTTP client set up for registries: authorities and certificates also
 * from ~/.config/docker/certs.d and /etc/docker/certs.d.
 */
PvHttp *pv_registry_client(const char *ca_file, guint slow_seconds, GError **error);

/**
 * pv_registry_open:
 * @http: (transfer none): outlives the registry
 * @reference: whose host and path count
 * @may_push: ask for the right to push as well
 *
 * Loads credentials from Docker's config.json. A registry on this machine is asked whether it
 * speaks plain HTTP; all others are spoken to by https.
 */
PvRegistry *pv_registry_open(PvHttp *http, const PvReference *reference, gboolean may_push,
			     GError **error);

void pv_registry_free(PvRegistry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvRegistry, pv_registry_free)

/**
 * pv_registry_manifest:
 * @tag: (nullable): by this name,
 * @digest: (nullable): or by this digest, which the bytes must have; wins over @tag
 * @ret_descriptor: (out): what the bytes are; media_type belongs to @registry
 *
 * Errors: PV_ERROR_NOT_FOUND, PV_ERROR_DIGEST, PV_ERROR_UNAUTHORIZED, PV_ERROR_UNREACHABLE,
 * PV_ERROR_SERVER, PV_ERROR_SYNTAX, PV_ERROR_UNSUPPORTED.
 *
 * Returns: (transfer full): the manifest or index, checked by pv_manifest_parse().
 */
GBytes *pv_registry_manifest(PvRegistry *registry, const char *tag, const PvDigest *digest,
			     PvDescriptor *ret_descriptor, GError **error);

/**
 * PvBlobProgress:
 * @done: bytes there now, of descriptor->size; equal at the end
 */
typedef void (*PvBlobProgress)(void *user_data, const PvDescriptor *descriptor, guint64 done);

/**
 * pv_registry_fetch:
 *
 * Fetches blobs that @layout has not, PV_HTTP_PARALLEL at a time; broken-off ones are continued.
 *
 * Errors: PV_ERROR_DIGEST (bytes that are not what the manifest says: none of them is stored) and
 * those of pv_registry_manifest().
 */
gboolean pv_registry_fetch(PvRegistry *registry, PvLayout *layout, const PvDescriptor *blobs,
			   guint count, PvBlobProgress progress, void *user_data, GError **error);

/* A blob to push: what it is and where its bytes are. */
typedef struct {
	PvDescriptor descriptor;
	PvBlobRange range;
} PvPushBlob;

/**
 * pv_registry_push:
 * @from: (nullable): the path of another repository of this registry that has them: mounted from
 * there if the registry allows
 *
 * Pushes blobs that the repository has not. Each is hashed on its way, and a wrong one is broken off
 * before its last byte is sent.
 */
gboolean pv_registry_push(PvRegistry *registry, const PvPushBlob *blobs, guint count,
			  const char *from, PvBlobProgress progress, void *user_data,
			  GError **error);

/**
 * pv_registry_mount:
 *
 * Makes the registry take blobs from its repository @from without sending them.
 *
 * @ret_left: (out): TRUE for each blob that still has to be pushed; @count of them
 */
gboolean pv_registry_mount(PvRegistry *registry, const PvDescriptor *blobs, guint count,
			   const char *from, gboolean *ret_left, GError **error);

/**
 * pv_registry_push_manifest:
 * @tag: (nullable): by digest only if NULL
 */
gboolean pv_registry_push_manifest(PvRegistry *registry, const char *tag,
				   const PvDescriptor *descriptor, GBytes *bytes, GError **error);
