/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate/user.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "nonsense\n"
			     "app:x:1000:1000::/home/app:/bin/sh\n"
			     "far:x:65536:1::/:/bin/sh\n"
			     "odd:x:5:6::relative:/bin/sh";
static const char group[] =
	"root:x:0:\nstaff:x:50:app,root\nother:x:60:apple,ap\nfar:x:70000:app\n";

static gboolean resolve(const char *text, PvUser *user, GError **error)
{
	g_autoptr(GBytes) users = g_bytes_new_static(passwd, strlen(passwd));
	g_autoptr(GBytes) groups = g_bytes_new_static(group, strlen(group));

	return pv_user_resolve(text, users, groups, user, error);
}

static void test_good(void)
{
	static const struct {
		const char *text;
		guint32 uid, gid;
		guint groups;
		const char *home;
	} cases[] = {
		{ "", 0, 0, 1, "/root" },
		{ "root", 0, 0, 1, "/root" },
		{ "app", 1000, 1000, 1, "/home/app" },
		{ "1000", 1000, 1000, 1, "/home/app" },
		{ "app:staff", 1000, 50, 0, "/home/app" },
		{ "app:7", 1000, 7, 0, "/home/app" },
		{ "1234", 1234, 0, 0, "/" },
		{ "1234:staff", 1234, 50, 0, "/" },
		{ "odd", 5, 6, 0, "/" },
		{ "65535:65535", 65535, 65535, 0, "/" },
		{ ":staff", 0, 50, 0, "/root" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(PvUser) user = { 0 };
		g_autoptr(GError) error = NULL;

		resolve(cases[i].text, &user, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(user.uid, ==, cases[i].uid);
		g_assert_cmpuint(user.gid, ==, cases[i].gid);
		g_assert_cmpuint(user.groups->len, ==, cases[i].groups);
		g_assert_cmpstr(user.home, ==, cases[i].home);
	}
}

static void test_bad(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "nobody", "user 'nobody': the image's /etc/passwd has none of that name" },
		{ "app:nobody", "group 'nobody': the image's /etc/group has none of that name" },
		{ "far", "user 'far': id 65536, a container has the ids 0 to 65535" },
		{ "65536", "user '65536': id 65536, a container has the ids 0 to 65535" },
		{ "0:70000", "user '0:70000': id 70000, a container has the ids 0 to 65535" },
		{ "-1", "user '-1': the image's /etc/passwd has none of that name" },
		{ "0/../..", "user '0/../..': the image's /etc/passwd has none of that name" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(PvUser) user = { 0 };
		g_autoptr(GError) error = NULL;

		g_assert_false(resolve(cases[i].text, &user, &error));
		g_assert_cmpstr(error->message, ==, cases[i].message);
	}
}

/* An image without /etc/passwd, as "scratch" ones: numbers work. */
static void test_no_files(void)
{
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	g_auto(PvUser) user = { 0 }, other = { 0 };

	g_assert_true(pv_user_resolve("12:13", NULL, NULL, &user, NULL));
	g_assert_cmpuint(user.gid, ==, 13);
	g_assert_true(pv_user_resolve("", empty, empty, &other, NULL));
	g_assert_cmpuint(other.uid, ==, 0);
}

static void test_limit(void)
{
	g_autoptr(GString) groups = g_string_new(NULL);
	g_autoptr(GBytes) users = g_bytes_new_static(passwd, strlen(passwd));

	for (guint i = 0; i < PV_USER_GROUPS_MAX - 1; i++)
		g_string_append_printf(groups, "g%u:x:%u:app\n", i, i + 1);
	for (guint i = 0; i < 3; i++) {
		g_autoptr(GBytes) bytes = g_bytes_new(groups->str, groups->len);
		g_auto(PvUser) user = { 0 };

		g_assert_true(pv_user_resolve("app", users, bytes, &user, NULL));
		g_assert_cmpuint(user.groups->len, ==,
				 MIN(PV_USER_GROUPS_MAX - 1 + i, (guint)PV_USER_GROUPS_MAX));
		g_string_append(groups, "more:x:9:app\n");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/isolate/user/good", test_good);
	g_test_add_func("/isolate/user/bad", test_bad);
	g_test_add_func("/isolate/user/no-files", test_no_files);
	g_test_add_func("/isolate/user/limit", test_limit);
	return g_test_run();
}
