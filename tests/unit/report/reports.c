/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "report/report.h"

typedef struct {
	PvInventory *inventory;
	PvMatch *match;
	json_t *database;
} Fixture;

static void add_finding(Fixture *fixture, const char *id, guint package, const char *fixed,
			PvSeverity severity)
{
	PvFinding *finding = g_new0(PvFinding, 1);

	finding->id = id;
	finding->advisories = g_ptr_array_new();
	g_ptr_array_add(finding->advisories, (void *)"DSA-1-1");
	finding->aliases = g_ptr_array_new();
	finding->package = &g_array_index(fixture->inventory->packages, PvPackage, package);
	finding->fixed = fixed;
	finding->severity = severity;
	g_ptr_array_add(fixture->match->findings, finding);
	fixture->match->counts[severity]++;
}

static void finding_free(void *data)
{
	PvFinding *finding = data;

	g_ptr_array_unref(finding->advisories);
	g_ptr_array_unref(finding->aliases);
	g_free(finding);
}

static void set_up(Fixture *fixture, const void *data)
{
	static const PvPackage packages[] = {
		{ "libssl3", "3.0.13-1+b1", "deb", "pkg:deb/debian/libssl3@3.0.13-1%2Bb1", "amd64",
		  "openssl", "3.0.13-1", "var/lib/dpkg/status", 1 },
		{ "tar", "1.34", "deb", "pkg:deb/debian/tar@1.34", "amd64", "tar", "1.34",
		  "var/lib/dpkg/status", 0 },
	};
	const PvInventoryLayer layers[] = { { .created_by = "ADD rootfs" },
					    { .created_by = "RUN \"x\"" } };
	const PvUnreadable unreadable = { "opt/\xff\033[2J", "line 1: not a field", 1 };

	fixture->inventory = pv_inventory_new();
	fixture->inventory->reference = pv_inventory_string(fixture->inventory, "oci:x");
	fixture->inventory->distro = (PvDistro){ "debian", "12", "", "Debian GNU/Linux 12" };
	fixture->inventory->digest = pv_digest_of(PV_HASH_SHA256, "", 0);
	g_array_append_vals(fixture->inventory->layers, layers, 2);
	g_array_append_vals(fixture->inventory->packages, packages, 2);
	fixture->match = g_new0(PvMatch, 1);
	fixture->match->strings = g_string_chunk_new(64);
	fixture->match->findings = g_ptr_array_new_with_free_func(finding_free);
	fixture->match->unmatched = g_array_new(FALSE, FALSE, sizeof(PvUnmatched));
	fixture->database = json_pack("{s:s}", "created", "2026-08-01T10:20:30Z");
	if (data) {
		const PvUnmatched unmatched[] = { { "deb", "", 1 }, { "npm", "npm", 2 } };

		add_finding(fixture, "CVE-1-1", 0, "3.0.14-1", PV_SEVERITY_CRITICAL);
		add_finding(fixture, "CVE-2005-2541", 1, "", PV_SEVERITY_UNKNOWN);
		g_array_append_val(fixture->inventory->unreadable, unreadable);
		g_array_append_vals(fixture->match->unmatched, unmatched, 2);
	}
}

static void tear_down(Fixture *fixture, const void *data)
{
	pv_match_free(fixture->match);
	pv_inventory_free(fixture->inventory);
	json_decref(fixture->database);
}

static void check(Fixture *fixture, const char *format, gboolean colour, const char *expected)
{
	PvReport report = { fixture->inventory, fixture->match, fixture->database, colour };
	g_autofree char *text = pv_report_format(format)->write(&report);

	g_assert_cmpstr(text, ==, expected);
}

static void test_table(Fixture *fixture, const void *data)
{
	check(fixture, "table", FALSE,
	      "oci:x: Debian GNU/Linux 12, 2 packages in 2 layers; advisories of 2026-08-01\n"
	      "\n"
	      "SEVERITY  ID             PACKAGE  VERSION      FIXED     LAYER\n"
	      "critical  CVE-1-1        libssl3  3.0.13-1+b1  3.0.14-1  1\n"
	      "unknown   CVE-2005-2541  tar      1.34         -         0\n"
	      "\n"
	      "2 findings: 1 critical, 1 unknown\n"
	      "\n"
	      "not read, so nothing is known of it:\n"
	      "  layer 1: opt/\\xff\\x1b[2J: line 1: not a field\n"
	      "\n"
	      "not matched, so nothing is known of them:\n"
	      "  1 deb package: advisories of debian 12 are not read\n"
	      "  2 npm packages: the advisory database holds nothing of npm\n");
}

