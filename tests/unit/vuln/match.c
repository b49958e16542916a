/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "vuln/match.h"

static PvInventory *inventory_of(const char *id, const char *version_id)
{
	PvInventory *inventory = pv_inventory_new();

	inventory->distro.id = pv_inventory_string(inventory, id);
	inventory->distro.version_id = pv_inventory_string(inventory, version_id);
	return inventory;
}

static void add(PvInventory *inventory, const char *type, const char *name, const char *version,
		const char *source, const char *source_version)
{
	g_autofree char *purl = g_strdup_printf("pkg:%s/%s@%s", type, name, version);
	PvPackage package = { .name = pv_inventory_string(inventory, name),
			      .version = pv_inventory_string(inventory, version),
			      .type = pv_inventory_string(inventory, type),
			      .purl = pv_inventory_string(inventory, purl),
			      .architecture = "",
			      .source_name = pv_inventory_string(inventory, source),
			      .source_version = pv_inventory_string(inventory, source_version),
			      .path = "x" };

	g_array_append_val(inventory->packages, package);
}

static void append_names(GString *text, const GPtrArray *names)
{
	g_string_append_c(text, '[');
	for (guint i = 0; i < names->len; i++)
		g_string_append_printf(text, "%s%s", i ? " " : "", (const char *)names->pdata[i]);
	g_string_append_c(text, ']');
}

/* "ID package version fixed severity [advisories] [aliases]", a line each. */
static void check(PvInventory *inventory, PvDatabase *database, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(PvMatch) match = pv_match(inventory, database, &error);
	g_autoptr(GString) text = g_string_new(NULL);
	guint counts = 0;

	g_assert_no_error(error);
	for (guint i = 0; i < match->findings->len; i++) {
		const PvFinding *one = match->findings->pdata[i];

		g_string_append_printf(text, "%s %s %s %s %s ", one->id, one->package->name,
				       one->package->version, *one->fixed ? one->fixed : "-",
				       pv_severity_name(one->severity));
		append_names(text, one->advisories);
		append_names(text, one->aliases);
		g_string_append_c(text, '\n');
	}
	for (guint i = 0; i < match->unmatched->len; i++) {
		const PvUnmatched *one = &g_array_index(match->unmatched, PvUnmatched, i);

		g_string_append_printf(text, "? %u %s <%s>\n", one->packages, one->type,
				       one->ecosystem);
	}
	for (guint i = 0; i < PV_SEVERITY_COUNT; i++)
		counts += match->counts[i];
	g_assert_cmpuint(counts, ==, match->findings->len);
	g_assert_cmpstr(text->str, ==, expected);
}

#define BELOW(fixed) \
	"'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'},{'fixed':'" fixed "'}]}]"
#define ALWAYS "'ranges':[{'type':'ECOSYSTEM','events':[{'introduced':'0'}]}]"
#define PACKAGE(ecosystem, name, rest) \
	"{'package':{'ecosystem':'" ecosystem "','name':'" name "'}," rest "}"

static void test_debian(Fixture *fixture, const void *data)
{
	static const char *const records[] = {
		"{'id':'DSA-1-1','upstream':['CVE-1-1','CVE-1-2','CVE-1-3'],'affected':[" PACKAGE(
			"Debian:12", "openssl", BELOW("3.0.14-1~deb12u2")) "," /* the next too */
		PACKAGE("Debian:11", "openssl", BELOW("9")) "]}",
		"{'id':'DEBIAN-CVE-1-1','upstream':['CVE-1-1'],'aliases':['GHSA-1'],'affected':"
		"[" PACKAGE(
			"Debian:12", "openssl",
			BELOW("3.0.14-1~deb12u1") ",'ecosystem_specific':{'urgency':'high'}") "]}",
		"{'id':'CVE-2-1','affected':[" PACKAGE("Debian:12", "libssl3", ALWAYS) "]}",
		"{'id':'X-3','affected':[" PACKAGE("Debian", "openssl", ALWAYS) "]}",
		"{'id':'CVE-4-1','withdrawn':'2026-01-01T00:00:00Z','affected':[" PACKAGE(
			"Debian:12", "openssl", ALWAYS) "]}",
		NULL,
	};
	g_autoptr(PvDatabase) database = database_of(fixture, records);
	g_autoptr(PvInventory) inventory = inventory_of("debian", "12");

	/* by source name and source version; the binary's own name and version are told */
	add(inventory, "deb", "openssl", "3.0.13-1+b1", "openssl", "3.0.13-1");
	add(inventory, "deb", "libssl3", "3.0.14-1~deb12u2", "openssl", "3.0.14-1~deb12u2");
	add(inventory, "deb", "bash", "5", "bash", "5");
	check(inventory, database,
	      "CVE-1-1 openssl 3.0.13-1+b1 3.0.14-1~deb12u2 high [DEBIAN-CVE-1-1 DSA-1-1][GHSA-1]\n"
	      "X-3 libssl3 3.0.14-1~deb12u2 - unknown [X-3][]\n"
	      "CVE-1-2 openssl 3.0.13-1+b1 3.0.14-1~deb12u2 unknown [DSA-1-1][]\n"
	      "CVE-1-3 openssl 3.0.13-1+b1 3.0.14-1~deb12u2 unknown [DSA-1-1][]\n"
	      "X-3 openssl 3.0.13-1+b1 - unknown [X-3][]\n");
}

