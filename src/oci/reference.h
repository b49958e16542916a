/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

#include "crypto/digest.h"

/* A normalised name of an image in a registry: "docker.io", "library/debian", "12", … */
typedef struct {
	char *host; /* "docker.io", "localhost:5000", "[::1]:5000" */
	char *path; /* "library/debian" */
	char *tag;  /* NULL only if there is a digest */
	gboolean has_digest;
	PvDigest digest;
} PvReference;

void pv_reference_clear(PvReference *reference);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvReference, pv_reference_clear)

/**
 * pv_reference_parse:
 * @text: untrusted: "debian", "debian:12", "localhost:5000/a/b@sha256:…", "h/p:tag@sha256:…"
 *
 * Reads a reference as Docker does: without a host it is docker.io's, there without a slash it is
 * library's, without tag and digest it is ":latest".
 *
 * Errors: PV_ERROR_SYNTAX, PV_ERROR_LIMIT, PV_ERROR_UNSUPPORTED (another hash).
 * Source: distribution/reference (reference.go, normalize.go).
 */
gboolean pv_reference_parse(const char *text, PvReference *ret_reference, GError **error);

/**
 * pv_reference_format:
 *
 * Returns: (transfer full): all of it: "docker.io/library/debian:12@sha256:…".
 */
char *pv_reference_format(const PvReference *reference);

/**
 * pv_reference_repository:
 *
 * Returns: (transfer full): without tag and digest: "docker.io/library/debian", which is also the
 * GUN of Docker Content Trust.
 */
char *pv_reference_repository(const PvReference *reference);

/**
 * pv_reference_is_tag:
 *
 * Returns: TRUE if @text is 1 to 128 bytes of [A-Za-z0-9_.-] and does not begin with "." or "-".
 */
gboolean pv_reference_is_tag(const char *text);

typedef enum {
	PV_SOURCE_REGISTRY,       /* docker://REF or REF */
	PV_SOURCE_LAYOUT,         /* oci:DIR[:NAME] or oci:DIR@sha256:… */
	PV_SOURCE_DOCKER_ARCHIVE, /* docker-archive:FILE[:REF] */
	PV_SOURCE_OCI_ARCHIVE,    /* oci-archive:FILE[:NAME] */
	PV_SOURCE_DIRECTORY,      /* dir:PATH */
	PV_SOURCE_SBOM,           /* sbom:FILE */
	PV_SOURCE_STDIN           /* - */
} PvSourceKind;

/* Where an image is, as design.md section 6 names it. */
typedef struct {
	PvSourceKind kind;
	char *path;            /* NULL for a registry and standard input */
	char *name;            /* layout and archives: NULL if not given */
	PvReference reference; /* registry only */
	gboolean has_digest;   /* layout only */
	PvDigest digest;
} PvSource;

void pv_source_clear(PvSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PvSource, pv_source_clear)

/**
 * pv_source_parse:
 *
 * A layout's or archive's path ends at its first colon, as for skopeo.
 *
 * Errors: PV_ERROR_USAGE (a scheme without what belongs after it), and those of
 * pv_reference_parse().
 */
gboolean pv_source_parse(const char *text, PvSource *ret_source, GError **error);
