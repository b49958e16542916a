/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* A part of a multipart/form-data body. */
typedef struct {
	char *filename; /* the raw parameter; "" if there is none */
	GBytes *data;
} PvUploadPart;

void pv_upload_part_free(PvUploadPart *part);

/**
 * pv_upload_parse:
 * @content_type: untrusted: the request's
 * @body: untrusted
 *
 * Reads the parts in file order (RFC 7578, RFC 2046 5.1.1). The file name is the raw parameter,
 * never a base name: a delegation's has slashes (trust.md 1.3).
 *
 * Errors: PV_ERROR_UNSUPPORTED (not multipart, no boundary), PV_ERROR_SYNTAX (no parts where some
 * should be, headers out of form), PV_ERROR_LIMIT. A body cut inside a part is no error here: what
 * is there of the part is given, and it is no JSON.
 *
 * Returns: (transfer full): PvUploadPart.
 */
GPtrArray *pv_upload_parse(const char *content_type, GBytes *body, GError **error);
