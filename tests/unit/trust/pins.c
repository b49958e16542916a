/* SPDX-License-Identifier: Apache-2.0 */

/* Pinned roots: who is accepted, and that a pinned key must have signed. */

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "crypto/certificate.h"
#include "trust/client_config.h"
#include "trust/pins_config.h"

#define GUN "registry.example.com/team/app"

typedef struct {
	PvPrivateKey *owner, *thief;
	PvPublicKey *owner_certificate, *thief_certificate;
} Keys;

static Keys make_keys(void)
{
	Keys keys = { pv_private_key_generate(PV_KEY_ECDSA, NULL),
		      pv_private_key_generate(PV_KEY_ECDSA, NULL), NULL, NULL };

	keys.owner_certificate = pv_certificate_new_root(keys.owner, GUN, pv_time_now(), NULL);
	keys.thief_certificate = pv_certificate_new_root(keys.thief, GUN, pv_time_now(), NULL);
	return keys;
}

static void free_keys(Keys *keys)
{
	pv_private_key_free(keys->owner);
	pv_private_key_free(keys->thief);
	pv_public_key_unref(keys->owner_certificate);
	pv_public_key_unref(keys->thief_certificate);
}

/* A root that lists @listed (both certificates if NULL) and is signed by @signer under @id. */
static PvMetadata *make_root(const Keys *keys, PvPublicKey *listed, const char *id,
			     const PvPrivateKey *signer)
{
	static const char *const names[] = { "root", "targets", "snapshot", "timestamp" };
	g_autoptr(GHashTable) roles =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)pv_role_free);
	g_autoptr(GPtrArray) signatures =
		g_ptr_array_new_with_free_func((GDestroyNotify)pv_signature_free);
	PvMetadataDraft draft = { .kind = PV_ROLE_ROOT,
				  .version = 1,
				  .expires = pv_time_add_seconds(pv_time_now(), 86400),
				  .roles = roles };
	g_autoptr(GBytes) body = NULL;
	g_autoptr(GBytes) file = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		PvRole *role = pv_role_new(names[i], 1);

		if (i == 0 && !listed) {
			g_ptr_array_add(role->keys, pv_public_key_ref(keys->owner_certificate));
			g_ptr_array_add(role->keys, pv_public_key_ref(keys->thief_certificate));
		} else {
			g_ptr_array_add(role->keys,
					pv_public_key_ref(i == 0 ? listed
								 : pv_private_key_public(signer)));
		}
		g_hash_table_insert(roles, role->name, role);
	}
	body = pv_metadata_write_signed(&draft, NULL);
	g_ptr_array_add(signatures, pv_metadata_sign(body, id, signer, NULL));
	file = pv_metadata_write_file(body, signatures, NULL);
	return pv_metadata_parse("root", file, NULL);
}

static PvPins *pins_of(const char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
	g_autoptr(json_t) config = pv_json_load(bytes, PV_MIB, "test", NULL);
	g_autoptr(GError) error = NULL;
	PvPins *pins = pv_pins_read(config, "/nowhere", &error);

	g_assert_no_error(error);
	return pins;
}

static PvPinsVerdict judge(const char *format, const char *id, const PvMetadata *root)
{
	g_autoptr(GString) text = g_string_new(format);
	g_autoptr(PvPins) pins = NULL;
	g_autoptr(GError) error = NULL;
	PvPinsVerdict verdict;

	g_string_replace(text, "ID", id, 0);
	pins = pins_of(text->str);
	verdict = pv_pins_judge(pins, GUN, root, pv_time_now(), &error);
	g_assert_cmpint(verdict == PV_PINS_REFUSED, ==, error != NULL);
	if (error)
		g_assert_error(error, PV_ERROR, PV_ERROR_ROOT);
	return verdict;
}

static void test_exact_then_longest_prefix(void)
{
	Keys keys = make_keys();
	const char *id = pv_public_key_id(keys.owner_certificate);
	g_autoptr(PvMetadata) root = make_root(&keys, keys.owner_certificate, id, keys.owner);

	g_assert_cmpint(judge("{\"certs\":{\"" GUN "\":[\"ID\"],\"*\":[\"00\"]}}", id, root), ==,
			PV_PINS_ACCEPTED);
	g_assert_cmpint(judge("{\"certs\":{\"" GUN "\":[\"00\"],\"*\":[\"ID\"]}}", id, root), ==,
			PV_PINS_REFUSED);
	g_assert_cmpint(judge("{\"certs\":{\"registry.example.com/*\":[\"ID\"],\"*\":[\"00\"]}}",
			      id, root),
			==, PV_PINS_ACCEPTED);
	g_assert_cmpint(judge("{\"certs\":{\"registry.example.com/*\":[\"00\"],\"r*\":[\"ID\"]}}",
			      id, root),
			==, PV_PINS_REFUSED);
	g_assert_cmpint(judge("{\"certs\":{\"registry.example.com/team\":[\"00\"]}}", id, root), ==,
			PV_PINS_SILENT);
	g_assert_cmpint(judge("{}", id, root), ==, PV_PINS_SILENT);
	/* the plain key's id does as well: it names the private key's file */
	g_assert_cmpint(judge("{\"certs\":{\"" GUN "\":[\"ID\"]}}",
			      pv_public_key_canonical_id(keys.owner_certificate), root),
			==, PV_PINS_ACCEPTED);
	free_keys(&keys);
}

