/* SPDX-License-Identifier: Apache-2.0 */

/* Words for what attestations, cards and policies say in numbers, in both directions. */

#include <string.h>

#include "crypto/attestation.h"

static const char *const pin_names[] = { "unknown", "never",      "once",
					 "always",  "match-once", "match-always" };
static const char *const touch_names[] = { "unknown", "never", "always", "cached" };

static guint find(const char *const *names, guint count, const char *name)
{
	for (guint i = 1; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return 0;
}

const char *pv_pin_policy_name(PvPinPolicy policy)
{
	return pin_names[(guint)policy < G_N_ELEMENTS(pin_names) ? policy : 0];
}

const char *pv_touch_policy_name(PvTouchPolicy policy)
{
	return touch_names[(guint)policy < G_N_ELEMENTS(touch_names) ? policy : 0];
}

PvPinPolicy pv_pin_policy_parse(const char *name)
{
	return (PvPinPolicy)find(pin_names, G_N_ELEMENTS(pin_names), name);
}

PvTouchPolicy pv_touch_policy_parse(const char *name)
{
	return (PvTouchPolicy)find(touch_names, G_N_ELEMENTS(touch_names), name);
}

void pv_firmware_format(guint32 firmware, char *ret_text)
{
	g_snprintf(ret_text, PV_FIRMWARE_TEXT_SIZE, "%u.%u.%u", firmware >> 16 & 0xff,
		   firmware >> 8 & 0xff, firmware & 0xff);
}

gboolean pv_firmware_parse(const char *text, guint32 *ret_firmware)
{
	g_auto(GStrv) parts = NULL;
	guint32 firmware = 0;

	if (strlen(text) >= PV_FIRMWARE_TEXT_SIZE)
		return FALSE;
	parts = g_strsplit(text, ".", 4);
	if (g_strv_length(parts) != 3)
		return FALSE;
	for (guint i = 0; i < 3; i++) {
		guint64 number;

		if (!g_ascii_isdigit(parts[i][0]) ||
		    !g_ascii_string_to_unsigned(parts[i], 10, 0, 255, &number, NULL))
			return FALSE;
		firmware = firmware << 8 | (guint32)number;
	}
	*ret_firmware = firmware;
	return TRUE;
}

const char *pv_attestation_form_factor_name(const PvAttestationFacts *facts)
{
	static const char *const names[] = { NULL,        "USB-A",      "USB-A nano",
					     "USB-C",     "USB-C nano", "USB-C and Lightning",
					     "USB-A bio", "USB-C bio" };
	guint kind = facts->form_factor & 0x7f;

	return kind < G_N_ELEMENTS(names) ? names[kind] : NULL;
}

gboolean pv_attestation_is_broken(const PvAttestationFacts *facts, PvKeyKind kind)
{
	return kind == PV_KEY_RSA && facts->firmware < PV_FIRMWARE(4, 3, 5);
}

const char *pv_attestation_weakness(const PvAttestationFacts *facts, PvKeyKind kind)
{
	if (pv_attestation_is_broken(facts, kind))
		return "RSA keys made by firmware before 4.3.5 can be computed from their public "
		       "half (ROCA, YSA-2017-01)";
	if (kind == PV_KEY_ECDSA && facts->firmware < PV_FIRMWARE(5, 7, 0))
		return "ECDSA keys can be taken out of firmware before 5.7.0 by who holds the "
		       "device (EUCLEAK, YSA-2024-03)";
	return NULL;
}
