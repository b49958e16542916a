/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/policy.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define RULE "version: 1\nimages:\n- match: \"**\"\n  hardware: "

static PvPolicy *parse(const char *hardware, GError **error)
{
	g_autofree char *text = g_strconcat(RULE, hardware, "\n", NULL);
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_policy_parse(bytes, "p.yaml", error);
}

/* --- reading ------------------------------------------------------------------------------ */

static void test_parse(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvPolicy) policy =
		parse("{roles: [root, targets/releases], touch: always, pin: once, "
		      "firmware: \">=5.7.0\", serials: [1, 4294967295], distinct-serials: false, "
		      "fips: true}",
		      &error);
	g_autoptr(PvPolicy) least = parse("{}", NULL), none = pv_policy_default(FALSE);
	const PvPolicyHardware *hardware;

	g_assert_no_error(error);
	hardware = pv_policy_find(policy, "a")->hardware;
	g_assert_cmpstr(hardware->roles[0], ==, "root");
	g_assert_cmpstr(hardware->roles[1], ==, "targets/releases");
	g_assert_cmpint(hardware->touch, ==, PV_TOUCH_ALWAYS);
	g_assert_cmpint(hardware->pin, ==, PV_PIN_ONCE);
	g_assert_true(hardware->has_firmware);
	g_assert_cmpuint(hardware->firmware, ==, PV_FIRMWARE(5, 7, 0));
	g_assert_cmpuint(hardware->serials->len, ==, 2);
	g_assert_cmpuint(g_array_index(hardware->serials, guint32, 1), ==, G_MAXUINT32);
	g_assert_false(hardware->distinct_serials);
	g_assert_true(hardware->fips);

	hardware = pv_policy_find(least, "a")->hardware;
	g_assert_nonnull(hardware);
	g_assert_true(hardware->distinct_serials);
	g_assert_null(hardware->serials);
	g_assert_null(hardware->roles[0]);
	g_assert_null(pv_policy_find(none, "a")->hardware);
}