static void test_pinned_key_must_have_signed(void)
{
	Keys keys = make_keys();
	const char *owner = pv_public_key_id(keys.owner_certificate);
	const char *thief = pv_public_key_id(keys.thief_certificate);
	g_autoptr(PvMetadata) stolen = make_root(&keys, NULL, thief, keys.thief);
	g_autoptr(PvMetadata) honest = make_root(&keys, NULL, owner, keys.owner);
	const char *format = "{\"certs\":{\"" GUN "\":[\"ID\"]}}";

	/* both list the pinned key; the root is its own signer's alone */
	g_assert_true(pv_metadata_verify(stolen, g_hash_table_lookup(stolen->roles, "root"), NULL));
	g_assert_cmpint(judge(format, owner, stolen), ==, PV_PINS_REFUSED);
	g_assert_cmpint(judge(format, owner, honest), ==, PV_PINS_ACCEPTED);
	free_keys(&keys);
}

static void test_authority_that_is_not_there(void)
{
	Keys keys = make_keys();
	const char *id = pv_public_key_id(keys.owner_certificate);
	g_autoptr(PvMetadata) root = make_root(&keys, keys.owner_certificate, id, keys.owner);
	g_autoptr(PvPins) pins = pins_of("{\"ca\":{\"registry.example.com/\":\"missing.pem\"}}");
	g_autoptr(GError) error = NULL;

	g_assert_cmpint(pv_pins_judge(pins, GUN, root, pv_time_now(), &error), ==, PV_PINS_REFUSED);
	g_assert_error(error, PV_ERROR, PV_ERROR_NOT_FOUND);
	free_keys(&keys);
}

static void test_limits(void)
{
	for (guint count = PV_PINS_MAX - 1; count <= PV_PINS_MAX + 1; count++) {
		g_autoptr(json_t) ids = json_array();
		g_autoptr(json_t) table = json_object();
		g_autoptr(json_t) config = NULL;
		g_autoptr(json_t) many = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GError) second = NULL;
		g_autoptr(PvPins) pins = NULL;
		g_autoptr(PvPins) other = NULL;

		for (guint i = 0; i < count; i++) {
			g_autofree char *name = g_strdup_printf("%u", i);

			json_array_append_new(ids, json_string("00"));
			json_object_set_new(table, name, json_string("file"));
		}
		config = json_pack("{s:{s:O}}", "certs", "gun", ids);
		many = json_pack("{s:O}", "ca", table);
		pins = pv_pins_read(config, "/", &error);
		other = pv_pins_read(many, "/", &second);
		g_assert_cmpint(pins != NULL, ==, count <= PV_PINS_MAX);
		g_assert_cmpint(other != NULL, ==, count <= PV_PINS_MAX);
		if (error)
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		if (second)
			g_assert_error(second, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_config_yaml(void)
{
	static const char text[] = "server: https://trust.example.com\n"
				   "tls: {ca: ca.crt, key: /etc/key}\n"
				   "trust_pinning:\n"
				   "  certs: [{gun: 'a/*', keys: [k1, k2]}]\n"
				   "  ca: [{gun: b/, file: b.crt}]\n"
				   "  disable_tofu: true\n";
	g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));
	g_autoptr(GError) error = NULL;
	g_autoptr(PvClientConfig) config = pv_client_config_parse(bytes, "/home/x/c.yaml", &error);
	const GPtrArray *ids;

	g_assert_no_error(error);
	g_assert_cmpstr(config->server, ==, "https://trust.example.com");
	g_assert_cmpstr(config->ca_file, ==, "/home/x/ca.crt");
	g_assert_cmpstr(config->key_file, ==, "/etc/key");
	g_assert_null(config->trust_dir);
	g_assert_true(config->pins->disable_tofu);
	ids = g_hash_table_lookup(config->pins->certs, "a/*");
	g_assert_cmpuint(ids->len, ==, 2);
	g_assert_cmpstr(g_hash_table_lookup(config->pins->ca, "b/"), ==, "/home/x/b.crt");
}

static void test_config_limit(void)
{
	for (gsize size = PV_CLIENT_CONFIG_BYTES_MAX - 1; size <= PV_CLIENT_CONFIG_BYTES_MAX + 1;
	     size++) {
		char *text = g_strnfill(size, '#');
		g_autoptr(GBytes) bytes = g_bytes_new_take(text, size);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvClientConfig) config = pv_client_config_parse(bytes, "/c.yaml", &error);

		if (size > PV_CLIENT_CONFIG_BYTES_MAX)
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		else
			g_assert_true(config || error->code == PV_ERROR_USAGE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pins/prefixes", test_exact_then_longest_prefix);
	g_test_add_func("/pins/must-have-signed", test_pinned_key_must_have_signed);
	g_test_add_func("/pins/no-authority", test_authority_that_is_not_there);
	g_test_add_func("/pins/limits", test_limits);
	g_test_add_func("/pins/config-yaml", test_config_yaml);
	g_test_add_func("/pins/config-limit", test_config_limit);
	return g_test_run();
}
