/* SPDX-License-Identifier: Apache-2.0 */

/* Staged changes: spelling (as Debian's notary wrote it), content, order, limits. */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "trust/changelist.h"

#define GUN "lab/app"

/* What notary 0.7.0 wrote for `add`, `addhash`, `delegation add`, `remove`, `witness`. */
static const char *const written[] = {
	"{\"action\":\"create\",\"role\":\"targets\",\"type\":\"target\",\"path\":\"v1\",\"data\":"
	"\"eyJsZW5ndGgiOjYsImhhc2hlcyI6eyJzaGEyNTYiOiJXSkcxdFNMVjN3aHREL0N4RVB2WjBodTAvSEZqcnpUUWdv"
	"YWk2RWIydmdNPSIsInNoYTUxMiI6IjU4SXJtVXhaMmM4clNPVkpzZUpHWm1OZ1JaTU5QYWZCckxLWjBjTzMrVEg1U3"
	"E1"
	"Qjdkb3NLeUI2TnVFUGk4dU5SU0krVkllUFd6RnVmT08ydkFHV0tRPT0ifX0=\"}",
	"{\"action\":\"create\",\"role\":\"targets/releases\",\"type\":\"target\",\"path\":\"v4\","
	"\"data\":"
	"\"eyJsZW5ndGgiOjYsImhhc2hlcyI6eyJzaGEyNTYiOiJXSkcxdFNMVjN3aHREL0N4RVB2WjBodTAvSEZq"
	"cnpUUWdvYWk2RWIydmdNPSJ9fQ==\"}",
	"{\"action\":\"create\",\"role\":\"targets/"
	"q\",\"type\":\"delegation\",\"path\":\"\",\"data\":"
	"\"eyJhZGRfcGF0aHMiOlsiYSIsImIiXX0=\"}",
	"{\"action\":\"update\",\"role\":\"targets/"
	"q\",\"type\":\"delegation\",\"path\":\"\",\"data\":"
	"\"eyJyZW1vdmVfcGF0aHMiOlsiYSJdfQ==\"}",
	"{\"action\":\"update\",\"role\":\"targets/"
	"*\",\"type\":\"delegation\",\"path\":\"\",\"data\":"
	"\"eyJyZW1vdmVfa2V5cyI6WyJhYmNkIl19\"}",
	"{\"action\":\"delete\",\"role\":\"targets\",\"type\":\"target\",\"path\":\"v9\",\"data\":"
	"null}",
	"{\"action\":\"update\",\"role\":\"targets\",\"type\":\"witness\",\"path\":\"\",\"data\":"
	"null}",
};

static PvChange *parse(const char *text, GError **error)
{
	g_autoptr(GBytes) bytes = g_bytes_new_static(text, strlen(text));

	return pv_change_parse(bytes, "test", error);
}

static void assert_written(const PvChange *change, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) text = pv_change_format(change, &error);

	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(text, NULL), g_bytes_get_size(text), expected,
			strlen(expected));
}

static void test_same_bytes(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(written); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(PvChange) change = parse(written[i], &error);

		g_assert_no_error(error);
		assert_written(change, written[i]);
	}
}

static void test_makers_spell_as_notary(void)
{
	g_autoptr(GBytes) hello = g_bytes_new_static("hello\n", 6);
	g_autoptr(PvFileMeta) meta = pv_file_meta_new(hello);
	g_autoptr(PvDelegationChange) paths = pv_delegation_change_new();
	const char *const purged[] = { "abcd", NULL };
	PvChange *changes[7];

	g_ptr_array_add(paths->add_paths, g_strdup("a"));
	g_ptr_array_add(paths->add_paths, g_strdup("b"));
	changes[0] = pv_change_add_target("targets", "v1", meta);
	meta->sha512.size = 0;
	changes[1] = pv_change_add_target("targets/releases", "v4", meta);
	changes[2] = pv_change_delegation(PV_CHANGE_CREATE, "targets/q", paths);
	g_ptr_array_set_size(paths->add_paths, 0);
	g_ptr_array_add(paths->remove_paths, g_strdup("a"));
	changes[3] = pv_change_delegation(PV_CHANGE_UPDATE, "targets/q", paths);
	changes[4] = pv_change_purge_keys(purged);
	changes[5] = pv_change_remove_target("targets", "v9");
	changes[6] = pv_change_witness("targets");
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		assert_written(changes[i], written[i]);
		pv_change_free(changes[i]);
	}
}

