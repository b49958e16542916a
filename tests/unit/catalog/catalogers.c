/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/catalog.h"
#include "catalog/purl.h"

static gboolean note_package(void *sink, const PvFoundPackage *found, GError **error)
{
	g_string_append_printf(sink, "%s %s %s [%s] %s %s\n", found->type, found->name,
			       found->version, found->architecture, found->source_name,
			       found->source_version);
	return TRUE;
}

static gboolean note_distro(void *sink, const PvFoundDistro *found, GError **error)
{
	g_string_append_printf(sink, "<%s|%s|%s|%s>", found->id, found->version_id, found->id_like,
			       found->pretty_name);
	return TRUE;
}

/* All findings as text, and the error's sentence if there is one. */
static char *findings_of(const char *path, const char *data, gsize size)
{
	GString *text = g_string_new(NULL);
	PvFindings findings = { note_package, note_distro, text };
	const PvCataloger *cataloger = pv_catalog_find(path);
	g_autoptr(GError) error = NULL;

	g_assert_nonnull(cataloger);
	if (!pv_catalog_parse(cataloger, path, (const guint8 *)data, size, &findings, &error))
		g_string_append_printf(text, "! %s", error->message);
	return g_string_free(text, FALSE);
}

static void check(const char *path, const char *data, const char *expected)
{
	g_autofree char *text = findings_of(path, data, strlen(data));

	g_assert_cmpstr(text, ==, expected);
}

#define STATUS "var/lib/dpkg/status"

static void test_dpkg(void)
{
	check(STATUS, "", "");
	check(STATUS, "\n\n\n", "");
	check(STATUS,
	      "Package: a\nStatus: install ok installed\nVersion: 1:2.0-1\nArchitecture: all\n\n"
	      "Package: b\nStatus: deinstall ok config-files\nVersion: 1\n\n"
	      "Package: c\nStatus: hold ok installed\nSource: src\nVersion: 3\nConffiles:\n /x\n\n"
	      "package: d\nVERSION: 4\r\nSource: s (5)\nStatus: install ok half-configured\n"
	      "\n\n"
	      "Package: e\nStatus: purge ok not-installed\n\n"
	      "Package: f\nStatus: install ok triggers-pending\nSource: (7)\nVersion: 6",
	      "deb a 1:2.0-1 [all] a 1:2.0-1\n"
	      "deb c 3 [] src 3\n"
	      "deb d 4 [] s 5\n"
	      "deb f 6 [] f 6\n");
	check("var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a\n",
	      "deb tzdata 2024a [] tzdata 2024a\n");
	check(STATUS, "Package: a\nVersion: 1\n\nPackage: b\n\n",
	      "deb a 1 [] a 1\n! line 5: a paragraph ends without Package and Version");
	check(STATUS, "Package: a\nno colon\n", "! line 2: not a field, expected 'Name: value'");
	check(STATUS, " continued\n", "! line 1: a paragraph begins with a blank");
	check(STATUS, "Package: a\nPackage: b\n", "! line 2: a second Package in one paragraph");
	check(STATUS, "Package: \xff\nVersion: 1\n", "! a package name that is not UTF-8");
	check(STATUS, "Package: a\033[2J\nVersion: 1\n",
	      "! a package name with a control character");
}

static void test_apk(void)
{
	check("lib/apk/db/installed",
	      "C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\nR:ld.so\n\n"
	      "P:libcrypto3\nV:3.1.4-r5\nA:x86_64\no:openssl\n\n\n"
	      "P:no-origin\nV:1",
	      "apk musl 1.2.4-r2 [x86_64] musl 1.2.4-r2\n"
	      "apk libcrypto3 3.1.4-r5 [x86_64] openssl 3.1.4-r5\n"
	      "apk no-origin 1 [] no-origin 1\n");
	check("usr/lib/apk/db/installed", "P:a\n\n", "! line 2: a paragraph ends without P and V");
	check("lib/apk/db/installed", "Package: a\n", "! line 1: not a field, expected 'X:value'");
	check("lib/apk/db/installed", "x\n", "! line 1: not a field, expected 'X:value'");
}

