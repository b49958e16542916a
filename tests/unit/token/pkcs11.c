/* SPDX-License-Identifier: Apache-2.0 */

/* The PKCS#11 driver on SoftHSM2: keys made, brought, signed with and removed; PINs; bad URIs. */

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "crypto/certificate.h"
#include "token/driver.h"
#include "token/pkcs11_key.h"

#define SOFTHSM  "/usr/lib/softhsm/libsofthsm2.so"
#define PIN      "928374"
#define TOKEN(t) "pkcs11:token=" t "?module-path=" SOFTHSM

typedef struct {
	const char *pin;
	guint asked, retries;
} Person;

static PvSecret *secret(void *data, const PvTokenPrompt *prompt, GError **error)
{
	Person *person = data;

	person->asked++;
	if (prompt->is_retry) {
		person->retries++;
		return pv_fail_null(error, PV_ERROR_PASSPHRASE, "wrong");
	}
	g_assert_cmpint(prompt->kind, ==, PV_SECRET_PIN);
	g_assert_nonnull(prompt->serial);
	return pv_secret_new_copy(person->pin, strlen(person->pin));
}

static void touch(void *data, const char *token, gboolean is_awaited)
{
	g_assert_not_reached();
}

static void may_wait(void *data, const char *token)
{
}

static void warn(void *data, const char *sentence)
{
	g_assert_not_reached();
}

static PvTokenPerson person_of(Person *person)
{
	return (PvTokenPerson){ person, secret, touch, may_wait, warn };
}

static void run(const char *const *argv)
{
	g_auto(PvProcessResult) result = { 0 };
	g_autoptr(GError) error = NULL;

	g_assert_true(pv_process_run((char **)argv, NULL, NULL, 65536, 60000, &result, &error));
	g_assert_cmpint(result.exit_status, ==, 0);
}

static char *directory;

static void make_token(const char *label)
{
	const char *argv[] = { "softhsm2-util", "--init-token", "--free", "--label", label,
			       "--so-pin",      "123456789",    "--pin",  PIN,       NULL };

	run(argv);
}

static void set_up(void)
{
	g_autofree char *config = NULL;
	g_autofree char *tokens = NULL;
	g_autofree char *text = NULL;

	directory = g_dir_make_tmp("pavise-pkcs11-XXXXXX", NULL);
	tokens = g_build_filename(directory, "tokens", NULL);
	config = g_build_filename(directory, "softhsm2.conf", NULL);
	g_assert_cmpint(g_mkdir(tokens, 0700), ==, 0);
	text = g_strdup_printf("directories.tokendir = %s\nlog.level = ERROR\n", tokens);
	g_assert_true(g_file_set_contents(config, text, -1, NULL));
	g_setenv("SOFTHSM2_CONF", config, TRUE);
	make_token("one");
	make_token("two");
}

static PvTokenRequest request_for(const char *role)
{
	return (PvTokenRequest){ .role = role, .now_s = 1700000000, .life_s = 86400 };
}

