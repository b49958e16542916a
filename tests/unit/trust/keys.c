/* SPDX-License-Identifier: Apache-2.0 */

/* Import, export, passphrases, removal, and the layout before Notary 0.4. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "trust/keys.h"

typedef struct {
	char *dir;
	PvPassphrases *passphrases;
	PvPrivateKey *key;
	const char *id;
} Fixture;

static void set_up(Fixture *fixture, const void *data)
{
	fixture->dir = g_dir_make_tmp("pavise-test-XXXXXX", NULL);
	g_setenv("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE", "the passphrase", TRUE);
	g_setenv("DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE", "the passphrase", TRUE);
	fixture->passphrases = pv_passphrases_take();
	g_assert_null(g_getenv("DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE"));
	fixture->key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	fixture->id = pv_public_key_id(pv_private_key_public(fixture->key));
}

static void tear_down(Fixture *fixture, const void *data)
{
	g_assert_true(pv_file_remove_tree(fixture->dir, NULL));
	g_free(fixture->dir);
	pv_passphrases_free(fixture->passphrases);
	pv_private_key_free(fixture->key);
}

static char *pem_of(const Fixture *fixture, const char *gun, const char *role,
		    const char *passphrase)
{
	g_autoptr(PvSecret) secret =
		passphrase ? pv_secret_new_copy(passphrase, strlen(passphrase)) : NULL;
	g_autoptr(PvSecret) text = pv_key_file_write(fixture->key, gun, role, secret, NULL);

	return g_strndup(text->data, text->size);
}

static GPtrArray *import(Fixture *fixture, const char *text, const char *role, const char *gun,
			 GError **error)
{
	g_autoptr(GBytes) pem = g_bytes_new(text, strlen(text));
	GPtrArray *ids = NULL;

	return pv_trust_key_import(fixture->dir, fixture->passphrases, pem, role, gun, &ids, error)
		       ? ids
		       : NULL;
}

static void test_plain(Fixture *fixture, const void *data)
{
	g_autofree char *pem = pem_of(fixture, NULL, "alice", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) ids = import(fixture, pem, "bob", NULL, &error);
	g_autoptr(PvStoredKey) stored = NULL;
	g_autoptr(PvPrivateKey) opened = NULL;

	g_assert_no_error(error);
	g_assert_cmpstr(ids->pdata[0], ==, fixture->id);
	stored = pv_trust_key_find(fixture->dir, fixture->id, &error);
	g_assert_true(stored->file->encrypted);
	g_assert_cmpstr(stored->file->role, ==, "alice"); /* the header wins */
	opened = pv_passphrases_open(fixture->passphrases, stored, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(pv_public_key_id(pv_private_key_public(opened)), ==, fixture->id);
}

