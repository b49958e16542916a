/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <cyaml/cyaml.h>
#include <glib.h>

/**
 * pv_yaml_load:
 * @text: untrusted
 * @max_bytes: refuse a longer text before it is looked at
 * @path: for messages
 * @schema: what may stand there; what is not in it is refused, and so are aliases
 * @ret_value: (out) (nullable): what @schema describes, free with pv_yaml_free(); NULL if @text
 *   says nothing. Its parts are GLib's memory and may be taken, with NULL left in their place.
 *
 * Errors: PV_ERROR_USAGE: the file, the line and the key; PV_ERROR_LIMIT.
 */
gboolean pv_yaml_load(GBytes *text, gsize max_bytes, const char *path,
		      const cyaml_schema_value_t *schema, void **ret_value, GError **error);

/* @value: (transfer full) (nullable): of pv_yaml_load() with the same @schema. */
void pv_yaml_free(const cyaml_schema_value_t *schema, void *value);
