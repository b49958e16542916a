/* SPDX-License-Identifier: Apache-2.0 */

/* Records of keys on tokens in a trust directory: written, read, and what is refused. */

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "trust/keys.h"
#include "trust/token_keys.h"

typedef struct {
	char *directory;
	PvPrivateKey *private;
	PvTokenKey key;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
	fixture->directory = g_dir_make_tmp("pavise-token-keys-XXXXXX", NULL);
	fixture->private = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	fixture->key = (PvTokenKey){ .uri = (char *)"pkcs11:token=one;id=%01",
				     .token = (char *)"one (serial 5)",
				     .public = pv_private_key_public(fixture->private),
				     .origin = PV_ORIGIN_IMPORTED,
				     .pin = PV_PIN_ALWAYS,
				     .touch = PV_TOUCH_NEVER };
}

static void tear_down(Fixture *fixture, const void *data)
{
	g_assert_true(pv_file_remove_tree(fixture->directory, NULL));
	pv_private_key_free(fixture->private);
	g_free(fixture->directory);
}

static void test_round(Fixture *fixture, const void *data)
{
	const char *id = pv_public_key_id(fixture->key.public);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvStoredKey) found = NULL;
	g_autoptr(GPtrArray) all = NULL;

	g_assert_true(pv_token_key_record(fixture->directory, &fixture->key, "lab/app", "targets",
					  &error));
	found = pv_trust_key_find(fixture->directory, id, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->uri, ==, fixture->key.uri);
	g_assert_cmpstr(found->token, ==, fixture->key.token);
	g_assert_cmpstr(found->file->role, ==, "targets");
	g_assert_cmpstr(found->file->gun, ==, "lab/app");
	g_assert_cmpint(found->origin, ==, PV_ORIGIN_IMPORTED);
	g_assert_cmpint(found->pin, ==, PV_PIN_ALWAYS);
	g_assert_cmpint(found->touch, ==, PV_TOUCH_NEVER);
	g_assert_true(pv_public_key_same(found->public, fixture->key.public));
	all = pv_trust_keys(fixture->directory, &error);
	g_assert_cmpuint(all->len, ==, 1);
	g_assert_true(pv_trust_key_remove(fixture->directory, id, &error));
	g_assert_null(pv_trust_key_find(fixture->directory, id, &error));
	g_assert_no_error(error);
}

/* A file with the same key is never used in its place; another key there replaces the record. */
static void test_places(Fixture *fixture, const void *data)
{
	const char *id = pv_public_key_id(fixture->key.public);
	g_autoptr(PvPrivateKey) other = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(PvStoredKey) found = NULL;
	g_autoptr(GPtrArray) all = NULL;

	g_assert_true(
		pv_trust_key_add(fixture->directory, fixture->private, NULL, "root", NULL, &error));
	g_assert_true(pv_token_key_record(fixture->directory, &fixture->key, NULL, "root", &error));
	found = pv_trust_key_find(fixture->directory, id, &error);
	g_assert_nonnull(found->uri);
	all = pv_trust_keys(fixture->directory, &error);
	g_assert_cmpuint(all->len, ==, 1);
	g_clear_pointer(&all, g_ptr_array_unref);
	fixture->key.public = pv_private_key_public(other);
	g_assert_true(pv_token_key_record(fixture->directory, &fixture->key, NULL, "root", &error));
	g_clear_pointer(&found, pv_stored_key_free);
	found = pv_trust_key_find(fixture->directory, id, &error);
	g_assert_null(found->uri);
}

static void test_limits(Fixture *fixture, const void *data)
{
	const char *id = pv_public_key_id(fixture->key.public);
	g_autofree char *path = pv_token_key_path(fixture->directory, id);
	g_autofree char *text = NULL;

	g_assert_true(pv_token_key_record(fixture->directory, &fixture->key, NULL, "root", NULL));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	for (gsize size = PV_TOKEN_RECORD_BYTES_MAX - 1; size <= PV_TOKEN_RECORD_BYTES_MAX + 1;
	     size++) {
		g_autofree char *padded = g_strnfill(size, ' ');
		g_autoptr(GBytes) bytes = NULL;
		g_autoptr(PvStoredKey) key = NULL;
		g_autoptr(GError) error = NULL;

		memcpy(padded, text, strlen(text));
		bytes = g_bytes_new(padded, size);
		key = pv_token_key_parse(bytes, path, id, &error);
		g_assert_cmpint(key != NULL, ==, size <= PV_TOKEN_RECORD_BYTES_MAX);
		g_assert_cmpint(g_error_matches(error, PV_ERROR, PV_ERROR_LIMIT), ==,
				size > PV_TOKEN_RECORD_BYTES_MAX);
	}
}

/* A record that tells another key than its name says is none. */
static void test_other(Fixture *fixture, const void *data)
{
	const char *id = pv_public_key_id(fixture->key.public);
	g_autofree char *path = pv_token_key_path(fixture->directory, id);
	g_autofree char *other_id = g_strnfill(64, '0');
	g_autofree char *other = pv_token_key_path(fixture->directory, other_id);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(pv_token_key_record(fixture->directory, &fixture->key, NULL, "root", NULL));
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_true(g_file_set_contents(other, text, -1, NULL));
	g_assert_null(pv_trust_key_find(fixture->directory, other_id, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/trust/token_keys/round", Fixture, NULL, set_up, test_round, tear_down);
	g_test_add("/trust/token_keys/places", Fixture, NULL, set_up, test_places, tear_down);
	g_test_add("/trust/token_keys/limits", Fixture, NULL, set_up, test_limits, tear_down);
	g_test_add("/trust/token_keys/other", Fixture, NULL, set_up, test_other, tear_down);
	return g_test_run();
}