static void test_colour(Fixture *fixture, const void *data)
{
	PvReport report = { fixture->inventory, fixture->match, fixture->database, TRUE };
	g_autofree char *text = pv_report_format("table")->write(&report);

	g_assert_nonnull(strstr(text, "\n\033[1;31mcritical  \033[0mCVE-1-1 "));
	g_assert_nonnull(strstr(text, "\nunknown   CVE-2005-2541 "));
}

static void test_table_clean(Fixture *fixture, const void *data)
{
	check(fixture, "table", TRUE,
	      "oci:x: Debian GNU/Linux 12, 2 packages in 2 layers; advisories of 2026-08-01\n"
	      "\n"
	      "0 findings\n");
}

#define EMPTY_DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define JSON_HEAD                                                                              \
	"{\"schema\":1,\"image\":{\"reference\":\"oci:x\",\"digest\":\"" EMPTY_DIGEST "\","    \
	"\"distro\":{\"id\":\"debian\",\"version\":\"12\",\"name\":\"Debian GNU/Linux 12\"}}," \
	"\"layers\":[{\"diff_id\":\"\",\"created_by\":\"ADD rootfs\"},"                        \
	"{\"diff_id\":\"\",\"created_by\":\"RUN \\\"x\\\"\"}],"                                \
	"\"packages\":[{\"name\":\"libssl3\",\"version\":\"3.0.13-1+b1\",\"type\":\"deb\","    \
	"\"purl\":\"pkg:deb/debian/libssl3@3.0.13-1%2Bb1\",\"layer\":1,"                       \
	"\"source\":{\"name\":\"openssl\",\"version\":\"3.0.13-1\"}},"                         \
	"{\"name\":\"tar\",\"version\":\"1.34\",\"type\":\"deb\","                             \
	"\"purl\":\"pkg:deb/debian/tar@1.34\",\"layer\":0,"                                    \
	"\"source\":{\"name\":\"tar\",\"version\":\"1.34\"}}],"

static void test_json(Fixture *fixture, const void *data)
{
	check(fixture, "json", TRUE,
	      JSON_HEAD
	      "\"findings\":[{\"id\":\"CVE-1-1\",\"advisories\":[\"DSA-1-1\"],\"aliases\":[],"
	      "\"package\":\"libssl3\",\"version\":\"3.0.13-1+b1\","
	      "\"purl\":\"pkg:deb/debian/libssl3@3.0.13-1%2Bb1\",\"fixed\":\"3.0.14-1\","
	      "\"severity\":\"critical\",\"status\":\"fixed\",\"layer\":1},"
	      "{\"id\":\"CVE-2005-2541\",\"advisories\":[\"DSA-1-1\"],\"aliases\":[],"
	      "\"package\":\"tar\",\"version\":\"1.34\",\"purl\":\"pkg:deb/debian/tar@1.34\","
	      "\"fixed\":\"\",\"severity\":\"unknown\",\"status\":\"open\",\"layer\":0}],"
	      "\"unreadable\":[{\"path\":\"opt/\xef\xbf\xbd\\u001B[2J\",\"layer\":1,"
	      "\"why\":\"line 1: not a field\"}],"
	      "\"unmatched\":[{\"type\":\"deb\",\"ecosystem\":\"\",\"packages\":1},"
	      "{\"type\":\"npm\",\"ecosystem\":\"npm\",\"packages\":2}]}\n");
}

static void test_json_clean(Fixture *fixture, const void *data)
{
	check(fixture, "json", FALSE,
	      JSON_HEAD "\"findings\":[],\"unreadable\":[],\"unmatched\":[]}\n");
}

static void test_formats(void)
{
	for (gsize i = 0; i < pv_report_formats_count; i++) {
		g_assert_true(pv_report_format(pv_report_formats[i]->name) == pv_report_formats[i]);
		g_assert_cmpuint(strlen(pv_report_formats[i]->description), >, 0);
	}
	g_assert_null(pv_report_format("xml"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/report/table", Fixture, "findings", set_up, test_table, tear_down);
	g_test_add("/report/colour", Fixture, "findings", set_up, test_colour, tear_down);
	g_test_add("/report/table-clean", Fixture, NULL, set_up, test_table_clean, tear_down);
	g_test_add("/report/json", Fixture, "findings", set_up, test_json, tear_down);
	g_test_add("/report/json-clean", Fixture, NULL, set_up, test_json_clean, tear_down);
	g_test_add_func("/report/formats", test_formats);
	return g_test_run();
}