static void test_npm(void)
{
	const char *path = "app/node_modules/x/package.json";

	check(path, "{\"name\":\"x\",\"version\":\"1.0.0\"}", "npm x 1.0.0 [] x 1.0.0\n");
	check(path, "\xef\xbb\xbf{\"name\":\"x\",\"version\":\"1.0.0\"}",
	      "npm x 1.0.0 [] x 1.0.0\n");
	check(path, "{\"type\":\"module\"}", "");
	check(path, "{\"name\":\"x\",\"version\":1}", "");
	check(path, "[]", "");
	check(path, "{",
	      "! package.json: not valid JSON at line 1 column 1: string or '}' expected near end "
	      "of file");
}

static void test_os_release(void)
{
	check("etc/os-release",
	      "# comment\n\nPRETTY_NAME=\"Debian \\\"12\\\"\"\nID=debian\n  VERSION_ID='12'  \n"
	      "ID_LIKE=a\\ b\nHOME_URL=x",
	      "<debian|12|a b|Debian \"12\">");
	check("usr/lib/os-release", "", "<|||>");
	check("etc/os-release", "ID=\"debian\n", "! line 1: a quote is not closed");
	check("etc/os-release", "ID debian\n", "! line 1: not an assignment");
}

static void test_paths(void)
{
	static const struct {
		const char *path, *cataloger;
	} rows[] = {
		{ "var/lib/dpkg/status", "dpkg" },
		{ "var/lib/dpkg/status-old", NULL },
		{ "var/lib/dpkg/status.d/base-files", "dpkg" },
		{ "var/lib/dpkg/status.d/base-files.md5sums", NULL },
		{ "var/lib/dpkg/status.d/a/b", NULL },
		{ "var/lib/dpkg/status.d/", NULL },
		{ "home/var/lib/dpkg/status", NULL },
		{ "lib/apk/db/installed", "apk" },
		{ "usr/lib/apk/db/installed", "apk" },
		{ "etc/os-release", "os-release" },
		{ "usr/lib/os-release", "os-release" },
		{ "node_modules/x/package.json", "npm" },
		{ "a/node_modules/@s/x/package.json", "npm" },
		{ "a/node_modules/x/node_modules/y/package.json", "npm" },
		{ "a/node_modules/x/test/package.json", NULL },
		{ "a/node_modules/@s/package.json", NULL },
		{ "a/node_modules/package.json", NULL },
		{ "a/node_modules/.bin/package.json", NULL },
		{ "a/xnode_modules/x/package.json", NULL },
		{ "package.json", NULL },
		{ "", NULL },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const PvCataloger *cataloger = pv_catalog_find(rows[i].path);

		g_assert_cmpstr(cataloger ? cataloger->name : NULL, ==, rows[i].cataloger);
	}
	g_assert_true(pv_catalog_must_not_be_link("var/lib/dpkg"));
	g_assert_false(pv_catalog_must_not_be_link("etc/os-release"));
	g_assert_false(pv_catalog_must_not_be_link("lib"));
}

/* The array: unique names, all rows whole, found again by name. */
static void test_registry(void)
{
	guint count;
	const PvCataloger *const *list = pv_catalog_list(&count);

	g_assert_cmpuint(count, ==, 4);
	for (guint i = 0; i < count; i++) {
		g_assert_true(pv_catalog_by_name(list[i]->name) == list[i]);
		g_assert_cmpuint(strlen(list[i]->description), >, 10);
		g_assert_cmpuint(list[i]->max_bytes, >, 0);
	}
	g_assert_null(pv_catalog_by_name("rpm"));
}

