/* SPDX-License-Identifier: Apache-2.0 */

/* `hardware` of a rule in policy.yaml. */

#include <string.h>

#include "base/error.h"
#include "policy/policy.h"
#include "policy/policy_private.h"
#include "policy/reader.h"
#include "tuf/metadata.h"

#define AT_LEAST ">="

PvPolicyHardware *pv_policy_hardware_new(void)
{
	PvPolicyHardware *hardware = g_new0(PvPolicyHardware, 1);

	hardware->roles = g_new0(char *, 1);
	hardware->distinct_serials = TRUE;
	return hardware;
}

void pv_policy_hardware_free(PvPolicyHardware *hardware)
{
	if (!hardware)
		return;
	g_strfreev(hardware->roles);
	g_clear_pointer(&hardware->serials, g_array_unref);
	g_free(hardware);
}

static gboolean is_role(PvReader *reader, const char *item, void *data, GError **error)
{
	PvRoleKind kind;

	return pv_role_kind(item, &kind, NULL) ||
	       pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
			      "roles: '%s', expected root, targets, targets/NAME, snapshot or "
			      "timestamp",
			      item);
}

static gboolean read_roles(PvReader *reader, const char *key, void *into, GError **error)
{
	PvPolicyHardware *hardware = into;

	g_strfreev(hardware->roles);
	hardware->roles = pv_reader_list(reader, key, is_role, NULL, error);
	if (!hardware->roles)
		return FALSE;
	return hardware->roles[0] || pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
						    "roles: an empty list would demand nothing");
}

static gboolean read_touch(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "always", "cached", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	((PvPolicyHardware *)into)->touch = pv_touch_policy_parse(words[index]);
	return TRUE;
}

static gboolean read_pin(PvReader *reader, const char *key, void *into, GError **error)
{
	const char *const words[] = { "once", "always", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	((PvPolicyHardware *)into)->pin = pv_pin_policy_parse(words[index]);
	return TRUE;
}

static gboolean read_firmware(PvReader *reader, const char *key, void *into, GError **error)
{
	PvPolicyHardware *hardware = into;
	g_autofree char *text = pv_reader_value(reader, key, error);

	if (!text)
		return FALSE;
	hardware->has_firmware = TRUE;
	return (g_str_has_prefix(text, AT_LEAST) &&
		pv_firmware_parse(text + strlen(AT_LEAST), &hardware->firmware)) ||
	       pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
			      "firmware: '%s', expected such as \">=5.7.0\"", text);
}

static gboolean add_serial(PvReader *reader, const char *item, void *data, GError **error)
{
	guint64 serial;
	guint32 number;

	if (!g_ascii_string_to_unsigned(item, 10, 0, G_MAXUINT32, &serial, NULL))
		return pv_reader_fail(reader, PV_ERROR_SYNTAX, error,
				      "serials: '%s', expected a number up to 4294967295", item);
	number = (guint32)serial;
	g_array_append_val((GArray *)data, number);
	return TRUE;
}

static gboolean read_serials(PvReader *reader, const char *key, void *into, GError **error)
{
	PvPolicyHardware *hardware = into;
	g_auto(GStrv) items = NULL;

	hardware->serials = g_array_new(FALSE, FALSE, sizeof(guint32));
	items = pv_reader_list(reader, key, add_serial, hardware->serials, error);
	return items != NULL;
}

static gboolean read_flag(PvReader *reader, const char *key, gboolean *ret_flag, GError **error)
{
	const char *const words[] = { "false", "true", NULL };
	guint index;

	if (!pv_reader_word(reader, key, words, &index, error))
		return FALSE;
	*ret_flag = index == 1;
	return TRUE;
}

static gboolean read_distinct(PvReader *reader, const char *key, void *into, GError **error)
{
	return read_flag(reader, key, &((PvPolicyHardware *)into)->distinct_serials, error);
}

static gboolean read_fips(PvReader *reader, const char *key, void *into, GError **error)
{
	return read_flag(reader, key, &((PvPolicyHardware *)into)->fips, error);
}

static const PvReaderField fields[] = {
	{ "roles", read_roles },     { "touch", read_touch },
	{ "pin", read_pin },         { "firmware", read_firmware },
	{ "serials", read_serials }, { "distinct-serials", read_distinct },
	{ "fips", read_fips },
};

gboolean pv_reader_hardware(PvReader *reader, const char *key, void *into, GError **error)
{
	PvPolicyRule *rule = into;
	guint32 seen;

	if (!pv_reader_expect(reader, YAML_MAPPING_START_EVENT, "a mapping for 'hardware'", error))
		return FALSE;
	rule->hardware = pv_policy_hardware_new();
	return pv_reader_fields(reader, "'hardware'", fields, G_N_ELEMENTS(fields), rule->hardware,
				&seen, error);
}
