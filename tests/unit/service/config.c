/* SPDX-License-Identifier: Apache-2.0 */

/* Limits of the two configuration files; what they say is tested by tests/cli/serve.bats. */

#include "service/config.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static PvServiceConfig *parse(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));

	return pv_service_config_parse(bytes, "/etc/service.yaml", error);
}

static void test_size(void)
{
	for (gsize size = PV_SERVICE_CONFIG_BYTES_MAX - 1; size <= PV_SERVICE_CONFIG_BYTES_MAX + 1;
	     size++) {
		g_autofree char *text = g_strnfill(size, '#');
		g_autoptr(GError) error = NULL;
		g_autoptr(PvServiceConfig) config = parse(text, &error);

		if (size <= PV_SERVICE_CONFIG_BYTES_MAX)
			g_assert_no_error(error);
		else
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	}
}

static void test_prefixes(void)
{
	for (guint count = PV_GUN_PREFIXES_MAX - 1; count <= PV_GUN_PREFIXES_MAX + 1; count++) {
		g_autoptr(GString) yaml = g_string_new("gun_prefixes:\n");
		g_autoptr(GString) json =
			g_string_new("{\"trust_service\":{\"type\":\"local\"},\"server\":{\"http_"
				     "addr\":\"x:1\"},"
				     "\"repositories\":{\"gun_prefixes\":[\"a/\"");
		g_autoptr(GError) error = NULL;
		g_autoptr(GError) other = NULL;
		g_autoptr(PvServiceConfig) config = NULL;
		g_autoptr(PvServiceConfig) notary = NULL;
		g_autoptr(GBytes) bytes = NULL;

		for (guint i = 0; i < count; i++)
			g_string_append(yaml, "- a/\n");
		for (guint i = 1; i < count; i++)
			g_string_append(json, ",\"a/\"");
		g_string_append(json, "]}}");
		bytes = g_bytes_new(json->str, json->len);
		config = parse(yaml->str, &error);
		notary = pv_service_config_parse_notary(bytes, "/etc/server-config.json", &other);
		if (count <= PV_GUN_PREFIXES_MAX) {
			g_assert_no_error(error);
			g_assert_no_error(other);
			g_assert_cmpuint(config->gun_prefixes_count, ==, count);
			g_assert_cmpuint(notary->gun_prefixes_count, ==, count);
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
			g_assert_error(other, PV_ERROR, PV_ERROR_USAGE);
		}
	}
}

static void test_ages(void)
{
	for (guint age = PV_CACHE_AGE_SECONDS_MAX - 1; age <= PV_CACHE_AGE_SECONDS_MAX + 1; age++) {
		g_autofree char *text =
			g_strdup_printf("caching: {consistent_metadata: %u}\n", age);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvServiceConfig) config = parse(text, &error);

		if (age <= PV_CACHE_AGE_SECONDS_MAX) {
			g_assert_no_error(error);
			g_assert_cmpuint(config->caching.consistent_metadata, ==, age);
			g_assert_cmpuint(config->caching.current_metadata, ==, 300);
		} else {
			g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
		}
	}
}

/* Zero is a value of its own: it is not the same as nothing. */
static void test_zero(void)
{
	g_autoptr(PvServiceConfig) nothing = parse("{}", NULL);
	g_autoptr(PvServiceConfig) zero =
		parse("caching: {current_metadata: 0}\nstorage: {keep_seconds: 0}\n", NULL);
	PvStoreOptions defaults, options;

	g_assert_cmpuint(nothing->caching.current_metadata, ==, 300);
	g_assert_cmpuint(zero->caching.current_metadata, ==, 0);
	g_assert_cmpuint(zero->caching.consistent_metadata, ==, 2592000);
	pv_store_options_default(&defaults);
	options = pv_service_config_store_options(nothing);
	g_assert_cmpint(options.keep_seconds, ==, defaults.keep_seconds);
	options = pv_service_config_store_options(zero);
	g_assert_cmpint(options.keep_seconds, ==, 0);
	g_assert_cmpuint(options.keep_versions, ==, defaults.keep_versions);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service/config/size", test_size);
	g_test_add_func("/service/config/prefixes", test_prefixes);
	g_test_add_func("/service/config/ages", test_ages);
	g_test_add_func("/service/config/zero", test_zero);
	return g_test_run();
}
