/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where a key lives, as JSON: what `pavise verify --json` prints, and `pavise admit` reads from the
 * program that holds the trust directory.
 */

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "trust/hardware.h"

static const char *const states[] = {
	[PV_HARDWARE_UNKNOWN] = "unknown",     [PV_HARDWARE_IMPORTED] = "not-attestable",
	[PV_HARDWARE_ATTESTED] = "attested",   [PV_HARDWARE_FOREIGN] = "foreign-root",
	[PV_HARDWARE_OTHER_KEY] = "other-key", [PV_HARDWARE_INVALID] = "invalid",
};

static const char *const kinds[] = {
	[PV_KEY_ECDSA] = "ecdsa", [PV_KEY_RSA] = "rsa", [PV_KEY_ED25519] = "ed25519"
};

static json_t *json_of_facts(const PvHardware *hardware)
{
	const PvAttestationFacts *facts = &hardware->facts;
	const char *weakness = pv_attestation_weakness(facts, hardware->kind);
	char firmware[PV_FIRMWARE_TEXT_SIZE];
	json_t *value;

	pv_firmware_format(facts->firmware, firmware);
	value = json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:i, s:s, s:s}", "state",
			  states[PV_HARDWARE_ATTESTED], "firmware", firmware, "touch",
			  pv_touch_policy_name(facts->touch), "pin", pv_pin_policy_name(facts->pin),
			  "form-factor", (int)facts->form_factor, "fips", facts->fips, "cspn",
			  facts->cspn, "slot", (int)facts->slot, "device", hardware->device, "root",
			  hardware->root);
	if (facts->has_serial)
		json_object_set_new(value, "serial", json_integer(facts->serial));
	if (weakness)
		json_object_set_new(value, "weakness", json_string(weakness));
	return value;
}

json_t *pv_hardware_json(const PvHardware *hardware)
{
	json_t *value =
		json_pack("{s:s, s:s, s:b}", "id", hardware->id, "type", kinds[hardware->kind],
			  "hardware", hardware->state == PV_HARDWARE_ATTESTED);

	if (hardware->state == PV_HARDWARE_ATTESTED)
		json_object_set_new(value, "attestation", json_of_facts(hardware));
	else if (hardware->why)
		json_object_set_new(value, "attestation",
				    json_pack("{s:s, s:s}", "state", states[hardware->state], "why",
					      hardware->why));
	return value;
}

static gboolean word_of(const char *const *words, guint count, const char *word, guint *ret_index)
{
	for (guint i = 0; word && i < count; i++) {
		if (strcmp(words[i], word) == 0) {
			*ret_index = i;
			return TRUE;
		}
	}
	return FALSE;
}

static gboolean number_of(const json_t *value, const char *name, json_int_t max,
			  json_int_t *ret_number)
{
	const json_t *number = json_object_get(value, name);

	*ret_number = json_integer_value(number);
	return json_is_integer(number) && *ret_number >= 0 && *ret_number <= max;
}

static gboolean read_facts(const json_t *value, PvHardware *hardware)
{
	PvAttestationFacts *facts = &hardware->facts;
	const char *firmware = pv_json_string(value, "firmware"),
		   *touch = pv_json_string(value, "touch"), *pin = pv_json_string(value, "pin");
	json_int_t form_factor, slot, serial = 0;

	facts->has_serial = json_object_get(value, "serial") != NULL;
	if (!firmware || !touch || !pin || !pv_firmware_parse(firmware, &facts->firmware) ||
	    !number_of(value, "form-factor", G_MAXUINT8, &form_factor) ||
	    !number_of(value, "slot", G_MAXUINT8, &slot) ||
	    (facts->has_serial && !number_of(value, "serial", G_MAXUINT32, &serial)))
		return FALSE;
	facts->touch = pv_touch_policy_parse(touch);
	facts->pin = pv_pin_policy_parse(pin);
	facts->form_factor = (guint8)form_factor;
	facts->slot = (guint8)slot;
	facts->serial = (guint32)serial;
	facts->fips = json_is_true(json_object_get(value, "fips"));
	facts->cspn = json_is_true(json_object_get(value, "cspn"));
	hardware->device = g_strdup(pv_json_string(value, "device"));
	hardware->root = g_strdup(pv_json_string(value, "root"));
	return facts->touch != PV_TOUCH_UNKNOWN && facts->pin != PV_PIN_UNKNOWN &&
	       hardware->device && hardware->root;
}

static gboolean read_attestation(const json_t *value, PvHardware *hardware)
{
	guint state;

	if (!word_of(states, G_N_ELEMENTS(states), pv_json_string(value, "state"), &state))
		return FALSE;
	hardware->state = (PvHardwareState)state;
	if (hardware->state == PV_HARDWARE_ATTESTED)
		return read_facts(value, hardware);
	hardware->why = g_strdup(pv_json_string(value, "why"));
	return hardware->why != NULL;
}

PvHardware *pv_hardware_of_json(const json_t *value, GError **error)
{
	g_autoptr(PvHardware) hardware = g_new0(PvHardware, 1);
	const json_t *attestation = json_object_get(value, "attestation");
	guint kind;

	hardware->id = g_strdup(pv_json_string(value, "id"));
	if (!hardware->id ||
	    !word_of(kinds, G_N_ELEMENTS(kinds), pv_json_string(value, "type"), &kind))
		return pv_fail_null(error, PV_ERROR_SYNTAX, "a key without id or type");
	hardware->kind = (PvKeyKind)kind;
	if (attestation && !read_attestation(attestation, hardware))
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "key %.12s: an attestation that cannot be read", hardware->id);
	return g_steal_pointer(&hardware);
}

json_t *pv_hardware_role_json(const PvHardwareRole *role)
{
	json_t *keys = json_array();

	for (guint i = 0; i < role->keys->len; i++)
		json_array_append_new(keys, pv_hardware_json(role->keys->pdata[i]));
	return json_pack("{s:s, s:I, s:o}", "name", role->name, "threshold",
			 (json_int_t)role->threshold, "keys", keys);
}

PvHardwareRole *pv_hardware_role_of_json(const json_t *value, GError **error)
{
	const json_t *keys = json_object_get(value, "keys"), *item;
	const char *name = pv_json_string(value, "name");
	g_autoptr(PvHardwareRole) role = NULL;
	json_int_t threshold;
	gsize i;

	if (!name || !number_of(value, "threshold", G_MAXINT32, &threshold) ||
	    !json_is_array(keys) || json_array_size(keys) > PV_KEYS_MAX)
		return pv_fail_null(error, PV_ERROR_SYNTAX,
				    "a role without name, threshold or keys");
	role = pv_hardware_role_new(name, (guint)threshold);
	json_array_foreach(keys, i, item) {
		PvHardware *key = pv_hardware_of_json(item, error);

		if (!key)
			return NULL;
		g_ptr_array_add(role->keys, key);
	}
	return g_steal_pointer(&role);
}