static void test_others(Fixture *fixture, const void *data)
{
	static const char *const records[] = {
		"{'id':'ALPINE-1','upstream':['CVE-1-1'],'affected':[" PACKAGE(
			"Alpine:v3.19", "openssl", BELOW("3.1.4-r5")) "]}",
		"{'id':'GHSA-1','aliases':['CVE-2-1','SNYK-1'],'database_specific':{'severity':'"
		"CRITICAL'},"
		"'affected':[" PACKAGE("npm", "@a/b",
				       "'ranges':[{'type':'SEMVER','events':["
				       "{'introduced':'2.0.0-rc.1'},{'fixed':'2.0.1'}]},{'type':'"
				       "SEMVER','events':["
				       "{'introduced':'0'},{'fixed':'1.9.9'}]}]") "]}",
		"{'id':'MAL-1','affected':[" PACKAGE("npm", "c", "'versions':['1.0.0']") "]}",
		NULL,
	};
	g_autoptr(PvDatabase) database = database_of(fixture, records);
	g_autoptr(PvInventory) inventory = inventory_of("alpine", "3.19.1");

	add(inventory, "apk", "libssl3", "3.1.4-r4", "openssl", "3.1.4-r4");
	add(inventory, "apk", "libcrypto3", "3.1.4-r5", "openssl", "3.1.4-r5");
	add(inventory, "npm", "@a/b", "2.0.0", "@a/b", "2.0.0");
	add(inventory, "npm", "@a/b", "1.0.0", "@a/b", "1.0.0");
	add(inventory, "npm", "@a/b", "1.9.9", "@a/b", "1.9.9");
	add(inventory, "npm", "c", "1.0.0", "c", "1.0.0");
	add(inventory, "npm", "c", "1.0.1", "c", "1.0.1");
	check(inventory, database,
	      "CVE-2-1 @a/b 1.0.0 1.9.9 critical [GHSA-1][SNYK-1]\n"
	      "CVE-2-1 @a/b 2.0.0 2.0.1 critical [GHSA-1][SNYK-1]\n"
	      "MAL-1 c 1.0.0 - unknown [MAL-1][]\n"
	      "CVE-1-1 libssl3 3.1.4-r4 3.1.4-r5 unknown [ALPINE-1][]\n");
}

/* What no advisory could be found for is told: no finding would look like good news. */
static void test_unmatched(Fixture *fixture, const void *data)
{
	static const char *const records[] = {
		"{'id':'A','affected':[" PACKAGE("Debian:11", "a", ALWAYS) "]}",
		NULL,
	};
	g_autoptr(PvDatabase) database = database_of(fixture, records);
	g_autoptr(PvInventory) bookworm = inventory_of("debian", "12");
	g_autoptr(PvInventory) ubuntu = inventory_of("ubuntu", "22.04");

	add(bookworm, "npm", "a", "1", "a", "1");
	add(bookworm, "deb", "a", "1", "a", "1");
	add(bookworm, "deb", "b", "1", "b", "1");
	check(bookworm, database, "? 2 deb <Debian:12>\n? 1 npm <npm>\n");
	add(ubuntu, "deb", "a", "1", "a", "1");
	add(ubuntu, "gem", "a", "1", "a", "1");
	check(ubuntu, database, "? 1 deb <>\n? 1 gem <>\n");
}

static void test_ecosystem(Fixture *fixture, const void *data)
{
	static const struct {
		const char *id, *version, *type, *ecosystem, *order;
	} rows[] = {
		{ "debian", "12", "deb", "Debian:12", "dpkg" },
		{ "debian", "12.5", "deb", "Debian:12", "dpkg" },
		{ "debian", "", "deb", "Debian", "dpkg" },
		{ "alpine", "3.19.1", "apk", "Alpine:v3.19", "apk" },
		{ "alpine", "3.19", "apk", "Alpine:v3.19", "apk" },
		{ "alpine", "3.21_alpha20240923", "apk", "Alpine", "apk" },
		{ "alpine", "", "apk", "Alpine", "apk" },
		{ "", "", "npm", "npm", "semver" },
		{ "ubuntu", "22.04", "deb", NULL, NULL },
		{ "alpine", "3.19", "deb", NULL, NULL },
		{ "debian", "12", "apk", NULL, NULL },
		{ "debian", "12", "gem", NULL, NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		PvDistro distro = { rows[i].id, rows[i].version, "", "" };
		const char *order = NULL;
		g_autofree char *ecosystem = pv_match_ecosystem(&distro, rows[i].type, &order);

		g_assert_cmpstr(ecosystem, ==, rows[i].ecosystem);
		g_assert_cmpstr(order, ==, rows[i].order);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/vuln/match/debian", Fixture, NULL, fixture_set_up, test_debian,
		   fixture_tear_down);
	g_test_add("/vuln/match/others", Fixture, NULL, fixture_set_up, test_others,
		   fixture_tear_down);
	g_test_add("/vuln/match/unmatched", Fixture, NULL, fixture_set_up, test_unmatched,
		   fixture_tear_down);
	g_test_add("/vuln/match/ecosystem", Fixture, NULL, fixture_set_up, test_ecosystem,
		   fixture_tear_down);
	return g_test_run();
}