static void check_version_size(gsize size, const char *expected)
{
	g_autofree char *version = g_strnfill(size, '1');
	g_autofree char *text = g_strconcat("P:a\nV:", version, "\n\n", NULL);
	g_autofree char *json = g_strconcat("{\"name\":\"a\",\"version\":\"", version, "\"}", NULL);
	g_autofree char *apk = findings_of("lib/apk/db/installed", text, strlen(text));
	g_autofree char *npm = findings_of("node_modules/a/package.json", json, strlen(json));

	g_assert_true(g_str_has_prefix(apk, expected ? "! line 2: V has 4097 bytes" : "apk a 1"));
	g_assert_true(g_str_has_prefix(npm, expected ? expected : "npm a 1"));
}

static void check_file_size(const char *path, gsize size, gboolean accepted)
{
	g_autofree char *spaces = g_strnfill(size, ' ');
	g_autofree char *text = NULL;

	spaces[0] = '{';
	spaces[size - 1] = '}';
	text = findings_of(path, spaces, size);
	g_assert_cmpstr(text, ==,
			accepted ? ""
				 : "! 4194305 bytes, at most 4194304 are read as a file of npm");
}

static void test_limits(void)
{
	check_version_size(PV_PACKAGE_FIELD_BYTES_MAX - 1, NULL);
	check_version_size(PV_PACKAGE_FIELD_BYTES_MAX, NULL);
	check_version_size(PV_PACKAGE_FIELD_BYTES_MAX + 1,
			   "! a version of 4097 bytes, at most 4096 are accepted");
	check_file_size("node_modules/a/package.json", PV_PACKAGE_FILE_BYTES_MAX - 1, TRUE);
	check_file_size("node_modules/a/package.json", PV_PACKAGE_FILE_BYTES_MAX, TRUE);
	check_file_size("node_modules/a/package.json", PV_PACKAGE_FILE_BYTES_MAX + 1, FALSE);
}

static void test_purl(void)
{
	static const struct {
		PvPackage package;
		PvDistro distro;
		const char *purl;
	} rows[] = {
		{ { "libssl3", "3.0.15-1~deb12u1", "deb", NULL, "amd64" },
		  { "debian", "12", "", "" },
		  "pkg:deb/debian/libssl3@3.0.15-1~deb12u1?arch=amd64&distro=debian-12" },
		{ { "g++", "4:12.2.0-3", "deb", NULL, "amd64" },
		  { "debian", "", "", "" },
		  "pkg:deb/debian/g%2B%2B@4:12.2.0-3?arch=amd64&distro=debian" },
		{ { "x", "1", "deb", NULL, "" }, { "", "", "", "" }, "pkg:deb/debian/x@1" },
		{ { "x", "1", "apk", NULL, "" }, { "", "", "", "" }, "pkg:apk/alpine/x@1" },
		{ { "x", "1", "apk", NULL, "" },
		  { "wolfi", "2023", "", "" },
		  "pkg:apk/wolfi/x@1?distro=wolfi-2023" },
		{ { "@a/b", "1.0.0+x y", "npm", NULL, "" },
		  { "debian", "12", "", "" },
		  "pkg:npm/%40a/b@1.0.0%2Bx%20y" },
		{ { "c", "1", "npm", NULL, "" }, { "", "", "", "" }, "pkg:npm/c@1" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *purl = pv_purl_build(&rows[i].package, &rows[i].distro);

		g_assert_cmpstr(purl, ==, rows[i].purl);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/catalog/dpkg", test_dpkg);
	g_test_add_func("/catalog/apk", test_apk);
	g_test_add_func("/catalog/npm", test_npm);
	g_test_add_func("/catalog/os-release", test_os_release);
	g_test_add_func("/catalog/paths", test_paths);
	g_test_add_func("/catalog/registry", test_registry);
	g_test_add_func("/catalog/limits", test_limits);
	g_test_add_func("/catalog/purl", test_purl);
	return g_test_run();
}
