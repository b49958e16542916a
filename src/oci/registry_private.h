/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "oci/auth.h"
#include "oci/registry.h"

struct PvRegistry {
	PvHttp *http;
	PvAuth *auth;
	char *base; /* "https://host:port/v2/path" */
	char *name; /* for messages: "localhost:5000/a/b" */
	char *path;
	char *scope;
	GStringChunk *strings;
};

/**
 * pv_registry_fail:
 * @what: "blob sha256:…"
 *
 * Turns a status that is no success into an error, with the registry's own words if it has some.
 */
gboolean pv_registry_fail(const PvRegistry *registry, const PvHttpResponse *response,
			  const char *what, GError **error);

/**
 * pv_registry_put_manifest:
 * @ret_is_listed: (out) (optional): the registry took note of its `subject` (OCI-Subject)
 *
 * As pv_registry_push_manifest().
 */
gboolean pv_registry_put_manifest(PvRegistry *registry, const char *tag,
				  const PvDescriptor *descriptor, GBytes *bytes,
				  gboolean *ret_is_listed, GError **error);

/**
 * pv_registry_send_all:
 * @requests: @count; authorization is set here
 * @ret_responses: (out): @count, zeroed before; clear each
 *
 * Sends requests in parallel; those that were answered with 401 once more after authentication.
 * Fails with the first error.
 */
gboolean pv_registry_send_all(PvRegistry *registry, PvHttpRequest *requests, guint count,
			      const char *scope, PvHttpResponse *ret_responses, GError **error);
