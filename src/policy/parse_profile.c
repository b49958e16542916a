/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The profiles of policy.yaml. A profile that does not name its capabilities has those of "default";
 * one that does not name what may be mounted has nothing of this machine.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "policy/policy_private.h"
#include "policy/reader.h"

static gboolean add_capability(PvReader *reader, const char *item, void *data, GError **error)
{
	int capability = pv_profile_capability(item);

	if (capability < 0)
		return pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "unknown capability '%s'",
				      item);
	((PvProfile *)data)->capabilities |= (guint64)1 << capability;
	return TRUE;
}

static gboolean read_capabilities(PvReader *reader, const char *key, void *into, GError **error)
{
	PvProfile *profile = into;
	g_auto(GStrv) items = NULL;

	profile->capabilities = 0;
	items = pv_reader_list(reader, key, add_capability, profile, error);
	return items != NULL;
}

static gboolean is_directory_name(PvReader *reader, const char *item, void *data, GError **error)
{
	g_autofree char *plain = g_canonicalize_filename(item, "/");

	if (item[0] == '/' && (g_str_equal(plain, item) || item[strlen(item) - 1] == '/'))
		return TRUE;
	return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
			      "mounts: '%s', expected an absolute path without '.' and '..'", item);
}

static gboolean read_mounts(PvReader *reader, const char *key, void *into, GError **error)
{
	PvProfile *profile = into;

	profile->mounts = pv_reader_list(reader, key, is_directory_name, NULL, error);
	return profile->mounts != NULL;
}

static gboolean read_network(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "none", "host", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	((PvProfile *)into)->host_network = index == 1;
	return TRUE;
}

static gboolean read_read_only(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "false", "true", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	((PvProfile *)into)->read_only = index == 1;
	return TRUE;
}

static gboolean read_user(PvReader *reader, const char *key, void *into, GError **error)
{
	return (((PvProfile *)into)->user = pv_reader_value(reader, key, error)) != NULL;
}

static const PvReaderField profile_fields[] = {
	{ "capabilities", read_capabilities },
	{ "mounts", read_mounts },
	{ "network", read_network },
	{ "read-only", read_read_only },
	{ "user", read_user },
};

static gboolean read_profile(PvReader *reader, GError **error)
{
	g_autofree char *name = pv_reader_scalar(reader, error);
	g_autoptr(PvProfile) profile = NULL, standard = pv_profile_built_in("default");
	guint32 seen;

	if (!name)
		return FALSE;
	if (g_hash_table_contains(reader->policy->profiles, name))
		return pv_reader_fail(reader, PV_ERROR_SYNTAX, error, "profile '%s' %s", name,
				      g_str_equal(name, "default") || g_str_equal(name, "strict")
					      ? "is built in; choose another name"
					      : "twice");
	if (g_hash_table_size(reader->policy->profiles) >= PV_POLICY_ITEMS_MAX)
		return pv_reader_fail(reader, PV_ERROR_LIMIT, error, "more than %d profiles",
				      PV_POLICY_ITEMS_MAX);
	if (!pv_reader_expect(reader, YAML_MAPPING_START_EVENT, "a mapping for the profile", error))
		return FALSE;
	profile = pv_profile_new(name);
	profile->capabilities = standard->capabilities;
	if (!pv_reader_fields(reader, "a profile", profile_fields, G_N_ELEMENTS(profile_fields),
			      profile, &seen, error))
		return FALSE;
	/* Within a policy nothing of this machine is mounted that it does not name. */
	if (!profile->mounts)
		profile->mounts = g_new0(char *, 1);
	g_hash_table_insert(reader->policy->profiles, g_steal_pointer(&name), profile);
	g_steal_pointer(&profile);
	return TRUE;
}

gboolean pv_reader_profiles(PvReader *reader, const char *key, void *into, GError **error)
{
	if (!pv_reader_expect(reader, YAML_MAPPING_START_EVENT, "a mapping of profiles", error))
		return FALSE;
	while (pv_reader_next(reader, error)) {
		if (reader->event.type == YAML_MAPPING_END_EVENT)
			return TRUE;
		if (reader->event.type != YAML_SCALAR_EVENT)
			return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
					      "expected a profile's name, found %s",
					      pv_reader_found(reader));
		if (!read_profile(reader, error))
			return FALSE;
	}
	return FALSE;
}
