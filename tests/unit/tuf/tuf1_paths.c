/* SPDX-License-Identifier: Apache-2.0 */

/* Patterns, file names and URLs of TUF 1.0; fnmatch(3) is the oracle for patterns. */

#include <fnmatch.h>
#include <locale.h>
#include <string.h>

#include "tuf/tuf1.h"

static const struct {
	const char *pattern, *path;
	gboolean matches;
} globs[] = {
	/* the examples of the specification */
	{ "targets/*.tgz", "targets/foo.tgz", TRUE },
	{ "targets/*.tgz", "targets/bar.tgz", TRUE },
	{ "targets/*.tgz", "targets/foo.txt", FALSE },
	{ "foo-version-?.tgz", "foo-version-2.tgz", TRUE },
	{ "foo-version-?.tgz", "foo-version-a.tgz", TRUE },
	{ "foo-version-?.tgz", "foo-version-alpha.tgz", FALSE },
	{ "*.tgz", "foo.tgz", TRUE },
	{ "*.tgz", "targets/foo.tgz", FALSE },
	{ "foo.tgz", "foo.tgz", TRUE },
	{ "foo.tgz", "foo_tgz", FALSE },
	/* slashes */
	{ "*", "a/b", FALSE },
	{ "*/*", "a/b", TRUE },
	{ "*/*", "a/b/c", FALSE },
	{ "a?b", "a/b", FALSE },
	{ "a[/]b", "a/b", FALSE },
	{ "a*", "a/", FALSE },
	{ "a/*", "a/", TRUE },
	{ "/a", "a", FALSE },
	{ "/*", "/a", TRUE },
	{ "**", "a", TRUE },
	{ "**", "a/b", FALSE },
	{ "a//b", "a//b", TRUE },
	/* stars */
	{ "", "", TRUE },
	{ "", "a", FALSE },
	{ "*", "", TRUE },
	{ "?", "", FALSE },
	{ "a*b*c", "aXbXbc", TRUE },
	{ "a*b*c", "aXbXb", FALSE },
	{ "*a", "aaaaab", FALSE },
	{ "*.*", ".hidden", TRUE },
	/* sets */
	{ "[abc]", "b", TRUE },
	{ "[a-c]x", "bx", TRUE },
	{ "[a-c]x", "dx", FALSE },
	{ "[!a-c]", "d", TRUE },
	{ "[!a-c]", "b", FALSE },
	{ "[]]", "]", TRUE },
	{ "[!]]", "]", FALSE },
	{ "[a-]", "-", TRUE },
	{ "[", "[", TRUE },
	{ "[a", "[a", TRUE },
	{ "*[0-9]", "file7", TRUE },
	/* a backslash is only a backslash, a character may have several bytes */
	{ "\\*", "\\x", TRUE },
	{ "\\*", "*", FALSE },
	{ "?", "\303\251", TRUE },
	{ "??", "\303\251", FALSE },
	{ "[\303\240-\303\257]", "\303\251", TRUE },
};

static void test_globs(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(globs); i++) {
		g_test_message("%s %s", globs[i].pattern, globs[i].path);
		g_assert_cmpint(pv_tuf1_glob_matches(globs[i].pattern, globs[i].path), ==,
				globs[i].matches);
	}
}

/* Small random patterns over a small alphabet, against the C library. */
static void test_oracle(void)
{
	static const char of_pattern[] = "ab*?/*[!-]", of_path[] = "ab/-!ab";
	guint matched = 0;

	for (guint round = 0; round < 200000; round++) {
		char pattern[8] = "", path[8] = "";
		guint length = g_test_rand_int_range(0, 7), size = g_test_rand_int_range(0, 6);
		gboolean expected;

		for (guint i = 0; i < length; i++)
			pattern[i] = of_pattern[g_test_rand_int_range(0, sizeof of_pattern - 1)];
		for (guint i = 0; i < size; i++)
			path[i] = of_path[g_test_rand_int_range(0, sizeof of_path - 1)];
		/* Libraries differ about a set that a slash cuts in two and about ranges at ends. */
		if (strchr(pattern, '['))
			continue;
		expected = fnmatch(pattern, path, FNM_PATHNAME | FNM_NOESCAPE) == 0;
		if (pv_tuf1_glob_matches(pattern, path) != expected)
			g_error("'%s' '%s': expected %d", pattern, path, expected);
		matched += expected;
	}
	g_assert_cmpuint(matched, >, 100);
}

/* A pattern made to be slow is not. */
static void test_hostile(void)
{
	g_autoptr(GString) pattern = g_string_new(NULL);
	g_autofree char *path = g_strnfill(4000, 'a');

	for (guint i = 0; i < 1000; i++)
		g_string_append(pattern, "a*");
	g_string_append_c(pattern, 'b');
	g_test_timer_start();
	g_assert_false(pv_tuf1_glob_matches(pattern->str, path));
	g_assert_cmpfloat(g_test_timer_elapsed(), <, 5);
}

static void test_file_names(void)
{
	static const struct {
		const char *name, *file;
	} cases[] = {
		{ "role", "role.json" },     { "a/b", "a%2Fb.json" },
		{ "/a", "%2Fa.json" },       { "../a", "%2E.%2Fa.json" },
		{ ".", "%2E.json" },         { "..", "%2E..json" },
		{ "?", "%3F.json" },         { "#", "%23.json" },
		{ "a%2Fb", "a%252Fb.json" }, { "%2E", "%252E.json" },
		{ "@x", "%40x.json" },       { "\303\251\n", "%C3%A9%0A.json" },
	};
	g_autofree char *longest = g_strnfill(235, 'n'), *longer = g_strnfill(236, 'n');
	g_autofree char *kept = pv_tuf1_file_name(longest, ".json");
	g_autofree char *hashed = pv_tuf1_file_name(longer, ".json");

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *file = pv_tuf1_file_name(cases[i].name, ".json");

		g_assert_cmpstr(file, ==, cases[i].file);
	}
	g_assert_cmpuint(strlen(kept), ==, 240);
	g_assert_cmpuint(strlen(hashed), ==, 1 + 64 + 5);
	g_assert_true(g_str_has_prefix(hashed, "@"));
}

static void test_urls(void)
{
	static const struct {
		const char *base, *path, *hash, *url;
	} cases[] = {
		{ "http://h/t", "a", NULL, "http://h/t/a" },
		{ "http://h/t/", "a/b", NULL, "http://h/t/a/b" },
		{ "http://h/t/", "a/b", "00ff", "http://h/t/a/00ff.b" },
		{ "http://h/t/", "b", "00ff", "http://h/t/00ff.b" },
		{ "http://h/t/", "a b?c#d%", NULL, "http://h/t/a%20b%3Fc%23d%25" },
		{ "http://h/t/", "../../x", NULL, "http://h/t/%2E%2E/%2E%2E/x" },
		{ "http://h/t/", "./..", "00ff", "http://h/t/%2E/00ff..." },
		{ "http://h/t/", "/a", NULL, "http://h/t//a" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *url =
			pv_tuf1_target_url(cases[i].base, cases[i].path, cases[i].hash);

		g_assert_cmpstr(url, ==, cases[i].url);
	}
}

int main(int argc, char **argv)
{
	setlocale(LC_ALL, "C");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuf1-paths/globs", test_globs);
	g_test_add_func("/tuf1-paths/oracle", test_oracle);
	g_test_add_func("/tuf1-paths/hostile", test_hostile);
	g_test_add_func("/tuf1-paths/file-names", test_file_names);
	g_test_add_func("/tuf1-paths/urls", test_urls);
	return g_test_run();
}
