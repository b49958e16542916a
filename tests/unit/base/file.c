/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static char *scratch(void)
{
	g_autoptr(GError) error = NULL;
	char *path = g_dir_make_tmp("pavise-file-XXXXXX", &error);

	g_assert_no_error(error);
	return path;
}

static void test_replace(void)
{
	g_autofree char *directory = scratch();
	g_autofree char *path = g_build_filename(directory, "f", NULL);
	g_autoptr(GBytes) content = NULL;
	g_autoptr(GDir) listing = NULL;
	struct stat st;

	g_assert_true(pv_file_replace(path, "one", 3, 0600, NULL));
	g_assert_true(pv_file_replace(path, "two!", 4, 0640, NULL));
	content = pv_file_read(path, 4, NULL);
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "two!", 4);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 0640);

	listing = g_dir_open(directory, 0, NULL);
	g_assert_cmpstr(g_dir_read_name(listing), ==, "f");
	g_assert_null(g_dir_read_name(listing)); /* no temporary file is left */
	g_assert_true(pv_file_remove_tree(directory, NULL));
}

static void test_create_keeps(void)
{
	g_autofree char *directory = scratch();
	g_autofree char *path = g_build_filename(directory, "f", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) content = NULL;

	g_assert_true(pv_file_create(path, "one", 3, 0600, NULL));
	g_assert_false(pv_file_create(path, "two", 3, 0600, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_EXISTS);
	content = pv_file_read(path, 3, NULL);
	g_assert_cmpmem(g_bytes_get_data(content, NULL), g_bytes_get_size(content), "one", 3);
	g_assert_true(pv_file_remove_tree(directory, NULL));
}

static void test_limits(void)
{
	g_autofree char *directory = scratch();
	g_autofree char *path = g_build_filename(directory, "f", NULL);
	g_autofree char *fifo = g_build_filename(directory, "fifo", NULL);
	g_autoptr(GError) error = NULL;
	GBytes *content;

	g_assert_true(pv_file_replace(path, "12345", 5, 0600, NULL));
	content = pv_file_read(path, 6, NULL);
	g_assert_nonnull(content);
	g_bytes_unref(content);
	content = pv_file_read(path, 5, NULL);
	g_assert_nonnull(content);
	g_bytes_unref(content);
	g_assert_null(pv_file_read(path, 4, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_clear_error(&error);

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_null(pv_file_read(fifo, 5, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_IO);
	g_assert_true(pv_file_remove_tree(directory, NULL));
}

/* A link inside the tree to a directory outside is removed, not followed. */
static void test_remove_does_not_follow(void)
{
	g_autofree char *inside = scratch(), *outside = scratch();
	g_autofree char *link = g_build_filename(inside, "l", NULL);
	g_autofree char *kept = g_build_filename(outside, "kept", NULL);

	g_assert_true(pv_file_replace(kept, "x", 1, 0600, NULL));
	g_assert_cmpint(symlink(outside, link), ==, 0);
	g_assert_true(pv_file_remove_tree(inside, NULL));
	g_assert_false(g_file_test(inside, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
	g_assert_true(pv_file_remove_tree(outside, NULL));
	g_assert_true(pv_file_remove_tree(outside, NULL)); /* nothing there is fine */
}

static void test_try_lock(void)
{
	g_autofree char *directory = scratch();
	g_autofree char *path = g_build_filename(directory, "lock", NULL);
	g_autoptr(GError) error = NULL;
	int held = pv_file_lock(path, TRUE, NULL);
	int again;

	g_assert_cmpint(held, >=, 0);
	g_assert_cmpint(pv_file_try_lock(path, &error), ==, -1);
	g_assert_error(error, PV_ERROR, PV_ERROR_CONFLICT);
	close(held);
	again = pv_file_try_lock(path, NULL);
	g_assert_cmpint(again, >=, 0);
	close(again);
	g_assert_true(pv_file_remove_tree(directory, NULL));
}

static void test_beside(void)
{
	static const char *const cases[][3] = {
		{ "/etc/pavise/service.yaml", "data", "/etc/pavise/data" },
		{ "/etc/pavise/service.yaml", "/srv/data", "/srv/data" },
		{ "service.yaml", "tls/key", "./tls/key" }
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path = pv_file_beside(cases[i][0], g_strdup(cases[i][1]));

		g_assert_cmpstr(path, ==, cases[i][2]);
	}
	g_assert_null(pv_file_beside("/etc/pavise/service.yaml", NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/file/replace", test_replace);
	g_test_add_func("/base/file/create-keeps", test_create_keeps);
	g_test_add_func("/base/file/limits", test_limits);
	g_test_add_func("/base/file/remove-does-not-follow", test_remove_does_not_follow);
	g_test_add_func("/base/file/try-lock", test_try_lock);
	g_test_add_func("/base/file/beside", test_beside);
	return g_test_run();
}
