/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate/ledger.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

typedef struct {
	char *top, *file, *etc;
} Fixture;

static void set_up(Fixture *at, gconstpointer data)
{
	at->top = g_dir_make_tmp("pavise-ledger-XXXXXX", NULL);
	at->file = g_build_filename(at->top, "state", "ids.json", NULL);
	at->etc = g_build_filename(at->top, "etc", NULL);
	g_assert_cmpint(g_mkdir(at->etc, 0700), ==, 0);
}

static void tear_down(Fixture *at, gconstpointer data)
{
	g_assert_true(pv_file_remove_tree(at->top, NULL));
	g_free(at->top);
	g_free(at->file);
	g_free(at->etc);
}

static void put(const char *directory, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(directory, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Takes a range for a container whose directory is made first. */
static guint32 take(Fixture *at, const char *container)
{
	g_autofree char *path = g_build_filename(at->top, container, NULL);
	g_autoptr(GError) error = NULL;
	guint32 first = 0;

	g_mkdir(path, 0700);
	g_assert_true(pv_ledger_acquire(at->file, at->etc, container, path, &first, &error));
	g_assert_no_error(error);
	return first;
}

static void test_disjoint(Fixture *at, gconstpointer data)
{
	guint32 a = take(at, "a"), b = take(at, "b"), c;

	g_assert_cmpuint(a, ==, PV_ID_FIRST + PV_ID_RANGE_SIZE);
	g_assert_cmpuint(b, ==, a + PV_ID_RANGE_SIZE);
	/* A freed range is not the next one given. */
	g_assert_true(pv_ledger_release(at->file, "b", NULL));
	g_assert_true(pv_ledger_release(at->file, "never-had-one", NULL));
	c = take(at, "c");
	g_assert_cmpuint(c, ==, b + PV_ID_RANGE_SIZE);
}

static void test_twice(Fixture *at, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	guint32 first = 7;

	take(at, "a");
	g_assert_false(pv_ledger_acquire(at->file, at->etc, "a", at->top, &first, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_EXISTS);
	g_assert_cmpuint(first, ==, 7);
}

static void test_accounts(Fixture *at, gconstpointer data)
{
	/* Block 1 by a user, 2 by a group, 3 to 4 by subordinate users, 5 by groups. */
	put(at->etc, "passwd", "root:x:0:0::/:/bin/sh\nbig:x:1879113728:1::/:/bin/sh\nbad line\n");
	put(at->etc, "group", "root:x:0:\nbig:x:1879179300:\n");
	put(at->etc, "subuid", "u:100000:65536\nv:1879244800:131072\n");
	put(at->etc, "subgid", "v:1879375872:1\n");
	g_assert_cmpuint(take(at, "a"), ==, PV_ID_FIRST + 6 * PV_ID_RANGE_SIZE);
}

static void test_all_taken(Fixture *at, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	guint32 first;

	put(at->etc, "subuid", "everything:0:4294967295\n");
	g_assert_false(pv_ledger_acquire(at->file, at->etc, "a", at->top, &first, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_clear_error(&error);
	/* One is left: the last. Then none. */
	put(at->etc, "subuid", "v:1879048192:268238848\n");
	g_assert_cmpuint(take(at, "a"), ==, PV_ID_LAST + 1 - PV_ID_RANGE_SIZE);
	g_assert_false(pv_ledger_acquire(at->file, at->etc, "b", at->top, &first, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
}

static void test_gone(Fixture *at, gconstpointer data)
{
	g_autofree char *a = g_build_filename(at->top, "a", NULL);
	g_autofree char *text = NULL;

	take(at, "a");
	g_assert_cmpint(g_rmdir(a), ==, 0);
	take(at, "b");
	g_assert_true(g_file_get_contents(at->file, &text, NULL, NULL));
	g_assert_null(strstr(text, "\"a\""));
	g_assert_nonnull(strstr(text, "\"b\""));
}

static void test_damaged(Fixture *at, gconstpointer data)
{
	const char *texts[] = {
		"",
		"{}",
		"{\"version\":2,\"next\":1879113728,\"ranges\":[]}",
		"{\"version\":1,\"next\":5,\"ranges\":[]}",
		"{\"version\":1,\"next\":1879113728,\"ranges\":[{\"first\":1879113729,"
		"\"container\":\"x\",\"path\":\"/\"}]}",
		"{\"version\":1,\"next\":1879113728,\"ranges\":[{\"first\":1879113728,"
		"\"path\":\"/\"}]}",
	};
	guint32 first;

	take(at, "a");
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_true(g_file_set_contents(at->file, texts[i], -1, NULL));
		g_assert_false(pv_ledger_acquire(at->file, at->etc, "b", at->top, &first, &error));
		g_assert_error(error, PV_ERROR, PV_ERROR_SYNTAX);
	}
}

/* A ledger of PV_LEDGER_ENTRIES_MAX - 1 ranges takes one more; one of too many is refused. */
static void test_limit(Fixture *at, gconstpointer data)
{
	g_autoptr(json_t) root = json_pack("{s:i, s:I, s:[]}", "version", 1, "next",
					   (json_int_t)PV_ID_FIRST + PV_ID_RANGE_SIZE, "ranges");
	json_t *ranges = json_object_get(root, "ranges");
	g_autofree char *few = NULL, *many = NULL;
	g_autoptr(GError) error = NULL;
	guint32 first;

	take(at, "z");
	for (guint i = 1; i <= PV_LEDGER_ENTRIES_MAX + 1; i++) {
		g_autofree char *name = g_strdup_printf("c%u", i);
		guint block = MIN(i, (guint)PV_LEDGER_ENTRIES_MAX - 1);

		json_array_append_new(ranges,
				      json_pack("{s:I, s:s, s:s}", "first",
						(json_int_t)PV_ID_FIRST + block * PV_ID_RANGE_SIZE,
						"container", name, "path", at->top));
		if (i == PV_LEDGER_ENTRIES_MAX - 1)
			few = pv_json_text(root, FALSE);
	}
	many = pv_json_text(root, FALSE);
	g_assert_true(g_file_set_contents(at->file, few, -1, NULL));
	g_assert_cmpuint(take(at, "a"), ==, PV_ID_LAST + 1 - PV_ID_RANGE_SIZE);
	g_assert_false(pv_ledger_acquire(at->file, at->etc, "b", at->top, &first, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
	g_clear_error(&error);
	g_assert_true(g_file_set_contents(at->file, many, -1, NULL));
	g_assert_false(pv_ledger_acquire(at->file, at->etc, "b", at->top, &first, &error));
	g_assert_error(error, PV_ERROR, PV_ERROR_LIMIT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/isolate/ledger/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("disjoint", test_disjoint);
	ADD("twice", test_twice);
	ADD("accounts", test_accounts);
	ADD("all-taken", test_all_taken);
	ADD("gone", test_gone);
	ADD("damaged", test_damaged);
	ADD("limit", test_limit);
	return g_test_run();
}
