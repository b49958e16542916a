/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define HEX    "abababababababababababababababababababababababababababababababab"
#define DIGEST "sha256:" HEX

static void test_good(void)
{
	static const struct {
		const char *text, *full;
	} rows[] = {
		{ "debian", "docker.io/library/debian:latest" },
		{ "debian:12", "docker.io/library/debian:12" },
		{ "a/b", "docker.io/a/b:latest" },
		{ "docker.io/debian", "docker.io/library/debian:latest" },
		{ "index.docker.io/debian:12", "docker.io/library/debian:12" },
		{ "localhost/a", "localhost/a:latest" },
		{ "localhost:5000/a/b:v1", "localhost:5000/a/b:v1" },
		{ "Upper/a", "Upper/a:latest" },
		{ "127.0.0.1:5000/a", "127.0.0.1:5000/a:latest" },
		{ "[::1]:5000/a", "[::1]:5000/a:latest" },
		{ "[2001:db8::1]/a", "[2001:db8::1]/a:latest" },
		{ "h.example/a__b/c.d/e---f:V_1.2-x", "h.example/a__b/c.d/e---f:V_1.2-x" },
		{ "a@" DIGEST, "docker.io/library/a@" DIGEST },
		{ "h.example/a:t@" DIGEST, "h.example/a:t@" DIGEST },
		{ HEX "0", "docker.io/library/" HEX "0:latest" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvReference) reference = { 0 };
		g_autoptr(GError) error = NULL;
		g_autofree char *full = NULL;

		pv_reference_parse(rows[i].text, &reference, &error);
		g_assert_no_error(error);
		full = pv_reference_format(&reference);
		g_assert_cmpstr(full, ==, rows[i].full);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "", "reference '': not a name" },
		{ "d\xc3\xa9"
		  "b",
		  "reference 'd\xc3\xa9"
		  "b': not a name" },
		{ "a:", "reference 'a:': '' is not a tag" },
		{ "a:-x", "reference 'a:-x': '-x' is not a tag" },
		{ "a:b/c", "reference 'a:b/c': 'a:b' is not a host" },
		{ "-h.example/a", "reference '-h.example/a': '-h.example' is not a host" },
		{ "h..example/a", "reference 'h..example/a': 'h..example' is not a host" },
		{ "h_x.example/a", "reference 'h_x.example/a': 'h_x.example' is not a host" },
		{ "h:65536/a", "reference 'h:65536/a': 'h:65536' is not a host" },
		{ "[::1/a", "reference '[::1/a': '[::1' is not a host" },
		{ "[127.0.0.1]/a", "reference '[127.0.0.1]/a': '[127.0.0.1]' is not a host" },
		{ "[fe80::1%eth0]/a",
		  "reference '[fe80::1%eth0]/a': '[fe80::1%eth0]' is not a host" },
		{ "h.example/",
		  "reference 'h.example/': '' is not a repository: lower-case letters, digits and "
		  "single separators are allowed" },
		{ "a/../b", "reference 'a/../b': 'a/../b' is not a repository: lower-case letters, "
			    "digits and single separators are allowed" },
		{ "a/b___c", "reference 'a/b___c': 'a/b___c' is not a repository: lower-case "
			     "letters, digits and single separators are allowed" },
		{ "a b", "reference 'a b': 'library/a b' is not a repository: lower-case letters, "
			 "digits and single separators are allowed" },
		{ HEX, "reference '" HEX "': 64 hexadecimal digits are no name; did you mean "
		       "NAME@sha256:" HEX "?" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvReference) reference = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_reference_parse(rows[i].text, &reference, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
		g_assert_cmpstr(error->message, ==, rows[i].message);
		g_assert_null(reference.host);
	}
}

