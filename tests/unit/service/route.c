/* SPDX-License-Identifier: Apache-2.0 */

/* Every route of trust.md 1.1, what a token needs for it, and paths that only look like one. */

#include "service/route.h"

#include <string.h>

#define HEX63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define HEX64 HEX63 "f"

static const struct {
	const char *method, *path;
	PvOperation operation;
	const char *gun, *role;
} cases[] = {
	{ "GET", "/v2/", PV_OPERATION_PING },
	{ "HEAD", "/v2/", PV_OPERATION_PING },
	{ "POST", "/v2/", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2", PV_OPERATION_UNKNOWN },
	{ "GET", "/", PV_OPERATION_UNKNOWN },
	{ "PATCH", "/v2/", PV_OPERATION_REFUSED },
	{ "get", "/v2/", PV_OPERATION_REFUSED },
	{ "GET", "", PV_OPERATION_MOVED },
	{ "GET", "//v2/", PV_OPERATION_MOVED },
	{ "GET", "/v2/a/..", PV_OPERATION_MOVED },
	{ "GET", "/v2/./a", PV_OPERATION_MOVED },
	{ "GET", "/v2/a..b/_trust/changefeed", PV_OPERATION_CHANGES, "a..b" },
	{ "GET", "/_notary_server/health", PV_OPERATION_HEALTH },
	{ "POST", "/_notary_server/health", PV_OPERATION_UNKNOWN },
	{ "GET", "/metrics", PV_OPERATION_METRICS },
	{ "GET", "/v2/_trust/changefeed", PV_OPERATION_ALL_CHANGES },
	{ "GET", "/v2/a/_trust/changefeed", PV_OPERATION_CHANGES, "a" },
	{ "POST", "/v2/a/_trust/tuf/", PV_OPERATION_UPDATE, "a" },
	{ "POST", "/v2/a/_trust/tuf", PV_OPERATION_UNKNOWN },
	{ "DELETE", "/v2/a:5000/b/_trust/tuf/", PV_OPERATION_DELETE, "a:5000/b" },
	{ "GET", "/v2/a/_trust/tuf/", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/_trust/tuf/root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a*/_trust/tuf/root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a\nb/_trust/tuf/root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a\x7f/_trust/tuf/root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/\xff/_trust/tuf/root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/root.json", PV_OPERATION_GET_ROLE, "a", "root" },
	{ "GET", "/v2/a/_trust/b/_trust/tuf/root.json", PV_OPERATION_GET_ROLE, "a/_trust/b",
	  "root" },
	{ "GET", "/v2/a/_trust/tuf/targets/x/y.json", PV_OPERATION_GET_ROLE, "a", "targets/x/y" },
	{ "GET", "/v2/a/_trust/tuf/targets/X.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/root." HEX64 ".json", PV_OPERATION_GET_ROLE_BY_HASH, "a",
	  "root" },
	{ "GET", "/v2/a/_trust/tuf/root." HEX64 "0.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/root." HEX64 HEX64 ".json", PV_OPERATION_GET_ROLE_BY_HASH, "a",
	  "root" },
	{ "GET", "/v2/a/_trust/tuf/1.root.json", PV_OPERATION_GET_ROLE_BY_VERSION, "a", "root" },
	{ "GET", "/v2/a/_trust/tuf/1.2.root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/-1.root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/timestamp.key", PV_OPERATION_GET_KEY, "a", "timestamp" },
	{ "POST", "/v2/a/_trust/tuf/snapshot.key", PV_OPERATION_ROTATE_KEY, "a", "snapshot" },
	{ "GET", "/v2/a/_trust/attestations/" HEX64, PV_OPERATION_GET_ATTESTATION, "a" },
	{ "HEAD", "/v2/a/_trust/attestations/" HEX64, PV_OPERATION_GET_ATTESTATION, "a" },
	{ "PUT", "/v2/a/b/_trust/attestations/" HEX64, PV_OPERATION_PUT_ATTESTATION, "a/b" },
	{ "POST", "/v2/a/_trust/attestations/" HEX64, PV_OPERATION_UNKNOWN },
	{ "DELETE", "/v2/a/_trust/attestations/" HEX64, PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/attestations/" HEX64 "0", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/attestations/" HEX63, PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/attestations/" HEX63 "F", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/attestations/", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/_trust/attestations/" HEX64, PV_OPERATION_UNKNOWN },
	{ "PUT", "/v2/a/_trust/tuf/root.json", PV_OPERATION_UNKNOWN },
	{ "GET", "/v2/a/_trust/tuf/root.key", PV_OPERATION_UNKNOWN },
	{ "DELETE", "/v2/a/_trust/tuf/snapshot.key", PV_OPERATION_UNKNOWN },
};

static void test_routes(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		PvRoute route;

		pv_route_parse(cases[i].method, cases[i].path, &route);
		if (route.operation != cases[i].operation)
			g_error("%s %s", cases[i].method, cases[i].path);
		if (cases[i].gun)
			g_assert_cmpstr(route.gun, ==, cases[i].gun);
		if (cases[i].role)
			g_assert_cmpstr(route.role, ==, cases[i].role);
	}
}

static void test_versions(void)
{
	static const struct {
		const char *number;
		gint64 version;
	} numbers[] = {
		{ "1", 1 },
		{ "01", 1 },
		{ "0", G_MAXINT64 },
		{ "000000000000000000", G_MAXINT64 },
		{ "999999999999999999", 999999999999999999 },
		{ "1000000000000000000", G_MAXINT64 },
		{ "99999999999999999999999999", G_MAXINT64 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
		g_autofree char *path =
			g_strdup_printf("/v2/a/_trust/tuf/%s.root.json", numbers[i].number);
		PvRoute route;

		pv_route_parse("GET", path, &route);
		g_assert_cmpint(route.version, ==, numbers[i].version);
	}
}

static void test_limits(void)
{
	for (gsize length = PV_GUN_BYTES_MAX - 1; length <= PV_GUN_BYTES_MAX + 1; length++) {
		g_autofree char *gun = g_strnfill(length, 'g');
		g_autofree char *path = g_strconcat("/v2/", gun, "/_trust/tuf/root.json", NULL);
		PvRoute route;

		pv_route_parse("GET", path, &route);
		g_assert_cmpint(route.operation, ==,
				length <= PV_GUN_BYTES_MAX ? PV_OPERATION_GET_ROLE
							   : PV_OPERATION_UNKNOWN);
	}
	for (gsize length = PV_ROLE_NAME_BYTES_MAX - 1; length <= PV_ROLE_NAME_BYTES_MAX + 1;
	     length++) {
		g_autofree char *name = g_strnfill(length - strlen("targets/"), 'r');
		g_autofree char *path =
			g_strconcat("/v2/a/_trust/tuf/targets/", name, ".json", NULL);
		PvRoute route;

		pv_route_parse("GET", path, &route);
		g_assert_cmpint(route.operation, ==,
				length <= PV_ROLE_NAME_BYTES_MAX ? PV_OPERATION_GET_ROLE
								 : PV_OPERATION_UNKNOWN);
	}
}

static void test_clean(void)
{
	static const char *const paths[][2] = {
		{ "", "/" },
		{ "/", "/" },
		{ "//", "/" },
		{ "/..", "/" },
		{ "//evil.example/x", "/evil.example/x" },
		{ "/a/../../b/./c//", "/b/c/" },
		{ "/a/...", "/a/..." },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *clean = pv_route_clean_path(paths[i][0]);

		g_assert_cmpstr(clean, ==, paths[i][1]);
	}
}

/* A row that forgot its actions would be open to all: these are the only ones that may be. */
static void test_every_operation_asks(void)
{
	for (guint i = 0; i < PV_OPERATION_COUNT; i++) {
		gboolean open = i == PV_OPERATION_REFUSED || i == PV_OPERATION_MOVED ||
				i == PV_OPERATION_HEALTH || i == PV_OPERATION_METRICS;

		g_assert_true(open == (pv_operation_info(i)->actions[0] == NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/service/route/routes", test_routes);
	g_test_add_func("/service/route/versions", test_versions);
	g_test_add_func("/service/route/limits", test_limits);
	g_test_add_func("/service/route/clean", test_clean);
	g_test_add_func("/service/route/every-operation-asks", test_every_operation_asks);
	return g_test_run();
}
