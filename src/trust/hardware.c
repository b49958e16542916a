/* SPDX-License-Identifier: Apache-2.0 */

/* Where a key lives, by what the trust directory holds: its attestation, or a note of a token. */

#include "trust/hardware.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"

#define PEM_BYTES_MAX (4 * PV_ATTESTATION_BYTES_MAX)

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

/* --- attestations ------------------------------------------------------------------------- */

static char *attestation_path(const char *directory, const PvPublicKey *key)
{
	return g_strdup_printf("%s/attestations/%s.pem", directory,
			       pv_public_key_canonical_id(key));
}

GBytes *pv_trust_attestation_load(const char *directory, const PvPublicKey *key, GError **error)
{
	g_autofree char *path = attestation_path(directory, key);
	g_autoptr(GError) failure = NULL;
	GBytes *pem = pv_file_read(path, PEM_BYTES_MAX, &failure);

	if (!pem && !g_error_matches(failure, PV_ERROR, PV_ERROR_NOT_FOUND))
		g_propagate_error(error, g_steal_pointer(&failure));
	return pem;
}

gboolean pv_trust_attestation_save(const char *directory, const PvPublicKey *key, GBytes *pem,
				   GError **error)
{
	g_autoptr(GPtrArray) chain = pv_attestation_chain_parse(pem, error);
	g_autoptr(PvAttestation) claimed =
		chain ? pv_attestation_read_unverified(chain->pdata[0], error) : NULL;
	g_autofree char *path = attestation_path(directory, key);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autoptr(GBytes) plain = NULL;
	const void *data;
	gsize size;

	if (!claimed)
		return FALSE;
	if (!pv_public_key_same(claimed->key, key))
		return pv_fail(error, PV_ERROR_MIX,
			       "the attestation is of another key, %.12s, not of %.12s",
			       pv_public_key_id(claimed->key), pv_public_key_canonical_id(key));
	/* Written anew: without what may stand around the certificates. */
	plain = pv_attestation_chain_write(chain);
	data = g_bytes_get_data(plain, &size);
	return pv_file_make_directory(parent, 0700, error) &&
	       pv_file_replace(path, data, size, 0600, error);
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

/* tokens/<id>.json says that this machine uses a key in a token, and how it came there. */
static void look_for_token(PvHardware *hardware, const char *directory, const PvPublicKey *key)
{
	g_autofree char *path =
		g_strdup_printf("%s/tokens/%s.json", directory, pv_public_key_canonical_id(key));
	g_autoptr(GBytes) text = pv_file_read(path, PV_CLIENT_CONFIG_BYTES_MAX, NULL);
	g_autoptr(json_t) note =
		text ? pv_json_load(text, PV_CLIENT_CONFIG_BYTES_MAX, path, NULL) : NULL;
	const char *uri = note ? pv_json_string(note, "uri") : NULL;
	const char *origin = note ? pv_json_string(note, "origin") : NULL;

	if (!uri)
		return;
	hardware->state = PV_HARDWARE_IMPORTED;
	hardware->why = origin && strcmp(origin, "imported") == 0
				? g_strdup_printf("it was imported into %s, so that copies of it "
						  "may exist: such a key cannot be attested",
						  uri)
				: g_strdup_printf("it is in %s, which has not attested it", uri);
}

PvHardware *pv_hardware_find(const char *directory, const PvPublicKey *key,
			     const PvAttestationRoots *roots, PvTime now)
{
	PvHardware *hardware = g_new0(PvHardware, 1);
	g_autoptr(GError) failure = NULL;
	g_autoptr(GBytes) pem = pv_trust_attestation_load(directory, key, &failure);
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
	return hardware;
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