static void test_digests(void)
{
	g_auto(PvReference) reference = { 0 };
	g_autoptr(GError) error = NULL, other = NULL;

	g_assert_false(pv_reference_parse("a@sha256:AB", &reference, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	g_assert_true(g_str_has_prefix(error->message, "reference 'a@sha256:AB': "));
	g_assert_false(
		pv_reference_parse("a@md5:d41d8cd98f00b204e9800998ecf8427e", &reference, &other));
	g_assert_error(other, PV_ERROR, PV_ERROR_UNSUPPORTED);
}

/* 255 bytes of host and path, 128 of a tag, PV_REFERENCE_BYTES_MAX of all. */
static void test_limits(void)
{
	for (int offset = -1; offset <= 1; offset++) {
		g_autofree char *path = g_strnfill((gsize)(255 + offset) - 10, 'a');
		g_autofree char *name = g_strconcat("h.example/", path, NULL);
		g_autofree char *tag = g_strnfill((gsize)(128 + offset), 't');
		g_autofree char *tagged = g_strconcat("a:", tag, NULL);
		g_autofree char *whole = g_strnfill((gsize)(PV_REFERENCE_BYTES_MAX + offset), '/');
		g_auto(PvReference) one = { 0 }, two = { 0 }, three = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(pv_reference_parse(name, &one, NULL), ==, offset <= 0);
		g_assert_cmpint(pv_reference_parse(tagged, &two, NULL), ==, offset <= 0);
		g_assert_cmpint(pv_reference_is_tag(tag), ==, offset <= 0);
		g_assert_false(pv_reference_parse(whole, &three, &error));
		g_assert_error(error, PV_ERROR, (offset <= 0 ? PV_ERROR_SYNTAX : PV_ERROR_LIMIT));
	}
}

static void test_sources(void)
{
	static const struct {
		const char *text;
		PvSourceKind kind;
		const char *path, *name;
	} rows[] = {
		{ "-", PV_SOURCE_STDIN, NULL, NULL },
		{ "docker://debian", PV_SOURCE_REGISTRY, NULL, NULL },
		{ "debian", PV_SOURCE_REGISTRY, NULL, NULL },
		{ "oci:dir", PV_SOURCE_LAYOUT, "dir", NULL },
		{ "oci:/a/b:v1", PV_SOURCE_LAYOUT, "/a/b", "v1" },
		{ "oci:dir@" DIGEST, PV_SOURCE_LAYOUT, "dir", NULL },
		{ "docker-archive:f.tar:h.example/a:v1", PV_SOURCE_DOCKER_ARCHIVE, "f.tar",
		  "h.example/a:v1" },
		{ "oci-archive:f.tar", PV_SOURCE_OCI_ARCHIVE, "f.tar", NULL },
		{ "dir:/a:b", PV_SOURCE_DIRECTORY, "/a:b", NULL },
		{ "sbom:f", PV_SOURCE_SBOM, "f", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvSource) source = { 0 };
		g_autoptr(GError) error = NULL;

		pv_source_parse(rows[i].text, &source, &error);
		g_assert_no_error(error);
		g_assert_cmpint(source.kind, ==, rows[i].kind);
		g_assert_cmpstr(source.path, ==, rows[i].path);
		g_assert_cmpstr(source.name, ==, rows[i].name);
		g_assert_cmpint(source.has_digest, ==, strstr(rows[i].text, "@sha") != NULL);
	}
}

static void test_bad_sources(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{ "oci:", "source 'oci:': no path after 'oci:'" },
		{ "dir:", "source 'dir:': no path after 'dir:'" },
		{ "oci:d:", "source 'oci:d:': '' is not a name of an image" },
		{ "oci:d:a b", "source 'oci:d:a b': 'a b' is not a name of an image" },
		{ "oci-archive::x", "source 'oci-archive::x': no path after 'oci-archive:'" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(PvSource) source = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(pv_source_parse(rows[i].text, &source, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_USAGE);
		g_assert_cmpstr(error->message, ==, rows[i].message);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reference/good", test_good);
	g_test_add_func("/reference/bad", test_bad);
	g_test_add_func("/reference/digests", test_digests);
	g_test_add_func("/reference/limits", test_limits);
	g_test_add_func("/source/good", test_sources);
	g_test_add_func("/source/bad", test_bad_sources);
	return g_test_run();
}