static void test_odd_names(void)
{
	g_autoptr(PvChange) angle = pv_change_remove_target("targets", "we<i>&rd");
	g_autoptr(PvChange) control = pv_change_remove_target("targets", "a\001b");
	g_autoptr(GError) error = NULL;

	assert_written(angle, "{\"action\":\"delete\",\"role\":\"targets\",\"type\":\"target\","
			      "\"path\":\"we\\u003ci\\u003e\\u0026rd\",\"data\":null}");
	g_assert_null(pv_change_format(control, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		PvErrorCode code;
	} cases[] = {
		{ "", PV_ERROR_SYNTAX },
		{ "[]", PV_ERROR_SYNTAX },
		{ "{\"action\":\"move\",\"role\":\"targets\",\"type\":\"target\",\"path\":\"a\"}",
		  PV_ERROR_UNSUPPORTED },
		{ "{\"action\":\"create\",\"role\":\"targets\",\"type\":\"thing\",\"path\":\"a\"}",
		  PV_ERROR_UNSUPPORTED },
		{ "{\"action\":\"create\",\"Role\":\"targets\",\"type\":\"target\",\"path\":\"a\"}",
		  PV_ERROR_SYNTAX },
		{ "{\"action\":\"create\",\"role\":\"targets\",\"type\":\"target\",\"path\":\"a\","
		  "\"data\":\"A\"}",
		  PV_ERROR_SYNTAX },
		{ "{\"action\":\"create\",\"action\":\"create\",\"role\":\"targets\",\"type\":"
		  "\"target\",\"path\":\"a\"}",
		  PV_ERROR_SYNTAX },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(parse(cases[i].text, &error));
		g_assert_error(error, PV_ERROR, (int)cases[i].code);
	}
}

static void test_path_limit(void)
{
	for (gsize length = PV_TARGET_NAME_BYTES_MAX - 1; length <= PV_TARGET_NAME_BYTES_MAX + 1;
	     length++) {
		g_autofree char *name = g_strnfill(length, 'x');
		g_autoptr(PvChange) change = pv_change_remove_target("targets", name);
		g_autoptr(GBytes) text = pv_change_format(change, NULL);
		g_autoptr(GError) error = NULL;
		g_autoptr(PvChange) again = pv_change_parse(text, "test", &error);

		if (length > PV_TARGET_NAME_BYTES_MAX)
			g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
		else
			g_assert_nonnull(again);
	}
}

static void test_directory_keeps_order(void)
{
	g_autofree char *dir = g_dir_make_tmp("pavise-test-XXXXXX", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) some = g_ptr_array_new();
	g_autoptr(GPtrArray) all = NULL;

	for (guint i = 0; i < 20; i++) {
		g_autofree char *name = g_strdup_printf("v%u", i);
		g_autoptr(PvChange) change = pv_change_remove_target("targets", name);

		g_assert_true(pv_changelist_add(dir, GUN, change, &error));
	}
	all = pv_changelist_read(dir, GUN, &error);
	g_assert_cmpuint(all->len, ==, 20);
	for (guint i = 0; i < all->len; i++) {
		g_autofree char *name = g_strdup_printf("v%u", i);

		g_assert_cmpstr(((PvChange *)all->pdata[i])->path, ==, name);
	}
	g_ptr_array_add(some, all->pdata[3]);
	g_assert_true(pv_changelist_remove(dir, GUN, some, &error));
	g_assert_true(pv_changelist_remove(dir, GUN, some, &error)); /* gone already: fine */
	g_clear_pointer(&all, g_ptr_array_unref);
	all = pv_changelist_read(dir, GUN, &error);
	g_assert_cmpuint(all->len, ==, 19);
	g_assert_true(pv_file_remove_tree(dir, NULL));
}

static char *change_path(const char *dir, const char *name)
{
	g_autofree char *path = g_build_filename(dir, "tuf", GUN, "changelist", NULL);

	g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
	return g_build_filename(path, name, NULL);
}

static void test_file_limit(void)
{
	g_autofree char *dir = g_dir_make_tmp("pavise-test-XXXXXX", NULL);
	g_autofree char *path = change_path(dir, "1.change");

	for (gsize size = PV_CHANGE_BYTES_MAX - 1; size <= PV_CHANGE_BYTES_MAX + 1; size++) {
		g_autofree char *text = g_strnfill(size, ' ');
		g_autoptr(GError) error = NULL;
		int expected;

		g_assert_true(g_file_set_contents(path, text, (gssize)size, NULL));
		g_assert_null(pv_changelist_read(dir, GUN, &error));
		expected = size > PV_CHANGE_BYTES_MAX ? PV_ERROR_LIMIT : PV_ERROR_SYNTAX;
		g_assert_error(error, PV_ERROR, expected);
	}
	g_assert_true(pv_file_remove_tree(dir, NULL));
}

static void test_count_limit(void)
{
	g_autofree char *dir = g_dir_make_tmp("pavise-test-XXXXXX", NULL);

	for (guint i = 0; i <= PV_CHANGES_MAX; i++) {
		g_autofree char *name = g_strdup_printf("%020u.change", i);
		g_autofree char *path = change_path(dir, name);
		g_autoptr(GError) error = NULL;
		int expected;
		int fd = open(path, O_CREAT | O_WRONLY, 0600);

		g_assert_cmpint(fd, >=, 0);
		close(fd);
		if (i + 2 < PV_CHANGES_MAX)
			continue;
		/* An empty file is no change: that is what is found below the limit. */
		g_assert_null(pv_changelist_read(dir, GUN, &error));
		expected = i + 1 > PV_CHANGES_MAX ? PV_ERROR_LIMIT : PV_ERROR_SYNTAX;
		g_assert_error(error, PV_ERROR, expected);
	}
	g_assert_true(pv_file_remove_tree(dir, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/changelist/same-bytes", test_same_bytes);
	g_test_add_func("/changelist/makers", test_makers_spell_as_notary);
	g_test_add_func("/changelist/odd-names", test_odd_names);
	g_test_add_func("/changelist/refused", test_refused);
	g_test_add_func("/changelist/path-limit", test_path_limit);
	g_test_add_func("/changelist/directory", test_directory_keeps_order);
	g_test_add_func("/changelist/file-limit", test_file_limit);
	g_test_add_func("/changelist/count-limit", test_count_limit);
	return g_test_run();
}