static void test_encrypted(Fixture *fixture, const void *data)
{
	g_autofree char *pem = pem_of(fixture, NULL, "alice", "another one");
	g_autofree char *headed = g_strdup_printf("path: %s\nrole: alice\n", fixture->id);
	g_autoptr(GString) with_path = g_string_new(pem);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) ids = NULL;
	g_autofree char *path = g_strdup_printf("%s/private/%s.key", fixture->dir, fixture->id);
	g_autofree char *kept = NULL;

	g_assert_null(import(fixture, pem, NULL, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	g_assert_nonnull(strstr(error->message, "no path header"));
	g_clear_error(&error);
	g_string_replace(with_path, "role: alice\n", headed, 1);
	ids = import(fixture, with_path->str, NULL, NULL, &error);
	g_assert_no_error(error);
	/* copied as it is, without the path */
	g_assert_true(g_file_get_contents(path, &kept, NULL, NULL));
	g_assert_cmpstr(kept, ==, pem);
}

static void test_refused(Fixture *fixture, const void *data)
{
	static const char *const roles[] = { "targets", "snapshot", "timestamp" };
	g_autofree char *escape = pem_of(fixture, NULL, "root", NULL);
	g_autoptr(GString) path = g_string_new(escape);
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++) {
		g_autofree char *pem = pem_of(fixture, NULL, roles[i], NULL);
		g_autoptr(GError) no_gun = NULL;
		g_autoptr(GError) fine = NULL;
		g_autoptr(GPtrArray) ids = NULL;

		g_assert_null(import(fixture, pem, NULL, NULL, &no_gun));
		g_assert_nonnull(strstr(no_gun->message, "nothing says which"));
		ids = import(fixture, pem, NULL, "lab/app", &fine);
		g_assert_no_error(fine);
	}
	g_string_replace(path, "role: root\n", "path: ../../../etc/passwd\nrole: root\n", 1);
	g_assert_null(import(fixture, path->str, NULL, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	g_assert_nonnull(strstr(error->message, "is no key id"));
	g_clear_error(&error);
	g_assert_null(import(fixture, "nothing", NULL, NULL, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
}

static void test_import_limit(Fixture *fixture, const void *data)
{
	for (gsize size = PV_KEY_IMPORT_BYTES_MAX - 1; size <= PV_KEY_IMPORT_BYTES_MAX + 1;
	     size++) {
		g_autofree char *text = g_strnfill(size, '-');
		g_autoptr(GError) error = NULL;
		int expected;

		g_assert_null(import(fixture, text, NULL, NULL, &error));
		expected = size > PV_KEY_IMPORT_BYTES_MAX ? PV_ERROR_LIMIT : PV_ERROR_NOT_FOUND;
		g_assert_error(error, PV_ERROR, expected);
	}
}

static void test_export(Fixture *fixture, const void *data)
{
	g_autofree char *pem = pem_of(fixture, "lab/app", "targets", NULL);
	g_autoptr(GPtrArray) ids = import(fixture, pem, NULL, NULL, NULL);
	const char *const others[] = { "00", NULL };
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) all = pv_trust_key_export(fixture->dir, NULL, NULL, &error);
	g_autoptr(GBytes) by_gun = pv_trust_key_export(fixture->dir, NULL, "lab/app", &error);
	g_autoptr(GBytes) none = pv_trust_key_export(fixture->dir, others, NULL, &error);
	g_autofree char *head = g_strdup_printf("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
						"gun: lab/app\npath: %s\nrole: targets\n\n",
						fixture->id);

	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(g_bytes_get_data(all, NULL), head));
	g_assert_true(g_bytes_equal(all, by_gun));
	g_assert_cmpuint(g_bytes_get_size(none), ==, 0);
}

static void test_passphrase_and_removal(Fixture *fixture, const void *data)
{
	g_autofree char *pem = pem_of(fixture, NULL, "root", NULL);
	g_autoptr(GPtrArray) ids = import(fixture, pem, NULL, NULL, NULL);
	g_autoptr(PvSecret) new = pv_secret_new_copy("quite another", 13);
	g_autoptr(PvStoredKey) stored = NULL;
	g_autoptr(PvPrivateKey) opened = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(
		pv_trust_key_passwd(fixture->dir, fixture->passphrases, fixture->id, new, &error));
	g_assert_false(
		pv_trust_key_passwd(fixture->dir, fixture->passphrases, fixture->id, new, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_PASSPHRASE);
	g_clear_error(&error);
	stored = pv_trust_key_find(fixture->dir, fixture->id, NULL);
	opened = pv_key_file_open(stored->file, new, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(stored->file->role, ==, "root");
	g_assert_true(pv_trust_key_remove(fixture->dir, fixture->id, &error));
	g_assert_false(pv_trust_key_remove(fixture->dir, fixture->id, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	g_clear_error(&error);
	g_assert_false(pv_trust_key_remove(fixture->dir, "../x", &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
}

static void put(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(fixture->dir, "private", name, NULL);
	g_autofree char *directory = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_old_layout(Fixture *fixture, const void *data)
{
	g_autofree char *pem = pem_of(fixture, NULL, "x", "the passphrase");
	g_autoptr(GString) bare = g_string_new(pem);
	g_autofree char *name = g_strdup_printf("tuf_keys/lab/app/%s_targets.key", fixture->id);
	g_autofree char *broken = g_strdup_printf("root_keys/%s_root.key", fixture->id);
	g_autoptr(GPtrArray) left = NULL;
	g_autoptr(GPtrArray) keys = NULL;
	g_autofree char *old = g_build_filename(fixture->dir, "private/tuf_keys", NULL);
	g_autofree char *stays = g_build_filename(fixture->dir, "private", broken, NULL);

	g_string_replace(bare, "role: x\n", "", 1);
	put(fixture, name, bare->str);
	put(fixture, broken, "no key");
	g_assert_false(pv_trust_keys_migrate(fixture->dir, &left));
	g_assert_cmpuint(left->len, ==, 1);
	g_assert_nonnull(strstr(left->pdata[0], broken));
	g_assert_true(g_file_test(stays, G_FILE_TEST_EXISTS)); /* never lost */
	g_assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
	keys = pv_trust_keys(fixture->dir, NULL);
	g_assert_cmpuint(keys->len, ==, 1);
	g_assert_cmpstr(((PvStoredKey *)keys->pdata[0])->file->gun, ==, "lab/app");
	g_assert_cmpstr(((PvStoredKey *)keys->pdata[0])->file->role, ==, "targets");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/keys/plain", Fixture, NULL, set_up, test_plain, tear_down);
	g_test_add("/keys/encrypted", Fixture, NULL, set_up, test_encrypted, tear_down);
	g_test_add("/keys/refused", Fixture, NULL, set_up, test_refused, tear_down);
	g_test_add("/keys/import-limit", Fixture, NULL, set_up, test_import_limit, tear_down);
	g_test_add("/keys/export", Fixture, NULL, set_up, test_export, tear_down);
	g_test_add("/keys/passphrase", Fixture, NULL, set_up, test_passphrase_and_removal,
		   tear_down);
	g_test_add("/keys/old-layout", Fixture, NULL, set_up, test_old_layout, tear_down);
	return g_test_run();
}
