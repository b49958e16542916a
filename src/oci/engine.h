/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "oci/auth.h"
#include "oci/reference.h"

/*
 * A Docker engine, as far as `docker trust sign` needs one: whether it has an image, and pushing it.
 * The engine belongs to the user; what it passes on from a registry does not, so its messages are
 * bounded and checked as any other input.
 */

/* Where an engine listens, and how TLS is spoken with it. */
typedef struct {
	char *url;    /* "http://localhost" behind a socket, "https://host:2376" */
	char *socket; /* path of a unix socket, or NULL */
	char *ca_file, *certificate_file, *key_file; /* may be NULL */
} PvEngineAddress;

void pv_engine_address_clear(PvEngineAddress *address);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvEngineAddress, pv_engine_address_clear)

/* What docker's own flags say; all may be NULL. */
typedef struct {
	const char *host;    /* --host */
	const char *context; /* --context */
	const char *ca_file, *certificate_file, *key_file;
	gboolean tls;
} PvEngineChoice;

/**
 * pv_engine_find:
 *
 * The engine that docker would speak to: --host, --context, DOCKER_HOST, DOCKER_CONTEXT, the
 * configuration's currentContext, else unix:///var/run/docker.sock. TLS always verifies.
 *
 * Errors: PV_ERROR_UNSUPPORTED (ssh and the like), PV_ERROR_NOT_FOUND (no such context),
 * PV_ERROR_SYNTAX.
 */
gboolean pv_engine_find(const PvEngineChoice *choice, PvEngineAddress *ret_address, GError **error);

/**
 * pv_engine_read_context:
 * @meta: untrusted: a context's meta.json
 *
 * Returns: (transfer full): the engine's host in it. Errors: PV_ERROR_SYNTAX.
 */
char *pv_engine_read_context(GBytes *meta, GError **error);

/* One message of the stream that a push answers with. */
typedef struct {
	char *id, *status;   /* NULL if not said; printable */
	char *problem;       /* the push failed: why */
	gboolean progress;   /* it tells how far something is, and nothing else */
	gboolean has_result; /* it says what was pushed: */
	char *tag;
	PvDigest digest; /* sha256 */
	guint64 size;
} PvEngineMessage;

void pv_engine_message_clear(PvEngineMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvEngineMessage, pv_engine_message_clear)

/**
 * pv_engine_message_parse:
 * @line: untrusted: one JSON object
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT.
 */
gboolean pv_engine_message_parse(GBytes *line, PvEngineMessage *ret_message, GError **error);

typedef struct PvEngine PvEngine;

PvEngine *pv_engine_new(const PvEngineAddress *address, GError **error);
void pv_engine_free(PvEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PvEngine, pv_engine_free)

/**
 * pv_engine_check_image:
 *
 * Errors: PV_ERROR_NOT_FOUND (the engine has no such image, in its own words), PV_ERROR_UNREACHABLE
 * (no engine answers), PV_ERROR_REFUSED.
 */
gboolean pv_engine_check_image(PvEngine *engine, const PvReference *image, GError **error);

typedef void (*PvEngineProgress)(void *user_data, const PvEngineMessage *message);

/**
 * pv_engine_push:
 * @image: with a tag
 * @credentials: (nullable): of the registry
 * @ret_digest: (out): of the manifest that was pushed
 * @ret_size: (out): bytes of it
 *
 * Errors: as above; PV_ERROR_REFUSED with the engine's or registry's reason; PV_ERROR_SERVER if the
 * engine does not say what it pushed.
 */
gboolean pv_engine_push(PvEngine *engine, const PvReference *image,
			const PvCredentials *credentials, PvEngineProgress progress,
			void *user_data, PvDigest *ret_digest, guint64 *ret_size, GError **error);
