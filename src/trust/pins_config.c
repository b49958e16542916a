/* SPDX-License-Identifier: Apache-2.0 */

/* Pins as notary's config.json has them (trust.md 3.3). A damaged entry is never passed over. */

#include "trust/pins_config.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define MEMBER "trust_pinning"

char *pv_pins_file(const char *file, const char *base)
{
	if (g_str_has_prefix(file, "~/"))
		return g_build_filename(g_get_home_dir(), file + 2, NULL);
	if (g_path_is_absolute(file) || !base)
		return g_strdup(file);
	return g_build_filename(base, file, NULL);
}

static GPtrArray *ids_of(const char *gun, const json_t *list, GError **error)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	json_t *item;
	gsize i;

	if (!json_is_array(list))
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    MEMBER ": certs of \"%.128s\" is no list of key ids", gun);
	if (json_array_size(list) > PV_PINS_MAX)
		return pv_fail_null(error, PV_ERROR_LIMIT,
				    MEMBER ": more than %d key ids for \"%.128s\"", PV_PINS_MAX,
				    gun);
	json_array_foreach((json_t *)list, i, item) {
		if (!json_is_string(item))
			return pv_fail_null(error, PV_ERROR_SYNTAX,
					    MEMBER ": key id %zu of \"%.128s\" is no string", i,
					    gun);
		g_ptr_array_add(ids, g_strdup(json_string_value(item)));
	}
	return g_steal_pointer(&ids);
}

static gboolean check_table(const json_t *table, const char *name, GError **error)
{
	if (table && !json_is_object(table) && !json_is_null(table))
		return pv_fail(error, PV_ERROR_SYNTAX, MEMBER ": %s is no object", name);
	if (json_object_size(table) > PV_PINS_MAX)
		return pv_fail(error, PV_ERROR_LIMIT, MEMBER ": more than %d members in %s",
			       PV_PINS_MAX, name);
	return TRUE;
}

static gboolean read_certs(PvPins *pins, const json_t *table, GError **error)
{
	const char *gun;
	json_t *value;

	if (!check_table(table, "certs", error))
		return FALSE;
	json_object_foreach((json_t *)table, gun, value) {
		GPtrArray *ids = ids_of(gun, value, error);

		if (!ids)
			return FALSE;
		g_hash_table_insert(pins->certs, g_strdup(gun), ids);
	}
	return TRUE;
}

static gboolean read_ca(PvPins *pins, const json_t *table, const char *base, GError **error)
{
	const char *gun;
	json_t *value;

	if (!check_table(table, "ca", error))
		return FALSE;
	json_object_foreach((json_t *)table, gun, value) {
		if (!json_is_string(value))
			return pv_fail(error, PV_ERROR_SYNTAX,
				       MEMBER ": ca of \"%.128s\" is no file name", gun);
		g_hash_table_insert(pins->ca, g_strdup(gun),
				    pv_pins_file(json_string_value(value), base));
	}
	return TRUE;
}

PvPins *pv_pins_read(const json_t *config, const char *base, GError **error)
{
	g_autoptr(PvPins) pins = pv_pins_new();
	const json_t *disable = json_object_get(config, "disable_tofu");

	if (config && !json_is_object(config))
		return pv_fail_null(error, PV_ERROR_SYNTAX, MEMBER " is no object");
	if (disable && !json_is_boolean(disable))
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    MEMBER ": disable_tofu is neither true nor false");
	pins->disable_tofu = json_is_true(disable);
	if (!read_certs(pins, json_object_get(config, "certs"), error) ||
	    !read_ca(pins, json_object_get(config, "ca"), base, error))
		return NULL;
	return g_steal_pointer(&pins);
}
