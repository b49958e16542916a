/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/attestations.h"

#include <string.h>

#include "../crypto/maker.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "trust/hardware.h"
#include "trust/token_keys.h"

typedef struct {
	char *directory;
	Maker maker;
	PvAttestationRoots *roots;
	GBytes *pem;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
	fixture->directory = g_dir_make_tmp("trust.XXXXXX", NULL);
	maker_begin(&fixture->maker);
	maker_build(&fixture->maker);
	fixture->roots = pv_attestation_roots_new();
	g_assert_true(
		pv_attestation_roots_add(fixture->roots, fixture->maker.roots, "roots", NULL));
	fixture->pem = pv_attestation_chain_write(fixture->maker.chain);
}

static void tear_down(Fixture *fixture, const void *data)
{
	pv_file_remove_tree(fixture->directory, NULL);
	g_free(fixture->directory);
	maker_clear(&fixture->maker);
	pv_attestation_roots_free(fixture->roots);
	g_bytes_unref(fixture->pem);
}

static PvHardware *find(const Fixture *fixture, const PvPublicKey *key)
{
	return pv_hardware_find(fixture->directory, key, fixture->roots, pv_time_now());
}

/* As JSON and back, nothing is lost. */
static void check_json(const PvHardware *hardware)
{
	g_autoptr(json_t) value = pv_hardware_json(hardware);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvHardware) again = pv_hardware_of_json(value, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(again->id, ==, hardware->id);
	g_assert_cmpint(again->kind, ==, hardware->kind);
	g_assert_cmpint(again->state, ==, hardware->state);
	g_assert_cmpstr(again->why, ==, hardware->why);
	g_assert_cmpstr(again->device, ==, hardware->device);
	g_assert_cmpstr(again->root, ==, hardware->root);
	g_assert_cmpmem(&again->facts, sizeof again->facts, &hardware->facts,
			sizeof hardware->facts);
	g_assert_cmpint(json_is_true(json_object_get(value, "hardware")), ==,
			hardware->state == PV_HARDWARE_ATTESTED);
}

static void test_attested(Fixture *fixture, const void *data)
{
	PvPublicKey *key = fixture->maker.key;
	g_autoptr(PvHardware) before = find(fixture, key), after = NULL;
	g_autoptr(GBytes) loaded = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *words = NULL;

	g_assert_cmpint(before->state, ==, PV_HARDWARE_UNKNOWN);
	g_assert_null(pv_hardware_words(before));
	check_json(before);
	g_assert_null(
		pv_attestations_load(fixture->directory, pv_public_key_canonical_id(key), &error));
	g_assert_no_error(error);
	g_assert_true(pv_attestations_store(fixture->directory, key, fixture->pem, &error));
	g_assert_no_error(error);
	loaded = pv_attestations_load(fixture->directory, pv_public_key_canonical_id(key), &error);
	g_assert_true(g_bytes_equal(loaded, fixture->pem));
	after = find(fixture, key);
	g_assert_cmpint(after->state, ==, PV_HARDWARE_ATTESTED);
	words = pv_hardware_words(after);
	g_assert_cmpstr(words, ==, "YubiKey 4242424, firmware 5.7.1, touch always, PIN once");
	check_json(after);
}

static void expect_state(Fixture *fixture, PvHardwareState state, const char *why)
{
	g_autoptr(PvHardware) found = find(fixture, fixture->maker.key);

	g_assert_cmpint(found->state, ==, state);
	if (!strstr(found->why, why))
		g_assert_cmpstr(found->why, ==, why);
	check_json(found);
}

static void write_file(const Fixture *fixture, const char *folder, const char *suffix,
		       const void *data, gsize size)
{
	g_autofree char *directory = g_build_filename(fixture->directory, folder, NULL);
	g_autofree char *path =
		g_strdup_printf("%s/%s%s", directory,
				pv_public_key_canonical_id(fixture->maker.key), suffix);

	g_assert_true(pv_file_make_directory(directory, 0700, NULL));
	g_assert_true(pv_file_replace(path, data, size, 0600, NULL));
}

