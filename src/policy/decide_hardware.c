/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The verdict on the devices that an image's keys are in. Each check that fails is a reason of its
 * own, and says by which byte of the attestation; but only the checks of roles that do not come to
 * their threshold without the keys that failed.
 */

#include <string.h>

#include "policy/policy.h"
#include "policy/policy_private.h"

/* What is being judged: one role. */
typedef struct {
	const PvPolicyHardware *rule;
	const PvHardwareRole *role;
	GPtrArray *good;    /* (borrowed) of PvHardware: they count */
	PvVerdict *verdict; /* why others do not; only used if too few are good */
} Trial;

static void refuse_key(Trial *trial, const PvHardware *key, const char *code, const char *format,
		       ...) G_GNUC_PRINTF(4, 5);

static void refuse_key(Trial *trial, const PvHardware *key, const char *code, const char *format,
		       ...)
{
	g_autofree char *words = NULL;
	va_list args;

	va_start(args, format);
	words = g_strdup_vprintf(format, args);
	va_end(args);
	pv_verdict_refuse(trial->verdict, code,
			  g_strdup_printf("key %.12s of role %s: %s", key->id, trial->role->name,
					  words));
}

/* FALSE: there is no attestation that would be worth looking into. */
static gboolean check_attested(Trial *trial, const PvHardware *key)
{
	static const char *const codes[] = {
		[PV_HARDWARE_UNKNOWN] = "hardware-none",
		[PV_HARDWARE_IMPORTED] = "hardware-not-attestable",
		[PV_HARDWARE_FOREIGN] = "hardware-root",
		[PV_HARDWARE_OTHER_KEY] = "hardware-other-key",
		[PV_HARDWARE_INVALID] = "hardware-invalid",
	};

	if (key->state == PV_HARDWARE_ATTESTED)
		return TRUE;
	refuse_key(trial, key, codes[key->state], "%s",
		   key->why ? key->why
			    : "it has no attestation, as keys in files have none: the rule asks "
			      "for a key that was generated in a device");
	return FALSE;
}

static void check_touch(Trial *trial, const PvHardware *key)
{
	PvTouchPolicy asked = trial->rule->touch, found = key->facts.touch;

	if (asked == PV_TOUCH_UNKNOWN || found == PV_TOUCH_ALWAYS || found == asked)
		return;
	refuse_key(trial, key, "hardware-touch",
		   "touch policy byte %02x (%s) at extension " PV_ATTESTATION_POLICY
		   ", the rule asks for %s",
		   found, pv_touch_policy_name(found), pv_touch_policy_name(asked));
}

static void check_pin(Trial *trial, const PvHardware *key)
{
	PvPinPolicy asked = trial->rule->pin, found = key->facts.pin;
	gboolean is_always = found == PV_PIN_ALWAYS || found == PV_PIN_MATCH_ALWAYS;
	gboolean is_once = found == PV_PIN_ONCE || found == PV_PIN_MATCH_ONCE;

	if (asked == PV_PIN_UNKNOWN || is_always || (asked == PV_PIN_ONCE && is_once))
		return;
	refuse_key(trial, key, "hardware-pin",
		   "PIN policy byte %02x (%s) at extension " PV_ATTESTATION_POLICY
		   ", the rule asks for %s",
		   found, pv_pin_policy_name(found), pv_pin_policy_name(asked));
}

static void check_firmware(Trial *trial, const PvHardware *key)
{
	guint32 found = key->facts.firmware, asked = trial->rule->firmware;
	char found_text[PV_FIRMWARE_TEXT_SIZE], asked_text[PV_FIRMWARE_TEXT_SIZE];

	pv_firmware_format(found, found_text);
	pv_firmware_format(asked, asked_text);
	if (trial->rule->has_firmware && found < asked)
		refuse_key(trial, key, "hardware-firmware",
			   "firmware %s, bytes %02x %02x %02x at extension " PV_ATTESTATION_FIRMWARE
			   ", the rule asks for %s or later",
			   found_text, found >> 16 & 0xff, found >> 8 & 0xff, found & 0xff,
			   asked_text);
	/* Asked for or not: the private half of such a key is no secret. */
	if (pv_attestation_is_broken(&key->facts, key->kind))
		refuse_key(trial, key, "hardware-broken",
			   "firmware %s, bytes %02x %02x %02x at extension " PV_ATTESTATION_FIRMWARE
			   ": %s",
			   found_text, found >> 16 & 0xff, found >> 8 & 0xff, found & 0xff,
			   pv_attestation_weakness(&key->facts, key->kind));
}

