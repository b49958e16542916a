/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>
#include <jansson.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/**
 * pv_json_load:
 * @bytes: untrusted
 * @max_bytes: refuse a longer text
 * @what: for messages: a file name or a URL
 *
 * Parses one JSON value that is the whole of @bytes: duplicate members, more than
 * PV_JSON_DEPTH_MAX levels, invalid UTF-8 and trailing bytes are refused. Trust metadata is not
 * read here but by base/canonical.
 *
 * Errors: PV_ERROR_LIMIT, PV_ERROR_SYNTAX (with line and column).
 *
 * Returns: (transfer full): the value, or NULL.
 */
json_t *pv_json_load(GBytes *bytes, gsize max_bytes, const char *what, GError **error);

/**
 * pv_json_string:
 * @object: an object or NULL
 *
 * Returns: (transfer none): the string member @name, or NULL if there is none or it is no string.
 */
const char *pv_json_string(const json_t *object, const char *name);

/**
 * pv_json_text:
 * @pretty: TRUE for people (indented), FALSE for one line
 *
 * Writes with members in the order they were set and non-ASCII as UTF-8.
 *
 * Returns: (transfer full): text that ends with a newline.
 */
char *pv_json_text(const json_t *value, gboolean pretty);