static void test_errors(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "yes", "p.yaml:4:13: expected a mapping for 'hardware', found a value" },
		{ "[]", "p.yaml:4:13: expected a mapping for 'hardware', found a list" },
		{ "{tuch: always}", "p.yaml:4:14: unknown key 'tuch' in 'hardware'" },
		{ "{fips: true, fips: true}", "p.yaml:4:26: 'fips' twice in 'hardware'" },
		{ "{touch: never}", "p.yaml:4:21: touch: 'never', expected one of always, cached" },
		{ "{pin: never}", "p.yaml:4:19: pin: 'never', expected one of once, always" },
		{ "{firmware: 5.7.0}",
		  "p.yaml:4:24: firmware: '5.7.0', expected such as \">=5.7.0\"" },
		{ "{firmware: \">=5.7\"}",
		  "p.yaml:4:24: firmware: '>=5.7', expected such as \">=5.7.0\"" },
		{ "{firmware: \"<5.7.0\"}",
		  "p.yaml:4:24: firmware: '<5.7.0', expected such as \">=5.7.0\"" },
		{ "{firmware: [5]}", "p.yaml:4:24: expected a value for 'firmware', found a list" },
		{ "{serials: [4294967296]}",
		  "p.yaml:4:24: serials: '4294967296', expected a number up to 4294967295" },
		{ "{serials: [\"\"]}",
		  "p.yaml:4:24: serials: '', expected a number up to 4294967295" },
		{ "{serials: [-1]}",
		  "p.yaml:4:24: serials: '-1', expected a number up to 4294967295" },
		{ "{roles: [targets/]}",
		  "p.yaml:4:22: roles: 'targets/', expected root, targets, targets/NAME, snapshot "
		  "or timestamp" },
		{ "{roles: []}", "p.yaml:4:22: roles: an empty list would demand nothing" },
		{ "{fips: yes}", "p.yaml:4:20: fips: 'yes', expected one of false, true" },
		{ "{distinct-serials: 2}",
		  "p.yaml:4:32: distinct-serials: '2', expected one of false, true" },
		{ "{}\n  trust: none",
		  "p.yaml:3:1: the rule has 'trust: none', so 'signers', 'pin' and 'hardware' "
		  "would not count" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(cases[i].text, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

/* --- deciding ----------------------------------------------------------------------------- */

/* A key in a device that no rule has anything against. */
static PvHardware *good_key(const char *id, guint32 serial)
{
	PvHardware *key = g_new0(PvHardware, 1);

	key->id = g_strdup(id);
	key->state = PV_HARDWARE_ATTESTED;
	key->facts = (PvAttestationFacts){ .firmware = PV_FIRMWARE(5, 7, 1),
					   .has_serial = TRUE,
					   .serial = serial,
					   .pin = PV_PIN_ONCE,
					   .touch = PV_TOUCH_ALWAYS,
					   .form_factor = 1 };
	key->device = g_strdup_printf("device %u", serial);
	key->root = g_strdup("root");
	return key;
}

typedef struct {
	GPtrArray *roles;
	PvPolicyFacts facts;
} Fixture;

static const char *const signed_by[] = { "targets", NULL };

/* root by ROOTKEY, targets by TARGETKEY, both in devices; a test changes them. */
static void set_up(Fixture *fixture, const void *data)
{
	const char *const names[] = { "root", "targets" };

	fixture->roles = g_ptr_array_new_with_free_func((GDestroyNotify)pv_hardware_role_free);
	for (guint i = 0; i < 2; i++) {
		PvHardwareRole *role = pv_hardware_role_new(names[i], 1);

		g_ptr_array_add(role->keys, good_key(i ? "TARGETKEY" : "ROOTKEY", 1 + i));
		g_ptr_array_add(fixture->roles, role);
	}
	fixture->facts = (PvPolicyFacts){ .is_signed = TRUE,
					  .roles = signed_by,
					  .hardware = fixture->roles };
}

static void tear_down(Fixture *fixture, const void *data)
{
	g_ptr_array_unref(fixture->roles);
}

static PvHardwareRole *role(Fixture *fixture, guint index)
{
	return fixture->roles->pdata[index];
}

static PvHardware *key(Fixture *fixture, guint index)
{
	return role(fixture, index)->keys->pdata[0];
}

/* @code: NULL if it is to be admitted; otherwise the only reason, and its whole sentence. */
static void expect(Fixture *fixture, const char *hardware, const char *code, const char *text)
{
	g_autoptr(PvPolicy) policy = parse(hardware, NULL);
	g_autoptr(PvVerdict) verdict = pv_policy_decide(policy, "a/b", &fixture->facts);
	const PvPolicyReason *reason;

	g_assert_cmpint(verdict->is_admitted, ==, code == NULL);
	if (!code)
		return;
	g_assert_cmpuint(verdict->reasons->len, ==, 1);
	reason = verdict->reasons->pdata[0];
	g_assert_cmpstr(reason->code, ==, code);
	g_assert_cmpstr(reason->text, ==, text);
}

#define ALL "{touch: always, pin: once, firmware: \">=5.7.0\", serials: [1, 2]}"

static void test_good(Fixture *fixture, const void *data)
{
	expect(fixture, ALL, NULL, NULL);
	expect(fixture, "{}", NULL, NULL);
	key(fixture, 0)->facts.fips = key(fixture, 1)->facts.fips = TRUE;
	key(fixture, 0)->facts.touch = PV_TOUCH_CACHED;
	expect(fixture, "{touch: cached, fips: true}", NULL, NULL);
	key(fixture, 0)->facts.pin = PV_PIN_MATCH_ALWAYS;
	key(fixture, 1)->facts.pin = PV_PIN_ALWAYS;
	expect(fixture, "{pin: always}", NULL, NULL);
	expect(fixture, "{pin: once}", NULL, NULL);
}

static void test_states(Fixture *fixture, const void *data)
{
	static const struct {
		PvHardwareState state;
		const char *code, *why, *text;
	} cases[] = {
		{ PV_HARDWARE_UNKNOWN, "hardware-none", NULL,
		  "key TARGETKEY of role targets: it has no attestation, as keys in files have "
		  "none: the rule asks for a key that was generated in a device" },
		{ PV_HARDWARE_IMPORTED, "hardware-not-attestable", "imported",
		  "key TARGETKEY of role targets: imported" },
		{ PV_HARDWARE_FOREIGN, "hardware-root", "foreign",
		  "key TARGETKEY of role targets: foreign" },
		{ PV_HARDWARE_OTHER_KEY, "hardware-other-key", "other",
		  "key TARGETKEY of role targets: other" },
		{ PV_HARDWARE_INVALID, "hardware-invalid", "invalid",
		  "key TARGETKEY of role targets: invalid" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		PvHardware *tried = key(fixture, 1);

		tried->state = cases[i].state;
		g_free(tried->why);
		tried->why = g_strdup(cases[i].why);
		expect(fixture, ALL, cases[i].code, cases[i].text);
		expect(fixture, "{roles: [root]}", NULL, NULL);
	}
}

static void test_checks(Fixture *fixture, const void *data)
{
	PvAttestationFacts *facts = &key(fixture, 0)->facts;
	const PvAttestationFacts good = *facts;

	facts->touch = PV_TOUCH_NEVER;
	expect(fixture, ALL, "hardware-touch",
	       "key ROOTKEY of role root: touch policy byte 01 (never) at extension "
	       "1.3.6.1.4.1.41482.3.8, the rule asks for always");
	expect(fixture, "{touch: cached}", "hardware-touch",
	       "key ROOTKEY of role root: touch policy byte 01 (never) at extension "
	       "1.3.6.1.4.1.41482.3.8, the rule asks for cached");
	facts->touch = PV_TOUCH_CACHED;
	expect(fixture, ALL, "hardware-touch",
	       "key ROOTKEY of role root: touch policy byte 03 (cached) at extension "
	       "1.3.6.1.4.1.41482.3.8, the rule asks for always");
	*facts = good;
	facts->pin = PV_PIN_NEVER;
	expect(fixture, ALL, "hardware-pin",
	       "key ROOTKEY of role root: PIN policy byte 01 (never) at extension "
	       "1.3.6.1.4.1.41482.3.8, the rule asks for once");
	facts->pin = PV_PIN_MATCH_ONCE;
	expect(fixture, ALL, NULL, NULL);
	expect(fixture, "{roles: [root], pin: always}", "hardware-pin",
	       "key ROOTKEY of role root: PIN policy byte 04 (match-once) at extension "
	       "1.3.6.1.4.1.41482.3.8, the rule asks for always");
	*facts = good;
	facts->firmware = PV_FIRMWARE(5, 6, 255);
	expect(fixture, ALL, "hardware-firmware",
	       "key ROOTKEY of role root: firmware 5.6.255, bytes 05 06 ff at extension "
	       "1.3.6.1.4.1.41482.3.3, the rule asks for 5.7.0 or later");
	facts->firmware = PV_FIRMWARE(5, 7, 0);
	expect(fixture, ALL, NULL, NULL);
	facts->firmware = PV_FIRMWARE(5, 10, 0);
	expect(fixture, ALL, NULL, NULL);
	facts->firmware = PV_FIRMWARE(4, 3, 4);
	expect(fixture, "{}", NULL, NULL);
	key(fixture, 0)->kind = PV_KEY_RSA;
	expect(fixture, "{}", "hardware-broken",
	       "key ROOTKEY of role root: firmware 4.3.4, bytes 04 03 04 at extension "
	       "1.3.6.1.4.1.41482.3.3: RSA keys made by firmware before 4.3.5 can be computed from "
	       "their public half (ROCA, YSA-2017-01)");
	key(fixture, 0)->kind = PV_KEY_ECDSA;
	*facts = good;
	facts->serial = 3;
	expect(fixture, ALL, "hardware-serial",
	       "key ROOTKEY of role root: serial 3 at extension 1.3.6.1.4.1.41482.3.7 is not among "
	       "those that the rule allows");
	facts->has_serial = FALSE;
	expect(fixture, ALL, "hardware-serial",
	       "key ROOTKEY of role root: its attestation has no serial (extension "
	       "1.3.6.1.4.1.41482.3.7), the rule lists those that are allowed");
	*facts = good;
	expect(fixture, "{roles: [root], fips: true}", "hardware-fips",
	       "key ROOTKEY of role root: form factor byte 01 at extension 1.3.6.1.4.1.41482.3.9 "
	       "and no extension 1.3.6.1.4.1.41482.3.10: not a FIPS device, which the rule asks "
	       "for");
	expect(fixture, "{roles: [root], serials: []}", "hardware-serial",
	       "key ROOTKEY of role root: serial 1 at extension 1.3.6.1.4.1.41482.3.7 is not among "
	       "those that the rule allows");
}

/* All that is wrong with a key is said at once. */
static void test_all_reasons(Fixture *fixture, const void *data)
{
	g_autoptr(PvPolicy) policy = parse(ALL, NULL);
	g_autoptr(PvVerdict) verdict = NULL;
	static const char *const codes[] = { "hardware-touch", "hardware-pin", "hardware-firmware",
					     "hardware-serial" };

	key(fixture, 0)->facts = (PvAttestationFacts){ .firmware = PV_FIRMWARE(4, 3, 5),
						       .pin = PV_PIN_NEVER,
						       .touch = PV_TOUCH_NEVER };
	verdict = pv_policy_decide(policy, "a/b", &fixture->facts);
	g_assert_cmpuint(verdict->reasons->len, ==, G_N_ELEMENTS(codes));
	for (guint i = 0; i < G_N_ELEMENTS(codes); i++)
		g_assert_cmpstr(((PvPolicyReason *)verdict->reasons->pdata[i])->code, ==, codes[i]);
}

static void test_thresholds(Fixture *fixture, const void *data)
{
	PvHardwareRole *root = role(fixture, 0);

	/* Beyond the threshold a key may be anywhere. */
	g_ptr_array_add(root->keys, good_key("FILEKEY", 9));
	((PvHardware *)root->keys->pdata[1])->state = PV_HARDWARE_UNKNOWN;
	expect(fixture, ALL, NULL, NULL);
	root->threshold = 2;
	expect(fixture, "{}", "hardware-none",
	       "key FILEKEY of role root: it has no attestation, as keys in files have none: the "
	       "rule asks for a key that was generated in a device");
	/* Two slots of one device. */
	g_ptr_array_set_size(root->keys, 1);
	g_ptr_array_add(root->keys, good_key("SECONDKEY", 1));
	expect(fixture, ALL, "hardware-device-twice",
	       "key SECONDKEY of role root: it is in the device that key ROOTKEY is in (serial 1 "
	       "at "
	       "extension 1.3.6.1.4.1.41482.3.7): one device counts once, and the role needs 2");
	expect(fixture, "{distinct-serials: false}", NULL, NULL);
	/* A third key in another device makes it good; the same device in two roles is one each. */
	g_ptr_array_add(root->keys, good_key("THIRDKEY", 2));
	expect(fixture, ALL, NULL, NULL);
	/* Without serials the device's own key tells. */
	g_ptr_array_set_size(root->keys, 2);
	for (guint i = 0; i < 2; i++)
		((PvHardware *)root->keys->pdata[i])->facts.has_serial = FALSE;
	expect(fixture, "{}", "hardware-device-twice",
	       "key SECONDKEY of role root: it is in the device that key ROOTKEY is in (no serial "
	       "at "
	       "extension 1.3.6.1.4.1.41482.3.7): one device counts once, and the role needs 2");
	g_free(((PvHardware *)root->keys->pdata[1])->device);
	((PvHardware *)root->keys->pdata[1])->device = g_strdup("device 7");
	expect(fixture, "{}", NULL, NULL);
}

static void test_roles(Fixture *fixture, const void *data)
{
	expect(fixture, "{roles: [targets/releases]}", "hardware-role",
	       "the role targets/releases, whose keys must be in hardware, has not signed what the "
	       "image depends on");
	g_ptr_array_set_size(role(fixture, 0)->keys, 0);
	expect(fixture, "{roles: [root]}", "hardware-role",
	       "the role root has signatures of 0 keys in hardware, needed: 1");
	role(fixture, 0)->threshold = 0;
	expect(fixture, "{roles: [root]}", "hardware-role",
	       "the role root has signatures of 0 keys in hardware, needed: 0");
	fixture->facts.hardware = NULL;
	expect(fixture, "{roles: [targets]}", "hardware-role",
	       "the role targets, whose keys must be in hardware, has not signed what the image "
	       "depends on");
	/* Not signed at all: that alone is said. */
	fixture->facts.is_signed = FALSE;
	expect(fixture, ALL, "not-signed", "the image is not signed");
}

#define ADD(name, function) \
	g_test_add("/policy/hardware/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/policy/hardware/parse", test_parse);
	g_test_add_func("/policy/hardware/errors", test_errors);
	ADD("good", test_good);
	ADD("states", test_states);
	ADD("checks", test_checks);
	ADD("all-reasons", test_all_reasons);
	ADD("thresholds", test_thresholds);
	ADD("roles", test_roles);
	return g_test_run();
}
