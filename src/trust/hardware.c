/* SPDX-License-Identifier: Apache-2.0 */

/* Where a key lives, by what the trust directory holds: its attestation, or a note of a token. */

#include "trust/hardware.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "trust/attestations.h"
#include "trust/token_keys.h"

void pv_hardware_free(PvHardware *hardware)
{
	if (!hardware)
		return;
	g_free(hardware->id);
	g_free(hardware->device);
	g_free(hardware->root);
	g_free(hardware->why);
	g_free(hardware);
}

PvHardwareRole *pv_hardware_role_new(const char *name, guint threshold)
{
	PvHardwareRole *role = g_new0(PvHardwareRole, 1);

	role->name = g_strdup(name);
	role->threshold = threshold;
	role->keys = g_ptr_array_new_with_free_func((GDestroyNotify)pv_hardware_free);
	return role;
}

void pv_hardware_role_free(PvHardwareRole *role)
{
	if (!role)
		return;
	g_free(role->name);
	g_ptr_array_unref(role->keys);
	g_free(role);
}

static void take_attestation(PvHardware *hardware, PvAttestation *attestation)
{
	hardware->state = PV_HARDWARE_ATTESTED;
	hardware->facts = attestation->facts;
	hardware->device = g_steal_pointer(&attestation->device);
	hardware->root = g_steal_pointer(&attestation->root);
}

static void take_failure(PvHardware *hardware, const GError *failure)
{
	hardware->state = PV_HARDWARE_INVALID;
	if (g_error_matches(failure, PV_ERROR, PV_ERROR_ROOT))
		hardware->state = PV_HARDWARE_FOREIGN;
	else if (g_error_matches(failure, PV_ERROR, PV_ERROR_MIX))
		hardware->state = PV_HARDWARE_OTHER_KEY;
	hardware->why = g_strdup(failure->message);
}

static void look_for_file(PvHardware *hardware, const char *directory, const PvPublicKey *key)
{
	g_autofree char *path =
		g_strdup_printf("%s/private/%s.key", directory, pv_public_key_canonical_id(key));

	if (access(path, F_OK) == 0)
		hardware->why = g_strdup("it is in a file, of which copies may exist");
}

/* tokens/<id>.json says that this machine uses a key in a token, and how it came there. */
static void look_for_token(PvHardware *hardware, const char *directory, const PvPublicKey *key)
{
	const char *id = pv_public_key_canonical_id(key);
	g_autofree char *path = pv_token_key_path(directory, id);
	g_autoptr(PvStoredKey) record = pv_token_key_read(path, id, NULL);

	if (!record)
		return;
	hardware->state = PV_HARDWARE_IMPORTED;
	hardware->why =
		record->origin == PV_ORIGIN_IMPORTED
			? g_strdup_printf("it was imported into %s, so that copies of it "
					  "may exist: such a key cannot be attested",
					  record->uri)
			: g_strdup_printf("it is in %s, which has not attested it", record->uri);
}

PvHardware *pv_hardware_find(const char *directory, const PvPublicKey *key,
			     const PvAttestationRoots *roots, PvTime now)
{
	PvHardware *hardware = g_new0(PvHardware, 1);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem =
		pv_attestations_load(directory, pv_public_key_canonical_id(key), &failure);
	g_autoptr(GPtrArray) chain = pem ? pv_attestation_chain_parse(pem, &failure) : NULL;
	g_autoptr(PvAttestation) attestation =
		chain ? pv_attestation_verify(chain, key, roots, now, &failure) : NULL;

	hardware->id = g_strdup(pv_public_key_id(key));
	hardware->kind = pv_public_key_kind(key);
	if (attestation)
		take_attestation(hardware, attestation);
	else if (failure)
		take_failure(hardware, failure);
	else
		look_for_token(hardware, directory, key);
	if (hardware->state == PV_HARDWARE_UNKNOWN)
		look_for_file(hardware, directory, key);
	return hardware;
}

static gboolean is_there(const GPtrArray *signers, guint before, const PvPublicKey *key)
{
	for (guint i = 0; i < before; i++) {
		if (pv_public_key_same(signers->pdata[i], key))
			return TRUE;
	}
	return FALSE;
}

PvHardwareRole *pv_hardware_role_find(const char *directory, const PvAttestationRoots *roots,
				      const char *name, guint threshold, const GPtrArray *signers,
				      PvTime now)
{
	PvHardwareRole *role = pv_hardware_role_new(name, threshold);

	for (guint i = 0; i < signers->len; i++) {
		if (!is_there(signers, i, signers->pdata[i]))
			g_ptr_array_add(role->keys,
					pv_hardware_find(directory, signers->pdata[i], roots, now));
	}
	return role;
}

char *pv_hardware_words(const PvHardware *hardware)
{
	const PvAttestationFacts *facts = &hardware->facts;
	char firmware[PV_FIRMWARE_TEXT_SIZE];
	GString *words;

	if (hardware->state != PV_HARDWARE_ATTESTED)
		return g_strdup(hardware->why);
	words = g_string_new("YubiKey");
	if (facts->has_serial)
		g_string_append_printf(words, " %u", facts->serial);
	pv_firmware_format(facts->firmware, firmware);
	g_string_append_printf(words, ", firmware %s, touch %s, PIN %s", firmware,
			       pv_touch_policy_name(facts->touch), pv_pin_policy_name(facts->pin));
	if (facts->fips)
		g_string_append(words, ", FIPS");
	return g_string_free(words, FALSE);
}