static void test_refused(Fixture *fixture, const void *data)
{
	g_autoptr(PvPrivateKey) other = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *large = g_malloc0(4 * PV_ATTESTATION_BYTES_MAX + 1);
	Maker swapped, expired;
	g_autoptr(GBytes) swapped_pem = NULL, expired_pem = NULL;

	g_assert_false(pv_attestations_store(fixture->directory, pv_private_key_public(other),
					     fixture->pem, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	g_clear_error(&error);

	maker_begin(&swapped);
	swapped.leaf.key = maker_key("P-256 swapped");
	maker_build(&swapped);
	swapped_pem = pv_attestation_chain_write(swapped.chain);
	write_file(fixture, "attestations", ".pem", g_bytes_get_data(swapped_pem, NULL),
		   g_bytes_get_size(swapped_pem));
	pv_attestation_roots_free(fixture->roots);
	fixture->roots = pv_attestation_roots_new();
	expect_state(fixture, PV_HARDWARE_FOREIGN, "none of the 0 attestation roots");
	g_assert_true(pv_attestation_roots_add(fixture->roots, swapped.roots, "roots", NULL));
	expect_state(fixture, PV_HARDWARE_OTHER_KEY, "the attestation is of another key");
	maker_clear(&swapped);

	maker_begin(&expired);
	expired.leaf.from_days = -9;
	expired.leaf.until_days = -8;
	maker_build(&expired);
	expired_pem = pv_attestation_chain_write(expired.chain);
	write_file(fixture, "attestations", ".pem", g_bytes_get_data(expired_pem, NULL),
		   g_bytes_get_size(expired_pem));
	expect_state(fixture, PV_HARDWARE_INVALID, "the attestation is valid from ");
	maker_clear(&expired);

	write_file(fixture, "attestations", ".pem", "junk", 4);
	expect_state(fixture, PV_HARDWARE_INVALID, "expected two PEM certificates");
	write_file(fixture, "attestations", ".pem", large, 4 * PV_ATTESTATION_BYTES_MAX + 1);
	expect_state(fixture, PV_HARDWARE_INVALID, "");
}

/* As a command notes the maker's key when it made or found it at @uri. */
static void record(const Fixture *fixture, const char *uri, PvTokenOrigin origin)
{
	g_autoptr(PvTokenKey) key = pv_token_key_new();

	key->uri = g_strdup(uri);
	key->token = g_strdup("a token");
	key->public = pv_public_key_ref(fixture->maker.key);
	key->origin = origin;
	g_assert_true(pv_token_key_record(fixture->directory, key, NULL, "root", NULL));
}

static void test_tokens(Fixture *fixture, const void *data)
{
	record(fixture, "yubikey:serial=5;slot=9c", PV_ORIGIN_IMPORTED);
	expect_state(fixture, PV_HARDWARE_IMPORTED,
		     "it was imported into yubikey:serial=5;slot=9c");
	record(fixture, "pkcs11:token=hsm", PV_ORIGIN_UNKNOWN);
	expect_state(fixture, PV_HARDWARE_IMPORTED, "it is in pkcs11:token=hsm, which has not");
	write_file(fixture, "tokens", ".json", "junk", 4);
	write_file(fixture, "private", ".key", "key", 3);
	expect_state(fixture, PV_HARDWARE_UNKNOWN, "it is in a file, of which copies may exist");
}

/* What another program printed is not taken at its word. */
static void test_json(Fixture *fixture, const void *data)
{
	static const char *const bad[] = {
		"[]",
		"{\"id\":\"a\"}",
		"{\"id\":\"a\",\"type\":\"dsa\"}",
		"{\"id\":\"a\",\"type\":\"rsa\",\"attestation\":{}}",
		"{\"id\":\"a\",\"type\":\"rsa\",\"attestation\":{\"state\":\"good\"}}",
		"{\"id\":\"a\",\"type\":\"rsa\",\"attestation\":{\"state\":\"invalid\"}}",
		"{\"id\":\"a\",\"type\":\"rsa\",\"attestation\":{\"state\":\"attested\"}}",
	};
	static const struct {
		const char *name, *value;
	} changes[] = {
		{ "firmware", "\"5\"" },  { "touch", "\"maybe\"" }, { "pin", "\"maybe\"" },
		{ "form-factor", "256" }, { "slot", "-1" },         { "serial", "4294967296" },
		{ "device", "1" },        { "root", "null" },
	};
	g_autoptr(PvHardware) hardware = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(json_t) value = json_loads(bad[i], 0, NULL);
		g_autoptr(GError) error = NULL;

		g_assert_null(pv_hardware_of_json(value, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	}
	g_assert_true(
		pv_attestations_store(fixture->directory, fixture->maker.key, fixture->pem, NULL));
	hardware = find(fixture, fixture->maker.key);
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autoptr(json_t) value = pv_hardware_json(hardware);

		json_object_set_new(json_object_get(value, "attestation"), changes[i].name,
				    json_loads(changes[i].value, JSON_DECODE_ANY, NULL));
		g_assert_null(pv_hardware_of_json(value, NULL));
	}
}

/* A key in two spellings is one key; and the role as JSON and back. */
static void test_role(Fixture *fixture, const void *data)
{
	static const char *const bad[] = {
		"{}",
		"{\"name\":\"root\",\"threshold\":1}",
		"{\"name\":\"root\",\"threshold\":-1,\"keys\":[]}",
		"{\"name\":\"root\",\"threshold\":1,\"keys\":[{}]}",
	};
	g_autofree char *pem = pv_certificate_public_pem(fixture->maker.key);
	g_autoptr(PvPublicKey) spelt =
		pv_public_key_new("ecdsa", (const guint8 *)pem, strlen(pem), NULL);
	g_autoptr(PvPrivateKey) other = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GPtrArray) signers = g_ptr_array_new();
	g_autoptr(PvHardwareRole) role = NULL, again = NULL;
	g_autoptr(json_t) value = NULL;

	g_assert_cmpstr(pv_public_key_id(spelt), !=, pv_public_key_id(fixture->maker.key));
	g_ptr_array_add(signers, fixture->maker.key);
	g_ptr_array_add(signers, spelt);
	g_ptr_array_add(signers, pv_private_key_public(other));
	role = pv_hardware_role_find(fixture->directory, fixture->roots, "root", 2, signers,
				     pv_time_now());
	g_assert_cmpuint(role->keys->len, ==, 2);
	value = pv_hardware_role_json(role);
	again = pv_hardware_role_of_json(value, NULL);
	g_assert_cmpstr(again->name, ==, "root");
	g_assert_cmpuint(again->threshold, ==, 2);
	g_assert_cmpuint(again->keys->len, ==, 2);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(json_t) wrong = json_loads(bad[i], 0, NULL);

		g_assert_null(pv_hardware_role_of_json(wrong, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/trust/hardware/attested", Fixture, NULL, set_up, test_attested, tear_down);
	g_test_add("/trust/hardware/refused", Fixture, NULL, set_up, test_refused, tear_down);
	g_test_add("/trust/hardware/tokens", Fixture, NULL, set_up, test_tokens, tear_down);
	g_test_add("/trust/hardware/role", Fixture, NULL, set_up, test_role, tear_down);
	g_test_add("/trust/hardware/json", Fixture, NULL, set_up, test_json, tear_down);
	return g_test_run();
}