static void check_serial(Trial *trial, const PvHardware *key)
{
	const GArray *serials = trial->rule->serials;

	if (!serials)
		return;
	if (!key->facts.has_serial) {
		refuse_key(trial, key, "hardware-serial",
			   "its attestation has no serial (extension " PV_ATTESTATION_SERIAL
			   "), the rule lists those that are allowed");
		return;
	}
	for (guint i = 0; i < serials->len; i++) {
		if (g_array_index(serials, guint32, i) == key->facts.serial)
			return;
	}
	refuse_key(trial, key, "hardware-serial",
		   "serial %u at extension " PV_ATTESTATION_SERIAL
		   " is not among those that the rule allows",
		   key->facts.serial);
}

static void check_fips(Trial *trial, const PvHardware *key)
{
	if (trial->rule->fips && !key->facts.fips)
		refuse_key(trial, key, "hardware-fips",
			   "form factor byte %02x at extension " PV_ATTESTATION_FORM_FACTOR
			   " and no extension " PV_ATTESTATION_FIPS
			   ": not a FIPS device, which the rule asks for",
			   key->facts.form_factor);
}

/* One device has one serial and one key of its own; some YubiKeys 4 say no serial. */
static gboolean is_same_device(const PvHardware *key, const PvHardware *other)
{
	return strcmp(key->device, other->device) == 0 ||
	       (key->facts.has_serial && other->facts.has_serial &&
		key->facts.serial == other->facts.serial);
}

/* FALSE: its device counts already. */
static gboolean check_distinct(Trial *trial, const PvHardware *key)
{
	for (guint i = 0; trial->rule->distinct_serials && i < trial->good->len; i++) {
		const PvHardware *other = trial->good->pdata[i];
		g_autofree char *serial = NULL;

		if (!is_same_device(key, other))
			continue;
		serial = key->facts.has_serial ? g_strdup_printf("serial %u", key->facts.serial)
					       : g_strdup("no serial");
		refuse_key(trial, key, "hardware-device-twice",
			   "it is in the device that key %.12s is in (%s at "
			   "extension " PV_ATTESTATION_SERIAL
			   "): one device counts once, and the role needs %u",
			   other->id, serial, trial->role->threshold);
		return FALSE;
	}
	return TRUE;
}

static void try_key(Trial *trial, const PvHardware *key)
{
	static void (*const checks[])(Trial *, const PvHardware *) = {
		check_touch, check_pin, check_firmware, check_serial, check_fips,
	};
	guint before = trial->verdict->reasons->len;

	if (!check_attested(trial, key))
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
		checks[i](trial, key);
	if (trial->verdict->reasons->len == before && check_distinct(trial, key))
		g_ptr_array_add(trial->good, (void *)key);
}

static const PvHardwareRole *role_of(const PvPolicyFacts *facts, const char *name)
{
	for (guint i = 0; facts->hardware && i < facts->hardware->len; i++) {
		const PvHardwareRole *role = facts->hardware->pdata[i];

		if (strcmp(role->name, name) == 0)
			return role;
	}
	return NULL;
}

static void judge_role(const PvPolicyHardware *rule, const PvPolicyFacts *facts, const char *name,
		       PvVerdict *verdict)
{
	g_autoptr(GPtrArray) good = g_ptr_array_new();
	g_autoptr(PvVerdict) own = pv_verdict_new();
	Trial trial = { rule, role_of(facts, name), good, own };

	if (!trial.role) {
		pv_verdict_refuse(verdict, "hardware-role",
				  g_strdup_printf("the role %s, whose keys must be in hardware, "
						  "has not signed what the image depends on",
						  name));
		return;
	}
	for (guint i = 0; i < trial.role->keys->len; i++)
		try_key(&trial, trial.role->keys->pdata[i]);
	/* A threshold of 0 is none: one key at least is asked for. */
	if (good->len >= MAX(trial.role->threshold, 1))
		return;
	if (own->reasons->len == 0)
		pv_verdict_refuse(own, "hardware-role",
				  g_strdup_printf("the role %s has signatures of %u keys in "
						  "hardware, needed: %u",
						  name, good->len, trial.role->threshold));
	g_ptr_array_extend_and_steal(verdict->reasons, g_steal_pointer(&own->reasons));
}

void pv_policy_judge_hardware(const PvPolicyRule *rule, const PvPolicyFacts *facts,
			      PvVerdict *verdict)
{
	const PvPolicyHardware *hardware = rule->hardware;

	if (!hardware)
		return;
	for (guint i = 0; hardware->roles[i]; i++)
		judge_role(hardware, facts, hardware->roles[i], verdict);
	if (hardware->roles[0])
		return;
	judge_role(hardware, facts, "root", verdict);
	for (guint i = 0; facts->roles && facts->roles[i]; i++)
		judge_role(hardware, facts, facts->roles[i], verdict);
}