static void test_make(void)
{
	Person person = { .pin = PIN };
	PvTokenPerson asked = person_of(&person);
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) occupied = NULL;
	PvTokenSession *session = pv_token_pkcs11.open(TOKEN("one"), &asked, &error);
	PvTokenRequest request = request_for("root");
	g_autoptr(PvTokenKey) key = NULL;
	g_autoptr(PvPublicKey) certified = NULL;
	g_autoptr(GPtrArray) keys = NULL;
	g_autoptr(GBytes) message = g_bytes_new("to be signed", 12);
	g_autoptr(GBytes) signature = NULL;
	g_autofree char *name = NULL;

	g_assert_no_error(error);
	key = pv_token_pkcs11.make(session, TOKEN("one"), &request, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(key->role, ==, "root");
	g_assert_cmpint(key->origin, ==, PV_ORIGIN_GENERATED);
	g_assert_nonnull(strstr(key->uri, "module-path="));
	certified = pv_certificate_read_der(key->certificate, &name, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(name, ==, "root");
	g_assert_true(pv_public_key_same(certified, key->public));
	g_assert_cmpuint(person.asked, ==, 1);
	signature = pv_token_pkcs11.sign(session, key->uri, key->public, message, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(signature), ==, 64);
	g_assert_cmpuint(person.asked, ==, 1);
	/* The same place again. */
	g_assert_null(pv_token_pkcs11.make(session, key->uri, &request, &occupied));
	g_assert_error(occupied, PV_ERROR, PV_ERROR_EXISTS);
	pv_token_pkcs11.close(session);

	/* Seen, and told from another key, without the PIN. */
	person.asked = 0;
	session = pv_token_pkcs11.open(key->uri, &asked, &error);
	keys = pv_token_pkcs11.list(session, key->uri, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(keys->len, ==, 1);
	g_assert_null(((PvTokenKey *)keys->pdata[0])->unfinished);
	g_assert_true(pv_public_key_same(((PvTokenKey *)keys->pdata[0])->public, key->public));
	{
		g_autoptr(PvPrivateKey) other = pv_private_key_generate(PV_KEY_ECDSA, &error);
		g_autoptr(GError) wrong = NULL;

		g_assert_null(pv_token_pkcs11.sign(session, key->uri, pv_private_key_public(other),
						   message, &wrong));
		g_assert_error(wrong, PV_ERROR, PV_ERROR_KEY);
	}
	g_assert_cmpuint(person.asked, ==, 0);

	/* In its place another, then none. */
	request.replaces = TRUE;
	{
		g_autoptr(PvTokenKey) next =
			pv_token_pkcs11.make(session, key->uri, &request, &error);

		g_assert_no_error(error);
		g_assert_cmpstr(next->uri, ==, key->uri);
		g_assert_false(pv_public_key_same(next->public, key->public));
	}
	g_assert_true(pv_token_pkcs11.remove(session, key->uri, &error));
	g_assert_false(pv_token_pkcs11.remove(session, key->uri, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_KEY);
	pv_token_pkcs11.close(session);
}

static void test_import(void)
{
	/* PKCS#8 of a P-256 key. */
	static const char pkcs8[] =
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQggw+jwmN5V7q71NSVmAR4idhs39Omz7we"
		"ax/1rN0EaYChRANCAAQ7TqW1K27oKLxP/qlF+9oZ64Ira32mdGsHyV5NrkF1Lr66wNCgjPunmytOVJTa"
		"f9AI2sclrIRE85ppVNI9cwzc";
	gsize size;
	g_autofree guchar *der = g_base64_decode(pkcs8, &size);
	g_autoptr(GBytes) imported = g_bytes_new(der, size);
	Person person = { .pin = PIN };
	PvTokenPerson asked = person_of(&person);
	g_autoptr(GError) error = NULL;
	PvTokenSession *session = pv_token_pkcs11.open(TOKEN("two"), &asked, &error);
	PvTokenRequest request = request_for("alice");
	const char *uri = "pkcs11:token=two;id=%07?module-path=" SOFTHSM;
	g_autoptr(PvTokenKey) key = NULL;
	g_autoptr(GBytes) message = g_bytes_new("m", 1);
	g_autoptr(GBytes) signature = NULL;

	request.imported = imported;
	key = pv_token_pkcs11.make(session, uri, &request, &error);
	g_assert_no_error(error);
	g_assert_cmpint(key->origin, ==, PV_ORIGIN_IMPORTED);
	signature = pv_token_pkcs11.sign(session, uri, key->public, message, &error);
	g_assert_no_error(error);
	g_assert_true(pv_token_pkcs11.remove(session, uri, &error));
	g_assert_null(pv_token_pkcs11.attest);
	pv_token_pkcs11.close(session);
}

static void test_pins(void)
{
	Person person = { .pin = "000000" };
	PvTokenPerson asked = person_of(&person);
	g_autoptr(GError) error = NULL;
	PvTokenSession *session = pv_token_pkcs11.open(TOKEN("one"), &asked, &error);
	PvTokenRequest request = request_for("root");
	g_autoptr(GPtrArray) keys = NULL;

	g_assert_null(pv_token_pkcs11.make(session, TOKEN("one"), &request, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_PASSPHRASE);
	g_assert_cmpuint(person.asked, ==, 2);
	g_assert_cmpuint(person.retries, ==, 1);
	g_clear_error(&error);
	request.touch = PV_TOUCH_ALWAYS;
	g_assert_null(pv_token_pkcs11.make(session, TOKEN("one"), &request, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_UNSUPPORTED);
	g_assert_cmpuint(person.asked, ==, 2);
	keys = pv_token_pkcs11.list(session, TOKEN("one"), NULL);
	g_assert_cmpuint(keys->len, ==, 0);
	pv_token_pkcs11.close(session);
}

static void test_always(void)
{
	Person person = { .pin = PIN };
	PvTokenPerson asked = person_of(&person);
	g_autoptr(GError) error = NULL;
	PvTokenSession *session = pv_token_pkcs11.open(TOKEN("one"), &asked, &error);
	PvTokenRequest request = request_for("root");
	g_autoptr(PvTokenKey) key = NULL;
	g_autoptr(GBytes) message = g_bytes_new("m", 1);

	request.pin = PV_PIN_ALWAYS;
	key = pv_token_pkcs11.make(session, TOKEN("one"), &request, &error);
	g_assert_no_error(error);
	g_assert_cmpint(key->pin, ==, PV_PIN_ALWAYS);
	for (guint i = 0; i < 3; i++) {
		g_autoptr(GBytes) signature =
			pv_token_pkcs11.sign(session, key->uri, key->public, message, &error);

		g_assert_no_error(error);
	}
	g_assert_cmpuint(person.asked, ==, 1);
	g_assert_true(pv_token_pkcs11.remove(session, key->uri, &error));
	pv_token_pkcs11.close(session);
}

static void check_refused(const char *uri, PvErrorCode code, const char *part)
{
	Person person = { .pin = PIN };
	PvTokenPerson asked = person_of(&person);
	g_autoptr(GError) error = NULL;

	g_assert_null(pv_token_pkcs11.open(uri, &asked, &error));
	g_assert_true(g_error_matches(error, PV_ERROR, (int)code));
	g_assert_nonnull(strstr(error->message, part));
}

static void test_uris(void)
{
	Person person = { .pin = PIN };
	PvTokenPerson asked = person_of(&person);
	PvTokenSession *session;
	PvTokenRequest request = request_for("root");
	g_autoptr(GError) error = NULL;

	check_refused("pkcs11:token=%zz", PV_ERROR_USAGE, "token=%zz");
	check_refused("pkcs11:token=one?pin-value=1234", PV_ERROR_USAGE, "--pin-source");
	check_refused("pkcs11:token=one?pin-source=file:/x", PV_ERROR_USAGE, "--pin-source");
	check_refused("pkcs11:nonsense=one", PV_ERROR_USAGE, "RFC 7512");
	check_refused("pkcs11:?module-path=/nowhere.so", PV_ERROR_TOKEN, "/nowhere.so");
	check_refused(TOKEN("three"), PV_ERROR_NOT_FOUND, "one (serial ");
	session = pv_token_pkcs11.open("pkcs11:?module-path=" SOFTHSM, &asked, &error);
	g_assert_no_error(error);
	g_assert_null(pv_token_pkcs11.make(session, "pkcs11:", &request, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
	g_assert_nonnull(strstr(error->message, "two (serial "));
	g_assert_cmpuint(person.asked, ==, 0);
	pv_token_pkcs11.close(session);
}

/* The point of a new key, as the point alone and as modules wrap it. */
static void test_points(void)
{
	static const guint8 p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
	g_autoptr(GBytes) curve = g_bytes_new_static(p256, sizeof p256);
	g_autoptr(PvPrivateKey) key = pv_private_key_generate(PV_KEY_ECDSA, NULL);
	g_autoptr(GBytes) bare = pv_public_key_point(pv_private_key_public(key));
	g_autoptr(GBytes) wrapped = pv_pkcs11_wrap_point(bare);
	gsize size = g_bytes_get_size(wrapped);

	g_assert_cmpuint(size, ==, 67);
	for (gsize length = 0; length <= size; length++) {
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(wrapped, 0, length);
		g_autoptr(PvPublicKey) read = pv_pkcs11_ec_key(curve, part, NULL);

		g_assert_cmpint(read != NULL, ==, length == size);
	}
	for (guint i = 0; i < 2; i++) {
		g_autoptr(PvPublicKey) read = pv_pkcs11_ec_key(curve, i ? wrapped : bare, NULL);

		g_assert_cmpstr(pv_public_key_id(read), ==,
				pv_public_key_id(pv_private_key_public(key)));
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	set_up();
	g_test_add_func("/token/pkcs11/make", test_make);
	g_test_add_func("/token/pkcs11/import", test_import);
	g_test_add_func("/token/pkcs11/pins", test_pins);
	g_test_add_func("/token/pkcs11/always", test_always);
	g_test_add_func("/token/pkcs11/uris", test_uris);
	g_test_add_func("/token/pkcs11/points", test_points);
	status = g_test_run();
	g_assert_true(pv_file_remove_tree(directory, NULL));
	g_free(directory);
	return status;
}
